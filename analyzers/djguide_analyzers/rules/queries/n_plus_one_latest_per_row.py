"""A loop fetches the newest, oldest or first related row of each row."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.repeated import Round, hit, rounds
from djguide_analyzers.trace.tracer import Trace

RULE = Rule(
    summary="A loop fetches one newest, oldest or first related row per row",
    severity=Severity.WARNING,
    safety=Safety.MANUAL,
)


def check_trace(file: FileContext, trace: Trace) -> Iterator[Hit]:
    for found in rounds(file, trace, "latest"):
        of = f"of `{'.'.join(found.path)}`" if found.path else f"row of {found.model}"
        what = f"fetches one {of} with a query of its own"
        yield hit(found, what, (Fix(_title(found), Safety.MANUAL),))


def _title(found: Round) -> str:
    if not found.over_rows:
        return f"Fetch those rows of {found.model} for all rounds with one query before the loop"
    if not found.path:
        return (
            f"Annotate the rows with Subquery({found.model}.objects.filter(…=OuterRef(…)).order_by(…)"
            '.values("…")[:1])'
        )
    path = "__".join(found.path)
    return (
        f'Load with Prefetch("{path}", queryset={found.model}.objects.order_by(…)[:1], to_attr="…"), '
        "or annotate a single column with Subquery(…)"
    )
