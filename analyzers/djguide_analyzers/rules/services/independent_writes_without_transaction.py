"""Several writes of one function outside of any transaction, whether or not they belong together."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.unprotected import hit, unprotected

RULE = Rule(
    summary="A function writes several times outside of a transaction",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
    default=False,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    found = unprotected(file, scope)
    if found is not None and found.role == "unrelated":
        yield hit(file, found)
