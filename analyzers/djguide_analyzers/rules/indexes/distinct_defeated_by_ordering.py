"""The columns of the order keep duplicates in a distinct list of values."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.project.graph import Model
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import arguments_range, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.grouping import column, selected, values_link
from djguide_analyzers.rules.layout import quoted
from djguide_analyzers.rules.ordering import Order, order_of
from djguide_analyzers.rules.queryset_calls import Built, append_call, built_querysets

RULE = Rule(
    summary="The order adds its columns to `values().distinct()`, so duplicates stay",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    graph = file.project.graph
    for built in built_querysets(scope):
        query = built.query
        if not _is_plain_distinct(built) or query.combined or query.sliced:
            continue
        link = values_link(query)
        names = selected(link) if link is not None else None
        model = graph.get(query.model)
        if names is None or model is None:
            continue
        order = order_of(graph, query)
        added = _added(file, model, order, names, query.annotations)
        if added:
            yield _hit(file, built, order, names, added)


def _is_plain_distinct(built: Built) -> bool:
    """Whether ``distinct()`` follows ``values()``: before it, distinct objects may be meant."""
    names = [link.name for link in built.query.chain]
    links = [link for link in built.query.chain if link.name == "distinct"]
    if not links or any(link.node.args or link.node.keywords for link in links):
        return False
    columns = [number for number, name in enumerate(names) if name in ("values", "values_list")]
    return bool(columns) and "distinct" in names[columns[0] :]


def _added(
    file: FileContext, model: Model, order: Order, names: list[str], annotations: frozenset[str]
) -> list[str]:
    """Columns of the order that are not selected."""
    if not order.known:
        return []
    graph = file.project.graph
    chosen = {column(model, graph, name) for name in names}
    added: list[str] = []
    for text in order.names:
        name = text.lstrip("-+")
        if name == "?":
            return []
        if name in names or column(model, graph, name) in chosen:
            continue
        if name in annotations and name not in model.fields:
            return []
        added.append(name)
    return added


def _hit(file: FileContext, built: Built, order: Order, names: list[str], added: list[str]) -> Hit:
    columns = ", ".join(f"`{name}`" for name in added)
    origin = "" if order.link is not None else "`Meta.ordering` sorts by "
    text = f"{origin}{columns}, which" if origin else f"{columns} of the order"
    listed = ", ".join(quoted(file, name) for name in names)
    title = f"Sort by what is selected: order_by({listed})"
    edit = None
    if order.link is None:
        edit = append_call(file, built.query, f"order_by({listed})")
    elif order.link.site.code.module.path == file.path:
        edit = replace(file, arguments_range(file, order.link.site.code, order.link.node), listed)
    fix = Fix(title, Safety.MANUAL) if edit is None else Fix(title, Safety.REVIEW, (edit,))
    return Hit(
        file.place(built.code, built.node),
        f"{text} goes into the SELECT, and DISTINCT compares it too: the same "
        f"{' and '.join(f'`{name}`' for name in names)} comes back more than once",
        fixes=(fix,),
        data={"model": built.query.model},
    )
