"""A migration adds a constraint to a table in use and checks all its rows at once."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.migration_files import argument
from djguide_analyzers.rules.table_changes import TableChange, constraint_class, field_class, table_changes

RULE = Rule(
    summary="A migration checks all rows of a table in use for a new constraint while it is locked",
    severity=Severity.INFO,
    safety=Safety.MANUAL,
)

_KEYS = frozenset({"ForeignKey", "OneToOneField"})


def check(file: FileContext) -> Iterator[Hit]:
    for change in table_changes(file):
        if constraint_class(file, change) == "CheckConstraint":
            yield Hit(
                file.place(change.code, change.node),
                "PostgreSQL checks all rows while nobody can read or write the table",
                fixes=(
                    Fix(
                        "Add it with `AddConstraintNotValid`, and check the rows with `ValidateConstraint` in a "
                        "migration of its own",
                        Safety.MANUAL,
                    ),
                ),
            )
        elif _is_filled_key(file, change):
            yield Hit(
                file.place(change.code, change.node),
                "The key is filled with a default, which is checked for all rows while nobody can read or write "
                "the table",
                fixes=(Fix("Add it with `null=True`, and fill it in a migration of its own", Safety.MANUAL),),
            )


def _is_filled_key(file: FileContext, change: TableChange) -> bool:
    """Whether a foreign key is added with a value for the rows that are there."""
    field = argument(change.node, 2, "field") if change.name == "AddField" else None
    if field_class(file, change.code, field) not in _KEYS or not isinstance(field, ir.Call):
        return False
    default, constrained = field.keyword("default"), field.keyword("db_constraint")
    if default is None or (isinstance(default, ir.Const) and default.value is None):
        return False
    return constrained is None
