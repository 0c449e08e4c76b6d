"""Writes that only make sense together, outside of any transaction."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.unprotected import hit, unprotected

RULE = Rule(
    summary="Writes that only make sense together run outside of a transaction",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    found = unprotected(file, scope)
    if found is not None and found.role is None:
        yield hit(file, found)
