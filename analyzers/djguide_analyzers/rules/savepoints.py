"""Errors that are caught inside a transaction without a savepoint to go back to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.rules.atomicity import COMPUTED, Atomic, Regions, regions_of
from djguide_analyzers.rules.bodies import Body
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.finding import Fix, Safety
from djguide_analyzers.rules.loop_writes import is_seeding
from djguide_analyzers.rules.wrapping import atomic_name, under
from djguide_analyzers.rules.write_units import Unit, units
from djguide_analyzers.trace.events import QueryRun

_ERRORS = frozenset(
    {"IntegrityError", "DatabaseError", "DataError", "OperationalError", "InternalError", "ProgrammingError",
     "NotSupportedError", "Error"}
)  # fmt: skip
_BROAD = frozenset({"builtins.Exception", "builtins.BaseException"})
_OWN_SAVEPOINT = frozenset({"get_or_create", "update_or_create"})
_ROLLBACKS = frozenset(
    {f"django.db.transaction.{name}" for name in ("set_rollback", "rollback", "savepoint_rollback")}
)


@dataclass(frozen=True, slots=True)
class Swallowed:
    """Statements under `tried` whose database error is caught at `place` inside the transaction `atomic`.

    `manager` is ``suppress(...)`` where that catches it. `broad` tells handlers that catch all errors.
    """

    body: Body
    tried: list[ir.Stmt]
    place: ir.Node
    atomic: Atomic
    broad: bool
    manager: ir.Expr | None = None


def swallowed(file: FileContext, scope: Scope) -> list[Swallowed]:
    """Database errors that are caught in the middle of a transaction of a function, after which it goes on."""
    if scope.function is None or not (scope.nodes(ir.Try) or scope.nodes(ir.With)):
        return []
    if file.is_test or is_seeding(file):
        return []
    regions = regions_of(file.project, scope.function)

    def found() -> list[Swallowed]:
        return [each for each in _caught(regions) if _matters(file, scope, regions, each)]

    return file.during_check((swallowed, scope), found)


def _caught(regions: Regions) -> Iterator[Swallowed]:
    """What catches database errors in a transaction of the same function."""
    body = regions.body
    for node in body.nodes.values():
        opened = [atomic for atomic in regions.at(node) if atomic.certain]
        if not opened:
            continue
        if isinstance(node, ir.Try):
            for handler in node.handlers:
                kind = _kind(body, handler.type)
                if kind is not None:
                    if not _gives_up(body, handler):
                        yield Swallowed(body, node.body, handler, opened[-1], kind == "broad")
                    break
        elif isinstance(node, ir.With):
            for item in node.items:
                kind = _suppressed(body, item.context)
                if kind is not None:
                    yield Swallowed(body, node.body, node, opened[-1], kind == "broad", item.context)


def _kind(body: Body, node: ir.Expr | None) -> str | None:
    """Whether a handler catches database errors, or all errors."""
    listed = node.items if isinstance(node, ir.Display) else [node]
    names = {"builtins.Exception" if each is None else body.names.dotted(body.code, each) for each in listed}
    if any(name is not None and _is_error(name) for name in names):
        return "database"
    return "broad" if names & _BROAD else None


def _is_error(dotted: str) -> bool:
    module, _, name = dotted.rpartition(".")
    return name in _ERRORS and module in (
        "django.db",
        "django.db.utils",
        "psycopg2",
        "psycopg",
        "psycopg2.errors",
    )


def _suppressed(body: Body, node: ir.Expr) -> str | None:
    if not isinstance(node, ir.Call) or body.names.dotted(body.code, node.func) != "contextlib.suppress":
        return None
    kinds = {_kind(body, arg) for arg in node.args}
    return "database" if "database" in kinds else "broad" if "broad" in kinds else None


def _gives_up(body: Body, handler: ir.Handler) -> bool:
    """Whether a handler raises, or takes the transaction back itself."""
    for node in walk(handler.body):
        if isinstance(node, ir.Call) and body.names.called(body.code, node) in _ROLLBACKS:
            return True
    return _raises(handler.body)


def _raises(block: list[ir.Stmt]) -> bool:
    """Whether every way through a block ends in an error."""
    for node in block:
        match node:
            case ir.Raise():
                return True
            case ir.If(body=body, orelse=orelse) if _raises(body) and _raises(orelse):
                return True
            case ir.With(body=body) if _raises(body):
                return True
            case _:
                pass
    return False


def _matters(file: FileContext, scope: Scope, regions: Regions, found: Swallowed) -> bool:
    """Whether the statements can break the transaction, and something else in it is lost or comes behind."""
    written = units(file, scope) if scope.function and scope.function.parent is None else []
    tried = {part.at for part in walk(found.tried)}
    breaking = [unit for unit in written if unit.node.at in tried and _breaks(regions, found, unit)]
    if not breaking:
        return False
    if _in_loop(regions, found):
        return True
    here = [unit for unit in written if found.atomic in regions.at(unit.node)]
    if any(unit.node.at not in tried for unit in here):
        return True
    start = max(tried)
    return any(
        isinstance(event, QueryRun)
        and not event.context.stack
        and event.site.code == found.body.code
        and event.site.at > start
        and found.atomic in regions.at(event.site.at)
        for event in scope.trace.events
    )


def _breaks(regions: Regions, found: Swallowed, unit: Unit) -> bool:
    """Whether an error of a write reaches the handler without a savepoint in between."""
    if unit.operation in _OWN_SAVEPOINT or unit.inside is not None:
        return False
    around = regions.at(unit.node)
    if found.atomic not in around:
        return False
    return around.index(found.atomic) == len(around) - 1


def _in_loop(regions: Regions, found: Swallowed) -> bool:
    """Whether a loop inside the transaction comes to the same place again."""
    for node in regions.body.nodes.values():
        if isinstance(node, (ir.For, ir.While)) and found.atomic in regions.at(node):
            own = any(part is found.place for part in walk(node.body))
            if own and not _leaves_loop(found):
                return True
    return False


def _leaves_loop(found: Swallowed) -> bool:
    last = found.place.body[-1] if isinstance(found.place, ir.Handler) else None
    return isinstance(last, ir.Return) or (isinstance(last, ir.Jump) and last.kind == "break")


def in_savepoint(file: FileContext, found: Swallowed, safety: Safety = Safety.SAFE) -> Fix:
    """Put the statements into a savepoint of their own."""
    title = "Give the statements a savepoint of their own"
    atomic = atomic_name(file)
    using = found.atomic.using
    if atomic is None or using == COMPUTED:
        return Fix(title, Safety.MANUAL)
    call = f'{atomic[0]}("{using}")' if using is not None else f"{atomic[0]}()"
    if found.manager is not None:
        edit = insert(file, found.body.code.range(found.manager).end, f", {call}")
        return Fix(title, safety, (edit, *atomic[1]))
    edits = under(file, found.body, found.tried, f"with {call}:")
    if edits is None:
        return Fix(title, Safety.MANUAL)
    return Fix(title, safety, (*edits, *atomic[1]))
