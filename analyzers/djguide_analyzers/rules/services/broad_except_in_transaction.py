"""All errors are caught inside a transaction, and it goes on."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Related, Safety, Severity
from djguide_analyzers.rules.savepoints import in_savepoint, swallowed

RULE = Rule(
    summary="All errors are caught inside a transaction, which goes on half done",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    for found in swallowed(file, scope):
        if found.broad:
            opened = Related(
                "the transaction is opened here", file.place(found.atomic.code, found.atomic.node)
            )
            yield Hit(
                file.place(found.body.code, found.place),
                "Whatever goes wrong, the transaction goes on: after an error of the database it is broken, after "
                "any other one what was half done is committed",
                related=(opened,),
                fixes=(in_savepoint(file, found, Safety.REVIEW),),
            )
