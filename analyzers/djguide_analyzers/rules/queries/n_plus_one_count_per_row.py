"""A loop counts related rows, or sums them up, with one query per row."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.annotating import count_fix
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.repeated import Round, hit, rounds
from djguide_analyzers.trace.tracer import Trace

RULE = Rule(
    summary="A loop counts related rows with one query per row",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)


def check_trace(file: FileContext, trace: Trace) -> Iterator[Hit]:
    for found in rounds(file, trace, "count"):
        yield hit(found, _what(found), count_fix(found))


def _what(found: Round) -> str:
    verb = {"aggregate": "aggregates", "len": "loads, to count them,"}.get(found.item.operation, "counts")
    if not found.path:
        return f"{verb} rows of {found.model} with a query of its own"
    return f"{verb} the rows of `{'.'.join(found.path)}` with a query of its own"
