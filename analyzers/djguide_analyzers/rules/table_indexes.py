"""The indexes of a model's table: declared ones, and those that columns and constraints bring along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo, Code
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.meta import Option, is_readable, items, meta_option

Kind = Literal["column", "index", "constraint", "together"]

INDEX = "django.db.models.indexes.Index"
_UNIQUE = "django.db.models.constraints.UniqueConstraint"
_OPTIONS = ("indexes", "constraints", "unique_together", "index_together")


@dataclass(frozen=True, slots=True)
class TableIndex:
    """One index.

    Attributes:
        columns: Names of its fields with whether they are descending.
        owner: The class that declares it; `node` in `code` says so, None where the place is not known.
        option: The ``Meta`` option it is a member of; None for a column's own.
        cls: Dotted name of the index's class; ``btree`` for those that Django makes by itself.
        plain: Whether it covers all rows with nothing but these columns, in the standard order.
    """

    columns: tuple[tuple[str, bool], ...]
    kind: Kind
    unique: bool
    owner: ClassInfo | None
    code: Code | None
    node: ir.Node | None
    option: Option | None = None
    cls: str = "btree"
    plain: bool = True
    name: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.columns)


def table_indexes(project: Project, model: Model) -> list[TableIndex]:
    """The indexes that the model's own table certainly has: columns first, each kind as it is declared."""
    if not model.sure():
        return []
    found = list(_of_columns(model))
    for name in ("unique_together", "index_together"):
        if not model.sure(name):
            continue
        groups = model.unique_together if name == "unique_together" else model.index_together
        option = meta_option(project, model.cls, name)
        nodes = _groups(option, len(groups))
        for number, group in enumerate(groups):
            columns = tuple((_field_name(model, column), False) for column in group)
            node = nodes[number] if nodes else None
            unique = name == "unique_together"
            found.append(TableIndex(columns, "together", unique, *_home(option), node, option))
    for name, declared in (("indexes", model.indexes), ("constraints", model.constraints)):
        if model.sure(name):
            found += _of_option(project, model, name, declared)
    return found


def is_certain(project: Project, model: Model) -> bool:
    """Whether `table_indexes` lists everything that the models say about the table."""
    if not is_readable(project, model.cls, *_OPTIONS):
        return False
    for name, known in (("indexes", model.indexes), ("constraints", model.constraints)):
        option = meta_option(project, model.cls, name)
        if option is not None and len(items(option.expr) or ()) != len(known):
            return False
    return model.complete and model.sure(*_OPTIONS)


def _of_columns(model: Model) -> Iterator[TableIndex]:
    for field in model.fields.values():
        if field.column is None or not field.local or not field.sure("unique", "db_index", "primary_key"):
            continue
        if field.primary_key or field.unique or field.db_index:
            unique = field.primary_key or field.unique
            yield TableIndex(((field.name, False),), "column", unique, field.owner, field.code, field.node)


def _home(option: Option | None) -> tuple[ClassInfo | None, Code | None]:
    return (option.owner, option.code) if option is not None else (None, None)


def _groups(option: Option | None, number: int) -> list[ir.Expr] | None:
    """The members of ``unique_together``, which may be a single group."""
    members = items(option.expr) if option is not None else None
    if members is None or option is None:
        return None
    if number == 1 and all(isinstance(member, ir.Const) for member in members):
        return [option.expr]
    return members if len(members) == number else None


def _field_name(model: Model, name: str) -> str:
    if name == "pk":
        return model.pk
    if name in model.fields:
        return name
    field = model.field_of_attname(name)
    return field.name if field is not None else name


def _of_option(
    project: Project, model: Model, name: str, declared: list[dict[str, object]]
) -> Iterator[TableIndex]:
    option = meta_option(project, model.cls, name)
    nodes = items(option.expr) if option is not None else None
    if nodes is None or len(nodes) != len(declared):
        nodes = None
    for number, entry in enumerate(declared):
        cls = str(entry["class"])
        if name == "constraints" and cls != _UNIQUE:
            continue
        columns = _columns(model, entry["fields"])
        node = nodes[number] if nodes is not None else None
        if not columns or not isinstance(node, (ir.Call, type(None))):
            continue
        yield TableIndex(
            columns,
            "index" if name == "indexes" else "constraint",
            name == "constraints",
            *_home(option),
            node,
            option,
            "btree" if cls in (INDEX, _UNIQUE) else cls,
            _is_plain(entry, node),
            entry["name"] if isinstance(entry["name"], str) else None,
        )


_PLAIN_ARGUMENTS = frozenset({"fields", "name", "violation_error_message", "violation_error_code"})


def _is_plain(entry: dict[str, object], node: ir.Call | None) -> bool:
    if entry["partial"] or entry["expressions"] or entry.get("include"):
        return False
    return node is not None and not node.args and all(k.name in _PLAIN_ARGUMENTS for k in node.keywords)


def _columns(model: Model, fields: object) -> tuple[tuple[str, bool], ...]:
    """Names and directions of an index's ``fields`` (pairs), or names of a constraint's."""
    found: list[tuple[str, bool]] = []
    for entry in fields if isinstance(fields, list) else ():
        if isinstance(entry, str):
            found.append((_field_name(model, entry), False))
        elif isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str):
            found.append((_field_name(model, entry[0]), entry[1] == "DESC"))
        else:
            return ()
    return tuple(found)
