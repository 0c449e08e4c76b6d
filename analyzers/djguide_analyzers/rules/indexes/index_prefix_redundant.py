"""An index is the start of a longer one."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert, remove_keyword
from djguide_analyzers.rules.fields import is_literal_true, keyword_node
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.meta import items, model_classes, remove_member
from djguide_analyzers.rules.table_indexes import TableIndex, table_indexes

RULE = Rule(
    summary="An index holds the first columns of a longer one, which serves the same lookups",
    severity=Severity.HINT,
    safety=Safety.REVIEW,
    default=False,
    tag="unnecessary",
)


def check(file: FileContext) -> Iterator[Hit]:
    graph = file.project.graph
    for cls in model_classes(file):
        model = graph.of_class(cls) or graph.abstract_models.get(cls)
        if model is None or model.proxy:
            continue
        indexes = [
            index for index in table_indexes(file.project, model) if index.plain and index.cls == "btree"
        ]
        for index in indexes:
            if index.unique or index.owner is not cls or index.node is None or index.code is None:
                continue
            longer = next((other for other in indexes if _starts(other, index)), None)
            if longer is not None and longer.code is not None and longer.node is not None:
                yield _hit(file, model, index, longer)


def _starts(longer: TableIndex, index: TableIndex) -> bool:
    """Whether `longer` holds the columns of `index` first, readable in the same order from one of its ends."""
    number = len(index.columns)
    if len(longer.columns) <= number or longer.names[:number] != index.names:
        return False
    same = [a[1] == b[1] for a, b in zip(longer.columns, index.columns, strict=False)]
    return all(same) or not any(same)


def _hit(file: FileContext, model: Model, index: TableIndex, longer: TableIndex) -> Hit:
    assert index.code is not None and index.node is not None
    assert longer.code is not None and longer.node is not None
    short = ", ".join(f"`{name}`" for name in index.names)
    long = ", ".join(f"`{name}`" for name in longer.names)
    return Hit(
        file.place(index.code, index.node),
        f"The index over {short} is the start of the one over {long}, which serves the same lookups",
        related=(Related("the longer index", file.place(longer.code, longer.node)),),
        fixes=(_fix(file, model, index),),
        data={"model": model.label},
    )


def _fix(file: FileContext, model: Model, index: TableIndex) -> Fix:
    assert index.code is not None
    if index.option is not None:
        display = index.option.expr
        item = next((member for member in items(display) or () if member is index.node), None)
        if isinstance(display, ir.Display) and item is not None:
            edit = remove_member(file, index.option, item)
            return Fix("Remove it (creates a migration)", Safety.REVIEW, (edit,))
        return Fix("Remove it (creates a migration)", Safety.MANUAL)
    field = model.fields.get(index.names[0])
    if field is None or field.call is None:
        return Fix("Remove it (creates a migration)", Safety.MANUAL)
    argument = keyword_node(field.call, "db_index")
    if field.kind == "fk" and argument is None and not any(k.name is None for k in field.call.keywords):
        last = [*field.call.args, *field.call.keywords][-1]
        edit = insert(file, index.code.range(last).end, ", db_index=False")
        return Fix("Switch the key's own index off (creates a migration)", Safety.REVIEW, (edit,))
    if field.kind == "column" and argument is not None and is_literal_true(argument.value):
        edit = remove_keyword(file, index.code, field.call, argument)
        return Fix("Remove `db_index=True` (creates a migration)", Safety.REVIEW, (edit,))
    return Fix("Remove it (creates a migration)", Safety.MANUAL)
