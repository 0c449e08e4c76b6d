"""An admin action with coupled writes: the admin opens no transaction for actions."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.unprotected import hit, unprotected

RULE = Rule(
    summary="An admin action with writes that belong together runs outside of a transaction",
    severity=Severity.INFO,
    safety=Safety.SAFE,
)


def check(file: FileContext) -> Iterator[Hit]:
    for found in unprotected(file):
        if found.role == "admin action":
            yield hit(file, found, safety=Safety.SAFE)
