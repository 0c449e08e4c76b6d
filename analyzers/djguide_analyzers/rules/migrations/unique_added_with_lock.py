"""A migration makes columns of a table in use unique."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.table_changes import constraint_class, table_changes

RULE = Rule(
    summary="A migration adds a unique constraint to a table in use, which is locked meanwhile",
    severity=Severity.INFO,
    safety=Safety.MANUAL,
)

_ADVICE = (
    "Build the index with `CREATE UNIQUE INDEX CONCURRENTLY` in a migration with `atomic = False`, then give the "
    "constraint to Django with `SeparateDatabaseAndState`"
)


def check(file: FileContext) -> Iterator[Hit]:
    for change in table_changes(file):
        if constraint_class(file, change) != "UniqueConstraint":
            continue
        yield Hit(
            file.place(change.code, change.node),
            "PostgreSQL reads the whole table to build the index of this constraint, and nobody can write to it "
            "meanwhile",
            fixes=(Fix(_ADVICE, Safety.MANUAL),),
        )
