"""Something that a loop calls follows a relation which the loop's queryset did not load."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.n_plus_one import hits
from djguide_analyzers.trace.tracer import Trace

RULE = Rule(
    summary="A function, property or `__str__` that a loop calls loads a relation once per row",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)


def check_trace(file: FileContext, trace: Trace) -> Iterator[Hit]:
    return hits(file, trace, lambda miss: miss.reader == "helper" and miss.kind != "deferred")
