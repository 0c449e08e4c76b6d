"""A migration adds a column that must have a value, which the running version of the code does not give."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.fields import has_stars, is_literal
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.migration_files import argument
from djguide_analyzers.rules.table_changes import TableChange, field_class, table_changes

RULE = Rule(
    summary="A migration adds a column without NULL that the database has no default for",
    severity=Severity.INFO,
    safety=Safety.MANUAL,
)

_NO_COLUMN = frozenset({"ManyToManyField", "GeneratedField"})
_ADVICE = (
    "Give it a `db_default` (Django 5.0), or add it with `null=True` and demand a value in a later release"
)
_NUMBERED = ("AutoField",)


def check(file: FileContext) -> Iterator[Hit]:
    for change in table_changes(file):
        if change.name == "AddField" and _is_demanded(file, change):
            yield Hit(
                file.place(change.code, change.node),
                "Django drops the default once the column is there: until the new code runs everywhere, the old "
                "code, which does not know the column, cannot insert rows",
                fixes=(Fix(_ADVICE, Safety.MANUAL),),
            )


def _is_demanded(file: FileContext, change: TableChange) -> bool:
    """Whether every row needs a value that only the code gives."""
    field = argument(change.node, 2, "field")
    kind = field_class(file, change.code, field)
    if kind is None or kind in _NO_COLUMN or kind.endswith(_NUMBERED) or not isinstance(field, ir.Call):
        return False
    if has_stars(field) or any(field.keyword(name) is not None for name in ("db_default", "primary_key")):
        return False
    null = field.keyword("null")
    return null is None or is_literal(null, False)
