"""A loop lists a to-many relation that its queryset did not prefetch."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.n_plus_one import hits
from djguide_analyzers.trace.missing import Miss

RULE = Rule(
    summary="A loop runs one query per row for a to-many relation instead of prefetching it",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)


def check(file: FileContext) -> Iterator[Hit]:
    return hits(file, _lists_children)


def _lists_children(miss: Miss) -> bool:
    return miss.kind == "to_many"
