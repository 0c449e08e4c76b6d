"""A loop reads a column that its queryset left out."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.n_plus_one import hits
from djguide_analyzers.trace.tracer import Trace

RULE = Rule(
    summary="A loop fetches a column that `only()` or `defer()` left out once per row",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)


def check_trace(file: FileContext, trace: Trace) -> Iterator[Hit]:
    return hits(file, trace, lambda miss: miss.kind == "deferred" and miss.reader in ("loop", "helper"))
