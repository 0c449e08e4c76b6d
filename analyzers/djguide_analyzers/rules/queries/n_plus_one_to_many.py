"""A loop lists a to-many relation that its queryset did not prefetch."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.n_plus_one import hits
from djguide_analyzers.rules.repeated import Round, hit, rounds
from djguide_analyzers.trace.tracer import Trace

RULE = Rule(
    summary="A loop runs one query per row for a to-many relation instead of prefetching it",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)


def check_trace(file: FileContext, trace: Trace) -> Iterator[Hit]:
    yield from hits(file, trace, lambda miss: miss.reader == "loop" and miss.kind == "to_many")
    for found in rounds(file, trace, "list"):
        what = f"lists some rows of `{'.'.join(found.path)}`, or lists them in another way, with a query of its own"
        yield hit(found, what, (Fix(_title(found), Safety.MANUAL),))


def _title(found: Round) -> str:
    path = "__".join(found.path)
    return (
        f'Load with Prefetch("{path}", queryset={found.model}.objects.…, to_attr="…") and read that attribute'
    )
