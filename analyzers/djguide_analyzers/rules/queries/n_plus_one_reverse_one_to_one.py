"""A loop reads the far side of a one-to-one field that its queryset did not join."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.n_plus_one import hits
from djguide_analyzers.trace.tracer import Trace

RULE = Rule(
    summary="A loop loads the far side of a one-to-one relation once per row instead of joining it",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)


def check_trace(file: FileContext, trace: Trace) -> Iterator[Hit]:
    return hits(file, trace, lambda miss: miss.reader == "loop" and miss.kind == "reverse_o2o")
