"""The choices of a select are labelled with a relation that its queryset does not load."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.admin_choice_labels import hits
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Safety, Severity

RULE = Rule(
    summary="The label of each choice of a select runs a query",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)


def check(file: FileContext) -> Iterator[Hit]:
    return hits(file)
