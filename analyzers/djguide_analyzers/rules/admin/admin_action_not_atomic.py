"""An admin action with coupled writes: the admin opens no transaction for actions."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.unprotected import hit, unprotected

RULE = Rule(
    summary="An admin action with writes that belong together runs outside of a transaction",
    severity=Severity.INFO,
    safety=Safety.SAFE,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    found = unprotected(file, scope)
    if found is not None and found.role == "admin action":
        yield hit(file, found, safety=Safety.SAFE)
