"""A migration changes tables and fills them in one transaction."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Place, Related, Severity
from djguide_analyzers.rules.locking import may_be_postgresql
from djguide_analyzers.rules.migration_files import (
    argument,
    is_atomic,
    is_newest,
    migration_class,
    model_named,
    operations,
)

RULE = Rule(
    summary="A migration changes tables and rows in one transaction",
    severity=Severity.INFO,
)

_CHANGING = frozenset(
    {"AddField", "RemoveField", "RenameField", "AddIndex", "AddConstraint", "AlterUniqueTogether"}
)
"""Operations that always change a table; `AlterField` often only changes what Django knows of it."""


def check(file: FileContext) -> Iterator[Hit]:
    cls = migration_class(file.project, file.module)
    if cls is None or not is_atomic(file, cls) or not may_be_postgresql(file.project):
        return
    found = list(operations(file))
    # Nobody waits for a table that is made here, or that is dropped.
    made = {model_named(node, "name") for name, node, _ in found if name in ("CreateModel", "DeleteModel")}
    changes = [file.place(code, node) for name, node, code in found if _changes_a_table(name, node, made)]
    data = [(node, code) for name, node, code in found if name == "RunPython" and not _does_nothing(node)]
    if not changes or not data or not is_newest(file):
        return
    node, code = data[0]
    place = file.place(code, node)
    yield Hit(place, _message(place, changes), related=(Related("The table is changed here", changes[0]),))


def _message(place: Place, changes: list[Place]) -> str:
    if changes[0].range.start < place.range.start:
        return (
            "The changed table stays locked until all rows are done: give the rows a migration of their own"
        )
    return (
        "The table is changed in the transaction that wrote the rows, which PostgreSQL refuses while foreign keys "
        "are still to be checked: give the rows a migration of their own"
    )


def _changes_a_table(name: str, node: ir.Call, made: set[str | None]) -> bool:
    if name not in _CHANGING:
        return False
    model = model_named(node, "name" if name == "AlterUniqueTogether" else "model_name")
    if model is None or model in made:
        return False
    field = argument(node, 2, "field") if name == "AddField" else None
    # A relation to many is a table of its own.
    return not (isinstance(field, ir.Call) and getattr(field.func, "name", "") == "ManyToManyField")


def _does_nothing(node: ir.Call) -> bool:
    code = argument(node, 0, "code")
    return isinstance(code, ir.Attr) and code.name == "noop"
