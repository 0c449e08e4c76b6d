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
            few = has_few_rows(value.query)
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
            element = UNKNOWN
    return element, Loop(site, _rows(element), len(frame.stack), once, comprehension, few)


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
