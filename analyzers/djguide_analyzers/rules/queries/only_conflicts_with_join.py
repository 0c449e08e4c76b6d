"""`only()` leaves out a column that a join or a prefetch needs."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model, ModelGraph
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.layout import quoted
from djguide_analyzers.rules.queryset_calls import Built, built_querysets, place_of_link
from djguide_analyzers.trace.values import Link, PrefetchValue, Query, QuerySetValue

RULE = Rule(
    summary="`only()` leaves out a foreign key that `select_related()` or a prefetch needs",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    for built in built_querysets(scope):
        missing = _missing_joins(file.project.graph, built)
        if missing:
            yield _hit(file, built.query, missing, _joining(built.query))
    yield from _prefetches(file, scope)


def _missing_joins(graph: ModelGraph, built: Built) -> list[str]:
    """Foreign keys that are joined and not loaded."""
    query = built.query
    model = graph.get(query.model)
    if query.only is None or query.opaque or query.assumed or model is None or query.shape != "instances":
        return []
    joined = {path.split("__")[0] for path in query.select}
    missing: list[str] = []
    for name in sorted(joined):
        field = model.fields.get(name)
        if field is None or not field.is_forward_one or field.primary_key:
            continue
        if not any(given.split("__")[0] in (field.name, field.attname) for given in query.only):
            missing.append(name)
    return missing


def _joining(query: Query) -> Link | None:
    return next((link for link in reversed(query.chain) if link.name == "select_related"), None)


def _only(query: Query) -> Link | None:
    return next((link for link in reversed(query.chain) if link.name == "only"), None)


def _prefetches(file: FileContext, scope: Scope) -> Iterator[Hit]:
    """``Prefetch(path, queryset)`` whose queryset leaves out the key that links its rows to their parents."""
    graph = file.project.graph
    for node, code in scope.nodes(ir.Call):
        value = scope.value(code, node)
        if not isinstance(value, PrefetchValue) or value.opaque or value.queryset is None:
            continue
        query = value.queryset.query
        given = node.args[1] if len(node.args) > 1 else node.keyword("queryset")
        link = _only(query)
        if (
            given is None
            or link is None
            or query.only is None
            or not isinstance(scope.value(code, given), QuerySetValue)
        ):
            continue
        key = _link_column(graph, query.model, value.path.rpartition("__")[2])
        if key is not None and not {key, f"{key}_id"} & {name.split("__")[0] for name in query.only}:
            yield _hit(file, query, [key], None)


def _link_column(graph: ModelGraph, label: str, accessor: str) -> str | None:
    """The foreign key of `label` that a reverse relation called `accessor` goes through; None when not clear."""
    model = graph.get(label)
    if model is None:
        return None
    found = [
        field.name
        for field in model.fields.values()
        if field.is_forward_one and field.accessor == accessor and _points_back(graph, field.target)
    ]
    return found[0] if len(found) == 1 and not _is_many_to_many(graph, label, accessor) else None


def _points_back(graph: ModelGraph, target: str | None) -> bool:
    return graph.get(target) is not None


def _is_many_to_many(graph: ModelGraph, label: str, accessor: str) -> bool:
    """Whether some model reaches `label` through a many-to-many relation of this name."""
    return any(_leads_to(model, accessor, label) for model in graph)


def _leads_to(model: Model, accessor: str, label: str) -> bool:
    field, reverse = model.fields.get(accessor), model.reverse.get(accessor)
    if field is not None:
        return field.kind == "m2m" and field.target == label
    return reverse is not None and reverse.kind == "m2m" and reverse.model == label


def _hit(file: FileContext, query: Query, missing: list[str], joining: Link | None) -> Hit:
    link = _only(query)
    assert link is not None
    names = ", ".join(quoted(file, name) for name in missing)
    keys = " and ".join(f"`{name}`" for name in missing)
    title = f"Load {names} as well"
    code = link.site.code
    fix = Fix(title, Safety.MANUAL)
    if code.module.path == file.path and link.node.args:
        edit = insert(file, code.range(link.node.args[-1]).end, f", {names}")
        fix = Fix(title, Safety.SAFE, (edit,))
    if joining is not None:
        message = f"`only()` leaves out {keys}, which `select_related()` follows: Django raises FieldError"
        related = (Related("joined here", place_of_link(joining)),)
    else:
        message = (
            f"`only()` leaves out {keys}, by which the prefetched rows find their parents: "
            "each costs a query more"
        )
        related = ()
    return Hit(place_of_link(link), message, related=related, fixes=(fix,), data={"model": query.model})
