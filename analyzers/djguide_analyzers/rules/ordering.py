"""In which order a queryset's rows come."""

from __future__ import annotations

import re
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field, Model, ModelGraph
from djguide_analyzers.trace.values import Link, Query

_ORDER_BY = re.compile(r"OrderBy\(F\((?P<name>\w+)\), descending=(?P<down>True|False)\)")
_F = re.compile(r"F\((?P<name>\w+)\)")


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a queryset.

    Attributes:
        names: Its columns as written, ``-`` for descending; empty when the rows come in no order.
        link: The ``order_by`` that sets it; None for the model's own.
        known: False when something in it is not a literal name, so that `names` is not all of it.
    """

    names: tuple[str, ...]
    link: Link | None = None
    known: bool = True

    @property
    def is_none(self) -> bool:
        return self.known and not self.names


UNKNOWN_ORDER = Order((), None, known=False)
_GROUPING = frozenset({"values", "values_list"})
_ORDERED = frozenset({"dates", "datetimes", "raw", "extra"})
_COMBINING = frozenset({"union", "intersection", "difference"})


def order_of(graph: ModelGraph, query: Query) -> Order:
    """The order in effect at the end of the chain of `query`."""
    model = graph.get(query.model)
    if model is None or query.opaque or query.assumed or not model.complete:
        return UNKNOWN_ORDER
    if any(link.name in _ORDERED for link in query.chain):
        return UNKNOWN_ORDER
    combined = _last(query, _COMBINING)
    last = _last(query, frozenset({"order_by"}))
    if combined is not None and (last is None or query.chain.index(combined) > query.chain.index(last)):
        return Order(()) if query.ordered is not True else UNKNOWN_ORDER
    if query.ordered is None:
        if last is not None:
            return UNKNOWN_ORDER
        return Order(()) if _is_grouped(query) else default_order(model)
    if last is None:
        return UNKNOWN_ORDER
    if not query.ordered:
        return Order((), last)
    names = _literal(last.node)
    return Order(names, last) if names is not None else Order((), last, known=False)


def default_order(model: Model) -> Order:
    """The order of ``Meta.ordering``."""
    names = tuple(plain_name(text) for text in model.ordering)
    if not model.sure("ordering") or None in names:
        return UNKNOWN_ORDER
    return Order(tuple(name for name in names if name is not None))


def plain_name(text: str) -> str | None:
    """An entry of ``Model.ordering`` as a name with an optional ``-``; None for any other expression."""
    if match := _ORDER_BY.fullmatch(text):
        return ("-" if match["down"] == "True" else "") + match["name"]
    if match := _F.fullmatch(text):
        return match["name"]
    return text if re.fullmatch(r"[-+]?\w+|\?", text) else None


def _literal(call: ir.Call) -> tuple[str, ...] | None:
    """The arguments of ``order_by``, expressions over one column included; None when one is something else."""
    if call.keywords:
        return None
    names: list[str] = []
    for arg in call.args:
        name = _written(arg)
        if name is None:
            return None
        names.append(name)
    return tuple(names)


def _written(node: ir.Expr) -> str | None:
    match node:
        case ir.Const(value=str() as text):
            return text
        case ir.Call(func=ir.Name(id="F") | ir.Attr(name="F"), args=[ir.Const(value=str() as text)]):
            return text
        case ir.Call(func=ir.Attr(value=inner, name="asc" | "desc" as way), args=[]):
            name = _written(inner)
            return name if name is None or way == "asc" else f"-{name}"
        case _:
            return None


def _is_grouped(query: Query) -> bool:
    """Whether ``values().annotate()`` groups the rows, which drops the model's own order."""
    grouping = False
    for link in query.chain:
        if link.name in _GROUPING:
            grouping = True
        elif link.name == "annotate" and grouping:
            return True
    return False


def _last(query: Query, names: frozenset[str]) -> Link | None:
    return next((link for link in reversed(query.chain) if link.name in names), None)


def fixed_columns(graph: ModelGraph, query: Query) -> frozenset[str]:
    """Columns that are the same in all rows of `query`: the row of a related manager, and what is filtered by."""
    model = graph.get(query.model)
    found = set(query.known)
    for link in query.chain if model is not None else ():
        for keyword in link.node.keywords if link.name == "filter" else ():
            name = (keyword.name or "").removesuffix("__exact")
            if model is not None and (column := _column(graph, model, name)) is not None:
                found.add(column.name)
    return frozenset(found)


def _column(graph: ModelGraph, model: Model, name: str) -> Field | None:
    """The column of `model` that a path stands for: its name, or a relation with a unique column behind it."""
    first, _, rest = name.partition("__")
    field = model.fields.get(first) or model.field_of_attname(first)
    if field is None or not rest:
        return field
    target = graph.get(field.target) if field.is_forward_one else None
    if target is None or "__" in rest:
        return None
    key = target.fields.get(target.pk if rest == "pk" else rest)
    return field if key is not None and (key.primary_key or (key.unique and not key.null)) else None


def is_total(
    graph: ModelGraph, model: Model, names: tuple[str, ...], fixed: frozenset[str] = frozenset()
) -> bool | None:
    """Whether an order by `names` leaves no ties among rows that agree in `fixed`; None when that is not known."""
    plain = set(fixed)
    for text in names:
        name = text.lstrip("-+")
        if name == "?":
            return None
        if name == "pk":
            return True
        field = model.fields.get(name) or model.field_of_attname(name)
        if field is None:
            if "__" not in name and name not in model.reverse:
                return None  # an annotation
            related = _column(graph, model, name)
            if related is None:
                continue
            if related.unique and not related.null:
                return True
            plain.add(related.name)
            continue
        if not field.sure("primary_key", "unique", "null"):
            return None
        if field.primary_key or field.name == model.pk:
            return True
        if field.unique and not field.null and field.kind in ("column", "fk", "o2o"):
            if field.kind == "column" or name == field.attname:
                return True
            target = graph.get(field.target)
            if target is None or not target.ordering:
                return True
        plain.add(field.name)
    for columns in _unique_sets(model):
        fields = [model.fields.get(name) for name in columns]
        if set(columns) <= plain and all(field is not None and not field.null for field in fields):
            return True
    return False if model.sure("unique_together", "constraints") else None


def _unique_sets(model: Model) -> list[list[str]]:
    sets = [list(group) for group in model.unique_together]
    for constraint in model.constraints:
        names = constraint["fields"]
        if not isinstance(names, list) or constraint["partial"] or constraint["expressions"]:
            continue
        if names and str(constraint["class"]).endswith(".UniqueConstraint"):
            sets.append([str(name) for name in names])
    return sets
