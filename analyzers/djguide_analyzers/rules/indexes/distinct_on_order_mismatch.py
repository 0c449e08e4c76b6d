"""`distinct("column")` with an order that starts with something else."""

from __future__ import annotations

import json
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import arguments_range, insert
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.grouping import column
from djguide_analyzers.rules.layout import quoted
from djguide_analyzers.rules.ordering import Order, default_order, order_of
from djguide_analyzers.rules.queryset_calls import Built, append_call, built_querysets
from djguide_analyzers.source.edits import Edit

RULE = Rule(
    summary='PostgreSQL refuses `distinct("a")` unless the order starts with the same columns',
    severity=Severity.ERROR,
    safety=Safety.REVIEW,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    graph = file.project.graph
    for built in built_querysets(scope):
        names = _distinct_on(built)
        model = graph.get(built.query.model)
        if names is None or model is None or built.query.combined:
            continue
        order = order_of(graph, built.query)
        if order.known and order.names and not _starts_with(file, model, order, names):
            yield _hit(file, built, order, names)


def _distinct_on(built: Built) -> list[str] | None:
    """The columns of the last ``distinct()``; None when it has none, or some that are not literal."""
    links = [link for link in built.query.chain if link.name == "distinct"]
    if not links or not links[-1].node.args:
        return None
    names = [arg.value for arg in links[-1].node.args if isinstance(arg, ir.Const)]
    texts = [name for name in names if isinstance(name, str)]
    return texts if len(texts) == len(links[-1].node.args) else None


def _starts_with(file: FileContext, model: Model, order: Order, names: list[str]) -> bool:
    graph = file.project.graph
    wanted = {column(model, graph, name) for name in names}
    first = order.names[: len(wanted)]
    if any(_is_sorted_elsewhere(file, model, name.lstrip("-+")) for name in first):
        return False
    return {column(model, graph, name) for name in first} == wanted


def _is_sorted_elsewhere(file: FileContext, model: Model, name: str) -> bool:
    """Whether `name` is a foreign key that is sorted by the order of its model."""
    field = model.fields.get(name)
    target = file.project.graph.get(field.target) if field is not None and field.is_forward_one else None
    order = default_order(target) if target is not None else None
    return order is not None and order.known and any(text.lstrip("-") != "pk" for text in order.names)


def _hit(file: FileContext, built: Built, order: Order, names: list[str]) -> Hit:
    on = ", ".join(json.dumps(name) for name in names)
    by = ", ".join(json.dumps(name) for name in order.names)
    title = f"Start the order with {on}"
    edit = _edit(file, built, order, names)
    fix = Fix(title, Safety.MANUAL) if edit is None else Fix(title, Safety.REVIEW, (edit,))
    return Hit(
        file.place(built.code, built.node),
        f"`distinct({on})` with an order by {by}: PostgreSQL refuses the query unless the order starts with the "
        "same columns",
        fixes=(fix,),
        data={"model": built.query.model},
    )


def _edit(file: FileContext, built: Built, order: Order, names: list[str]) -> Edit | None:
    rest = [name for name in order.names if name.lstrip("-+") not in names]
    if order.link is None:
        return append_call(
            file, built.query, f"order_by({', '.join(quoted(file, name) for name in [*names, *rest])})"
        )
    code = order.link.site.code
    if code.module.path != file.path or len(rest) != len(order.names):
        return None
    start = arguments_range(file, code, order.link.node).start
    return insert(file, start, "".join(f"{quoted(file, name)}, " for name in names))
