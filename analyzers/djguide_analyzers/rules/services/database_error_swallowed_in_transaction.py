"""A database error is caught inside a transaction, which it has broken."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Related, Safety, Severity
from djguide_analyzers.rules.savepoints import Swallowed, in_savepoint, swallowed

RULE = Rule(
    summary="A database error is caught inside the transaction that it has broken",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    for found in swallowed(file, scope):
        if not found.broad:
            yield _hit(file, found)


def _hit(file: FileContext, found: Swallowed) -> Hit:
    opened = Related("the transaction is opened here", file.place(found.atomic.code, found.atomic.node))
    return Hit(
        file.place(found.body.code, found.place),
        "The error has broken the transaction: the next query raises a TransactionManagementError, and if there is "
        "none, everything in the transaction is rolled back without a word",
        related=(opened,),
        fixes=(in_savepoint(file, found),),
    )
