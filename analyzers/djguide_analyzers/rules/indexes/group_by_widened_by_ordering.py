"""The order adds its columns to GROUP BY."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.project.graph import Model
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import arguments_range, replace
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.grouping import column, is_aggregate, selected
from djguide_analyzers.rules.layout import quoted
from djguide_analyzers.rules.ordering import Order, order_of
from djguide_analyzers.rules.queryset_calls import Built, built_querysets, place_of_link
from djguide_analyzers.trace.values import Query

RULE = Rule(
    summary="An explicit order adds its column to GROUP BY, so totals are split",
    severity=Severity.ERROR,
    safety=Safety.REVIEW,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    graph = file.project.graph
    for built in built_querysets(scope):
        names = _groups(file, built.query)
        model = graph.get(built.query.model)
        if names is None or model is None or built.query.combined:
            continue
        order = order_of(graph, built.query)
        if not order.known or order.link is None:
            continue  # the model's own order is left out of GROUP BY
        widening = _widening(file, model, order, names, built.query)
        if widening:
            yield _hit(file, built, order, names, widening)


def _groups(file: FileContext, query: Query) -> list[str] | None:
    """Names that ``values()`` before an aggregate groups by; None where nothing is grouped."""
    names: list[str] | None = None
    for link in query.chain:
        if link.name in ("values", "values_list") and names is None:
            names = selected(link)
            if names is None:
                return None
        elif link.name in ("annotate", "alias"):
            given = [*link.node.args, *(keyword.value for keyword in link.node.keywords)]
            if any(is_aggregate(file.project, link.site.code, node) for node in given):
                return names  # None: grouped by the rows themselves
    return None


def _widening(file: FileContext, model: Model, order: Order, names: list[str], query: Query) -> list[str]:
    """Columns of the order that are neither grouped by nor computed."""
    graph = file.project.graph
    groups = {column(model, graph, name) for name in names}
    if model.pk in groups:
        return []
    found: list[str] = []
    for text in order.names:
        name = text.lstrip("-+")
        if name == "?" or name in names or name in query.annotations or _is_computed(name, query):
            continue
        path = column(model, graph, name)
        if path in groups or any(path.startswith(f"{group}__") for group in groups if _is_key(model, group)):
            continue  # decided by a key that is grouped by
        found.append(name)
    return found


def _is_computed(name: str, query: Query) -> bool:
    """Whether an aggregate given without a name is called `name`, such as ``pk__count``."""
    return any(link.name in ("annotate", "alias") and link.node.args for link in query.chain) and "__" in name


def _is_key(model: Model, path: str) -> bool:
    field = model.fields.get(path.partition("__")[0])
    return field is not None and field.is_forward_one


def _hit(file: FileContext, built: Built, order: Order, names: list[str], widening: list[str]) -> Hit:
    assert order.link is not None
    columns = ", ".join(f"`{name}`" for name in widening)
    grouped = " and ".join(f"`{name}`" for name in names)
    listed = ", ".join(quoted(file, name) for name in names)
    title = f"Sort by what is grouped: order_by({listed})"
    fix = Fix(title, Safety.MANUAL)
    code = order.link.site.code
    if code.module.path == file.path:
        edit = replace(file, arguments_range(file, code, order.link.node), listed)
        fix = Fix(title, Safety.REVIEW, (edit,))
    return Hit(
        file.place(built.code, built.node),
        f"The order adds {columns} to GROUP BY: there is one row for each value of {columns}, not one for each "
        f"{grouped}",
        related=(Related("the order is set here", place_of_link(order.link)),),
        fixes=(fix,),
        data={"model": built.query.model},
    )
