"""A serializer's ``create()`` or ``update()`` writes several times outside of a transaction."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.places import name_place
from djguide_analyzers.rules.unprotected import hit, unprotected

RULE = Rule(
    summary="A serializer's `create()` or `update()` writes several times outside of a transaction",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)


def check(file: FileContext) -> Iterator[Hit]:
    for found in unprotected(file):
        if found.role == "serializer":
            info = found.body.info
            yield hit(file, found, name_place(file, info.code, info.node), Safety.SAFE)
