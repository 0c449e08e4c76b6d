"""A serializer's ``create()`` or ``update()`` writes several times outside of a transaction."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.places import name_place
from djguide_analyzers.rules.unprotected import hit, unprotected

RULE = Rule(
    summary="A serializer's `create()` or `update()` writes several times outside of a transaction",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    found = unprotected(file, scope)
    if found is not None and found.role == "serializer":
        info = found.body.info
        yield hit(file, found, name_place(file, info.code, info.node), Safety.SAFE)
