"""A migration builds an index while nobody can write to the table."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import import_name, replace
from djguide_analyzers.rules.fields import is_literal_true
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.migration_files import (
    argument,
    is_atomic,
    migration_class,
    operations,
    without_transaction,
)
from djguide_analyzers.rules.table_changes import TableChange, field_class, table_changes
from djguide_analyzers.source.edits import Edit

RULE = Rule(
    summary="A migration builds an index on a table in use, and nobody can write to it meanwhile",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)

_TOGETHER = frozenset({"AddIndex", "AddIndexConcurrently", "RemoveIndexConcurrently"})
"""Operations that can be repeated one by one when a migration without a transaction fails half-way."""
_CONCURRENTLY = "Build it with `AddIndexConcurrently`, outside of a transaction"
_APART = "Build it with `AddIndexConcurrently`, in a migration of its own with `atomic = False`"


def check(file: FileContext) -> Iterator[Hit]:
    for change in table_changes(file):
        if change.name == "AddIndex":
            message = "PostgreSQL lets nobody write to the table until the index over all its rows is built"
            yield Hit(file.place(change.code, change.node), message, fixes=(_fix(file, change),))
        elif change.name == "AddField" and _is_indexed(file, change):
            yield Hit(
                file.place(change.code, change.node),
                "The index comes with the column, and nobody reads or writes the table until it is built",
                fixes=(Fix(f"Leave out `db_index=True`. {_APART}", Safety.MANUAL),),
            )


def _is_indexed(file: FileContext, change: TableChange) -> bool:
    field = argument(change.node, 2, "field")
    if field_class(file, change.code, field) is None or not isinstance(field, ir.Call):
        return False
    return is_literal_true(field.keyword("db_index"))


def _fix(file: FileContext, change: TableChange) -> Fix:
    """Build the index concurrently; advice where the migration does more."""
    cls = migration_class(file.project, file.module)
    if cls is None or any(name not in _TOGETHER for name, _, _ in operations(file)):
        return Fix(_APART, Safety.MANUAL)
    imported = import_name(file, "django.contrib.postgres.operations", "AddIndexConcurrently")
    atomic: list[Edit] = []
    if is_atomic(file, cls):
        edit = without_transaction(file, cls) if cls.member("atomic") is None else None
        if edit is None:
            return Fix(_APART, Safety.MANUAL)
        atomic = [edit]
    if imported is None:
        return Fix(_APART, Safety.MANUAL)
    spelled, edits = imported
    return Fix(
        _CONCURRENTLY,
        Safety.REVIEW,
        (replace(file, change.code.range(change.node.func), spelled), *edits, *atomic),
    )
