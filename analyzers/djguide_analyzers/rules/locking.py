"""Querysets that lock their rows with ``select_for_update()``, and where they run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.atomicity import regions_of
from djguide_analyzers.rules.bodies import Body
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.trace.events import QueryRun, Write
from djguide_analyzers.trace.values import Link, Query, QuerySetValue

LOCK = "select_for_update"
DROPS_LOCK = frozenset({"count", "aggregate", "update", "delete", "explain"})
"""Operations that run without the lock, and without an error."""
_COMBINING = frozenset({"union", "intersection", "difference"})
_ENGINES = ("postgresql", "postgresql_psycopg2", "postgis", "cockroachdb")


@dataclass(frozen=True, slots=True)
class LockedRun:
    """A locking queryset that a function runs at `node` of its own, by `operation`.

    `lock` is the call of ``select_for_update()``; `own` whether it stands in the same function.
    """

    body: Body
    node: ir.Node
    operation: str
    query: Query
    lock: Link
    own: bool


def locked_runs(file: FileContext, scope: Scope) -> Iterator[LockedRun]:
    """The locking querysets that run in a function, those built by functions that it calls included."""
    info = scope.function
    if info is None or not any(_is_locked(event) for event in scope.trace.events):
        return
    body = regions_of(file.project, info).body
    for event in scope.trace.events:
        query, operation = _run(event)
        lock = lock_of(query) if query is not None else None
        if query is None or lock is None or not isinstance(event, (QueryRun, Write)):
            continue
        own = lock.site.code == body.code
        if event.context.stack:
            # What a called function both builds and runs is its own affair.
            site = event.context.stack[0].site
            if lock.site.code == event.site.code:
                continue
        else:
            site = event.site
        node = body.nodes.get(site.at) if site.code == body.code else None
        if node is not None and not (own and _is_conditional(body, lock.node, node)):
            yield LockedRun(body, node, operation, query, lock, own)


def _is_locked(event: object) -> bool:
    query, _ = _run(event)
    return query is not None and query.locked


def _run(event: object) -> tuple[Query | None, str]:
    if isinstance(event, QueryRun) and not event.cached:
        return event.query, event.operation
    if isinstance(event, Write) and isinstance(event.receiver, QuerySetValue):
        return event.receiver.query, event.operation
    return None, ""


def lock_of(query: Query) -> Link | None:
    """The last ``select_for_update()`` of a chain; None when it is not locked, or nobody sees where."""
    if not query.locked:
        return None
    return next((link for link in reversed(query.chain) if link.name == LOCK), None)


def combining(query: Query, *, after_lock: bool) -> str | None:
    """The ``union()`` or its like that a locked query goes through, before or after it is locked."""
    names = [link.name for link in query.chain]
    lock = len(names) - 1 - names[::-1].index(LOCK) if LOCK in names else 0
    part = names[lock:] if after_lock else names[:lock]
    return next((name for name in part if name in _COMBINING), None)


def _is_conditional(body: Body, lock: ir.Node, run: ir.Node) -> bool:
    """Whether the queryset is locked only sometimes when it runs."""
    for node in body.nodes.values():
        if isinstance(node, (ir.If, ir.IfExp)):
            inside = {part.at for part in walk(node)}
            if lock.at in inside and run.at not in inside:
                return True
    return False


def is_postgresql(project: Project) -> bool:
    """Whether the project's default database is known to be PostgreSQL."""
    return project.once(_engine) in _ENGINES


def is_postgresql_itself(project: Project) -> bool:
    """The same, other databases that speak its language left out: they change tables in ways of their own."""
    return project.once(_engine) in _ENGINES[:-1]


def may_be_postgresql(project: Project) -> bool:
    """Whether the project's default database is not known to be another one."""
    return project.once(_engine) in (None, *_ENGINES)


def _engine(project: Project) -> str | None:
    engine = project.settings.get("DATABASES").item("default").item("ENGINE").likely
    return engine.rpartition(".")[2] if isinstance(engine, str) else None
