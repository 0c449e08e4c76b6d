"""``select_for_update()`` in a query that takes no lock."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Severity
from djguide_analyzers.rules.locking import DROPS_LOCK, combining, lock_of, locked_runs
from djguide_analyzers.trace.values import QuerySetValue

RULE = Rule(
    summary="`select_for_update()` in a query that takes no lock",
    severity=Severity.WARNING,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    if scope.function is None:
        return
    runs = list(locked_runs(file, scope))
    locking = {run.lock.site for run in runs if run.operation not in DROPS_LOCK}
    for run in runs:
        combined = combining(run.query, after_lock=False)
        dropped = run.operation in DROPS_LOCK and run.lock.site not in locking
        if run.own and (dropped or combined is not None):
            yield Hit(
                file.place(run.body.code, run.node),
                f"`{combined or run.operation}()` leaves the lock out: no row is locked",
            )
    yield from _unused(file, scope)


def _unused(file: FileContext, scope: Scope) -> Iterator[Hit]:
    """Locking querysets that are bound to a name which nobody reads."""
    assert scope.function is not None
    stored: set[int] = set()
    for node, _ in scope.nodes(ir.Assign):
        stored.update(id(target) for target in node.targets)
    read = {node.id for node, _ in scope.nodes(ir.Name) if id(node) not in stored}
    for node, code in scope.nodes(ir.Assign):
        value = scope.value(code, node.value) if node.value is not None else None
        if len(node.targets) != 1 or not isinstance(value, QuerySetValue) or node.value is None:
            continue
        lock, target = lock_of(value.query), node.targets[0]
        if lock is None or lock.site.code != code or not isinstance(target, ir.Name):
            continue
        if target.id not in read and not _is_global(scope, target.id):
            yield Hit(
                file.place(code, node.value),
                f"`{target.id}` is never evaluated: without a query no row is locked",
            )


def _is_global(scope: Scope, name: str) -> bool:
    return any(name in node.names for node, _ in scope.nodes(ir.Scope))
