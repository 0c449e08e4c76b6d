"""A locking query has a shape in which PostgreSQL cannot lock rows."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.bodies import Body
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Severity
from djguide_analyzers.rules.locking import DROPS_LOCK, LockedRun, combining, is_postgresql, locked_runs

RULE = Rule(
    summary="`select_for_update()` with `distinct()`, an aggregate or a combined query, which PostgreSQL refuses",
    severity=Severity.ERROR,
)

_AGGREGATE = "django.db.models.aggregates.Aggregate"


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if not is_postgresql(file.project):
        return
    seen: set[object] = set()
    for run in locked_runs(file, scope):
        if run.operation in DROPS_LOCK or run.lock.site in seen:
            continue
        reason = _reason(file, run)
        if reason is not None:
            seen.add(run.lock.site)
            yield Hit(file.place(run.body.code, run.node), reason)


def _reason(file: FileContext, run: LockedRun) -> str | None:
    combined = combining(run.query, after_lock=True)
    if combined is not None:
        return f"PostgreSQL refuses to lock rows of a query with `{combined}()`: it fails each time"
    if run.query.distinct and not _undone(run):
        return "PostgreSQL refuses to lock rows of a query with `distinct()`: it fails each time"
    for link in run.query.chain:
        if link.name == "annotate" and link.site.code == run.body.code and _aggregates(run.body, link.node):
            return "PostgreSQL refuses to lock rows of a query that is grouped for an aggregate: it fails each time"
    return None


def _undone(run: LockedRun) -> bool:
    """Whether the rows are only picked by a query of their own, in which nothing is locked."""
    return run.query.shape != "instances" and run.operation == "in"


def _aggregates(body: Body, node: ir.Call) -> bool:
    """Whether an aggregate over other rows is among what a query is annotated with."""
    values = [*node.args, *(keyword.value for keyword in node.keywords)]
    return any(_is_aggregate(body, value) for value in values)


def _is_aggregate(body: Body, node: ir.Expr) -> bool:
    for part in walk(node):
        if isinstance(part, ir.Call):
            symbol = body.names.symbol(body.code, part.func)
            if isinstance(symbol, ClassInfo):
                if symbol.name in ("Subquery", "Exists", "Window"):
                    return False
                if body.project.resolver.is_subclass(symbol, _AGGREGATE):
                    return True
    return False
