"""Two indexes hold the same columns."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import remove_keyword
from djguide_analyzers.rules.fields import is_literal_true, keyword_node
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.meta import items, model_classes, remove_member
from djguide_analyzers.rules.table_indexes import TableIndex, table_indexes

RULE = Rule(
    summary="Two indexes or unique constraints cover the same columns",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
    tag="unnecessary",
)


def check(file: FileContext) -> Iterator[Hit]:
    graph = file.project.graph
    for cls in model_classes(file):
        model = graph.of_class(cls) or graph.abstract_models.get(cls)
        if model is None or model.proxy:
            continue
        groups: dict[object, list[TableIndex]] = {}
        for index in table_indexes(file.project, model):
            if index.plain and index.node is not None and index.code is not None:
                groups.setdefault(_key(index), []).append(index)
        for same in groups.values():
            yield from _hits(file, cls, model, same)


def _key(index: TableIndex) -> object:
    """What makes two indexes the same: their class and columns; one column can be read from either end."""
    columns = index.names if len(index.columns) == 1 else index.columns
    return index.cls, columns


def _hits(file: FileContext, cls: ClassInfo, model: Model, same: list[TableIndex]) -> Iterator[Hit]:
    """The indexes to drop, in favour of a unique one or the first."""
    kept = next((index for index in same if index.unique), same[0])
    for index in same:
        if index is kept or cls not in (index.owner, kept.owner):
            continue
        if index.kind == "column" and kept.kind == "column":
            continue
        dropped, stays = (index, kept) if index.owner is cls else (kept, index)
        assert dropped.code is not None and dropped.node is not None
        if dropped.code.module.path != file.path or stays.code is None or stays.node is None:
            continue
        names = ", ".join(f"`{name}`" for name in dropped.names)
        yield Hit(
            file.place(dropped.code, dropped.node),
            f"{_called(dropped)} covers {names}, as {_called(stays, first=False)} does: "
            "every write keeps both up to date, and no query needs the second",
            related=(Related("the other index", file.place(stays.code, stays.node)),),
            fixes=(_fix(file, model, dropped),),
        )


def _called(index: TableIndex, *, first: bool = True) -> str:
    if index.kind == "column":
        text = f"the column's own {'unique ' if index.unique else ''}index"
    elif index.kind == "together":
        text = f"a group of `{'unique' if index.unique else 'index'}_together`"
    else:
        noun = "constraint" if index.kind == "constraint" else "index"
        text = f"{noun} `{index.name}`" if index.name else f"an {noun}" if noun[0] == "i" else f"a {noun}"
    return text[0].upper() + text[1:] if first else text


def _fix(file: FileContext, model: Model, index: TableIndex) -> Fix:
    """Drop `index`; advice where that takes more than one place."""
    if index.kind in ("index", "constraint", "together") and index.option is not None:
        display = index.option.expr
        members = items(display)
        if isinstance(display, ir.Display) and members and any(member is index.node for member in members):
            assert index.code is not None and isinstance(index.node, (ir.Call, ir.Display))
            edit = remove_member(file, index.option, index.node)
            return Fix("Remove it (creates a migration)", Safety.REVIEW, (edit,))
        return Fix("Remove one of the two (creates a migration)", Safety.MANUAL)
    field = model.fields.get(index.names[0])
    argument = keyword_node(field.call, "db_index") if field is not None and field.call is not None else None
    if field is None or field.call is None or argument is None or index.code is None:
        return Fix("Remove one of the two, with `db_index=False` for a foreign key", Safety.MANUAL)
    if field.kind == "column" and is_literal_true(argument.value):
        edit = remove_keyword(file, index.code, field.call, argument)
        return Fix("Remove `db_index=True` (creates a migration)", Safety.REVIEW, (edit,))
    return Fix("Remove one of the two, with `db_index=False` for a foreign key", Safety.MANUAL)
