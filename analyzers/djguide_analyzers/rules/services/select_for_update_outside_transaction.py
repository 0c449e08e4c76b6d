"""A locking queryset runs where no transaction is open."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.atomicity import regions_of
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.callers import callers_of
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Related, Safety, Severity
from djguide_analyzers.rules.locking import DROPS_LOCK, LockedRun, locked_runs
from djguide_analyzers.rules.wrapping import in_transaction

RULE = Rule(
    summary="`select_for_update()` runs outside of a transaction",
    severity=Severity.ERROR,
    safety=Safety.REVIEW,
)

_OWN_TRANSACTION = frozenset({"get_or_create", "update_or_create", "create", "bulk_create"})


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    seen: set[int] = set()
    for run in locked_runs(file, scope):
        if run.operation in DROPS_LOCK | _OWN_TRANSACTION or run.node.at in seen:
            continue
        seen.add(run.node.at)
        yield from _judged(file, run)


def _judged(file: FileContext, run: LockedRun) -> Iterator[Hit]:
    regions = regions_of(file.project, run.body.info)
    if regions.at(run.node) or regions.is_deferred(run.node) or run.body.info.parent is not None:
        return
    coverage = callers_of(file).coverage(run.body.info)
    if coverage.answer not in ("none", "some"):
        return
    some = coverage.answer == "some"
    calls = coverage.unprotected[:3] if some else []
    related = [Related("called without a transaction", file.place(call.code, call.node)) for call in calls]
    if not run.own:
        related.append(Related("the rows are locked here", file.place_of(run.lock.site)))
    last = run.body.statements[-1]
    yield Hit(
        file.place(run.body.code, run.node),
        "`select_for_update()` runs where no transaction is open"
        + (" for some callers" if some else "")
        + ": a TransactionManagementError on databases that lock, and nothing at all on SQLite",
        related=tuple(related),
        fixes=(in_transaction(file, run.body, run.node, last),),
    )
