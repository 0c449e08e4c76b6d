"""What a migration does to tables that are in use while it runs."""

from __future__ import annotations

from typing import NamedTuple

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.locking import is_postgresql_itself
from djguide_analyzers.rules.migration_files import argument, is_newest, model_named, operations

FIELDS = ("django.db.models.", "django.contrib.postgres.", "django.contrib.gis.")
_OF_MODELS = frozenset({"AlterUniqueTogether", "AlterIndexTogether"})


class TableChange(NamedTuple):
    """One operation, by the name of its class, on the table of `model` (in lower case)."""

    name: str
    model: str
    node: ir.Call
    code: Code


def table_changes(file: FileContext) -> list[TableChange]:
    """The operations in `file` on tables that earlier migrations made, if it is the newest of its application.

    None are told where the database is not known to be PostgreSQL, nor what only changes Django's idea of a table.
    """
    if "/migrations/" not in file.path or file.is_test or not is_postgresql_itself(file.project):
        return []
    found = list(operations(file))
    if not found or not is_newest(file):
        return []
    made = {model_named(node, "name") for name, node, _ in found if name in ("CreateModel", "DeleteModel")}
    unreal = {
        part.at for name, node, _ in found if name == "SeparateDatabaseAndState" for part in _state(node)
    }
    changes: list[TableChange] = []
    for name, node, code in found:
        model = model_named(node, "name" if name in _OF_MODELS else "model_name")
        if model is not None and model not in made and node.at not in unreal:
            changes.append(TableChange(name, model, node, code))
    return changes


def _state(node: ir.Call) -> list[ir.Node]:
    """What stands in the operations that are for the state only."""
    given = node.args[1] if len(node.args) > 1 else node.keyword("state_operations")
    return list(walk(given)) if given is not None else []


def field_class(file: FileContext, code: Code, field: ir.Expr | None) -> str | None:
    """Name of the class of a field as a migration writes it; None when it is not one of Django's."""
    dotted = file.resolve(code, field.func) if isinstance(field, ir.Call) else None
    return dotted.rpartition(".")[2] if dotted is not None and dotted.startswith(FIELDS) else None


def constraint_class(file: FileContext, change: TableChange) -> str | None:
    """Name of the class of the constraint that an operation adds, if it is one of Django's own."""
    given = argument(change.node, 1, "constraint") if change.name == "AddConstraint" else None
    dotted = file.resolve(change.code, given.func) if isinstance(given, ir.Call) else None
    return (
        dotted.rpartition(".")[2] if dotted is not None and dotted.startswith("django.db.models.") else None
    )
