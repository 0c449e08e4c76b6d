"""A migration adds a unique column whose default is computed: all rows that are there get the same value."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.fields import is_literal_true
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.migration_files import argument, is_newest, model_named, operations

RULE = Rule(
    summary="A unique column is added with a default that is computed once for all rows",
    severity=Severity.WARNING,
    safety=Safety.MANUAL,
)


def check(file: FileContext) -> Iterator[Hit]:
    found = list(operations(file))
    made = {model_named(node, "name") for name, node, _ in found if name == "CreateModel"}
    for name, node, code in found:
        if name != "AddField" or model_named(node) in made:
            continue
        field = argument(node, 2, "field")
        if not isinstance(field, ir.Call) or not is_literal_true(field.keyword("unique")):
            continue
        if not _is_computed(field.keyword("default")) or not is_newest(file):
            continue
        yield Hit(
            file.place(code, node),
            "The default is computed once, and all rows that are there get the same value: with two rows or more "
            "the migration fails",
            fixes=(
                Fix(
                    "Add the column with `null=True` and without `unique`, fill it by `RunPython`, then alter it",
                    Safety.MANUAL,
                ),
            ),
        )


def _is_computed(default: ir.Expr | None) -> bool:
    """Whether a default is a function that Django calls."""
    return isinstance(default, (ir.Name, ir.Attr, ir.Lambda))
