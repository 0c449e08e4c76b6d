"""Iterating a value: what each round binds, and the loop it makes."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.trace import querysets
from djguide_analyzers.trace.events import Loop
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.refine import has_few_rows
from djguide_analyzers.trace.values import (
    SCALAR,
    UNKNOWN,
    AbstractValue,
    ClassValue,
    Constant,
    ExternalValue,
    Mapping,
    Page,
    Paginator,
    Query,
    QuerySetValue,
    Row,
    Sequence,
    Site,
)


def iterate(
    frame: Frame,
    value: AbstractValue,
    node: ir.Expr,
    at: int,
    *,
    once: bool = False,
    comprehension: bool = False,
) -> tuple[AbstractValue, Loop]:
    """Element of `value`, and the loop over it; `at` is the loop's own node."""
    site = Site(frame.code, at)
    few = False
    if isinstance(value, Page):
        value = value.items
    match value:
        case QuerySetValue():
            few = is_short(frame, value)
            querysets.run_query(frame, value, "iterate", node)
            element = querysets.row_of(frame, value)
        case Sequence(items=tuple() as items, element=element):
            once = once or len(items) == 1
            few = True
        case Sequence(element=element, few=few):
            pass
        case Paginator(items=items):
            element = Page(items)
        case Mapping(key=key, entries=entries):
            element = key if not entries else SCALAR
            few = bool(entries)
        case Constant(value=str()):
            element = SCALAR
            few = True
        case ClassValue() | ExternalValue():  # an enumeration, a setting
            element, few = UNKNOWN, True
        case _:
            element, few = UNKNOWN, _is_written_out(frame, node)
    return element, Loop(site, _rows(element), len(frame.stack), once, comprehension, few)


def is_short(frame: Frame, value: AbstractValue) -> bool:
    """Whether the number of items does not grow with the data: written out, few rows, or the kinds of a column."""
    match value:
        case QuerySetValue(query=query):
            return has_few_rows(query) or _lists_kinds(frame, query)
        case Sequence(items=items, few=few):
            return few or items is not None
    return False


def _is_written_out(frame: Frame, node: ir.Expr) -> bool:
    """Whether code or settings say what there is: the choices of a field, a setting, the words of a literal."""
    match node:
        case ir.Attr(name="choices" | "flatchoices"):
            return True
        case ir.Attr(value=ir.Name() as base):
            symbol = frame.project.resolver.expr(frame.code, base)
            return symbol is not None and symbol.dotted == "django.conf.settings"
        case ir.Call(func=ir.Attr(value=ir.Const(value=str()), name="split" | "splitlines")):
            return True
        case _:
            return False


_OF_KINDS = frozenset({"contenttypes.ContentType", "sites.Site"})
"""Tables with a row for each of a few kinds of things."""


def _lists_kinds(frame: Frame, query: Query) -> bool:
    """Whether it yields the different values of one column, such as all languages in use."""
    names = query.chain[-1].node.args if query.chain else []
    for link in query.chain:
        names = link.node.args if link.name == "values_list" else names
    model = frame.project.models.get(query.model)
    if query.shape != "scalars" or not query.distinct or len(names) != 1 or model is None:
        return False
    name = names[0].value if isinstance(names[0], ir.Const) else None
    if not isinstance(name, str):
        return False
    field = model.fields.get(name) or model.field_of_attname(name)
    if field is None or field.unique or field.primary_key:
        return False
    return field.kind == "column" or field.target in _OF_KINDS


def plain_loop(frame: Frame, at: int) -> Loop:
    """A loop over nothing in particular: ``while``."""
    return Loop(Site(frame.code, at), None, len(frame.stack), few=True)


def _rows(element: AbstractValue) -> int | None:
    """Identity of the rows that an element is one of."""
    if isinstance(element, Row) and not element.path and element.root.many:
        return element.root.identity
    if isinstance(element, Sequence) and element.items:  # enumerate(), zip(), dict.items()
        for item in element.items:
            if (rows := _rows(item)) is not None:
                return rows
    return None
