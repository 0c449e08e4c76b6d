"""Keys of a row of which one stands for another: which ones its queryset says are there, or are empty."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.trace.missing import Miss
from djguide_analyzers.trace.values import Query


def alternatives(file: FileContext, miss: Miss) -> frozenset[str]:
    """Other keys of the row of which one may stand for the one missed: what has the one often lacks the other.

    Parents in a tree stand for nothing else.
    """
    model = file.project.graph.get(miss.model)
    missed = model.fields.get(miss.name) if model is not None else None
    if model is None or missed is None or not missed.null or miss.kind not in ("fk", "o2o"):
        return frozenset()
    keys = [
        field
        for field in model.fields.values()
        if field.kind in ("fk", "o2o")
        and field.null
        and field.name != miss.name
        and field.target != miss.model
    ]
    return frozenset(name for field in keys for name in (field.name, field.attname))


def is_chosen_by(miss: Miss, others: frozenset[str]) -> bool:
    """Whether the rows are those that have another key in place of the one missed, which is empty for most then."""
    query = miss.row.root.query
    if query is None or miss.row.path:
        return False
    return any(
        name in query.known or (f"{name}__isnull" in query.filters and name not in query.null)
        for name in others
    )


def hangs_elsewhere(file: FileContext, miss: Miss) -> bool:
    """Whether the rows hang on another parent than the one that leads to what is missed, which is empty then.

    Keys that may be empty and that let their targets call the rows alike (``post.notes``, ``page.notes``) lead to
    parents of which each row has one.
    """
    query = miss.row.root.query
    model = file.project.graph.get(query.model) if query is not None else None
    first = model.fields.get((*miss.row.path, miss.name)[0]) if model is not None else None
    if query is None or model is None or first is None or not _is_optional_key(first):
        return False
    if first.accessor == f"{model.cls.name.lower()}_set":
        return False  # a name that nobody chose
    parents = {
        name
        for field in model.fields.values()
        if field.name != first.name and _is_optional_key(field) and field.accessor == first.accessor
        for name in (field.name, field.attname)
    }
    return not parents.isdisjoint(query.known | {path[0] for path in _picked_by(query)})


def there_by_condition(miss: Miss) -> frozenset[str]:
    """Relations of the row that is read which the conditions of its queryset go through."""
    query, depth = miss.row.root.query, len(miss.row.path)
    paths = _picked_by(query) if query is not None else ()
    return frozenset(path[depth] for path in paths if len(path) > depth and path[:depth] == miss.row.path)


def _is_optional_key(field: Field) -> bool:
    return field.kind == "fk" and field.null and field.accessor is not None


def _picked_by(query: Query) -> list[tuple[str, ...]]:
    """The paths that conditions of `query` go through, so that no row has nothing there; look-ups come along."""
    asked = {
        keyword.name
        for link in query.chain
        if link.name == "filter"
        for keyword in link.node.keywords
        if keyword.name is not None
        and not (keyword.name.endswith("__isnull") and not _is_false(keyword.value))
    }
    return [tuple(name.split("__")) for name in asked if name not in query.null]


def _is_false(node: ir.Expr) -> bool:
    return isinstance(node, ir.Const) and node.value is False
