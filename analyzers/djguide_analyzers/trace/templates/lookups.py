"""Variables and filters of templates: where rows are read."""

from __future__ import annotations

from typing import Any

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.template_ir import Constant as TemplateConstant
from djguide_analyzers.facts.template_ir import Expression, Filter, Variable
from djguide_analyzers.trace import attributes, calls, iteration, loading, querysets
from djguide_analyzers.trace.arguments import Arguments
from djguide_analyzers.trace.frame import MAX_STEPS, BudgetSpent
from djguide_analyzers.trace.templates.code import TemplateFrame
from djguide_analyzers.trace.values import (
    NONE,
    SCALAR,
    UNKNOWN,
    AbstractValue,
    BoundMethod,
    BuiltinMethod,
    ClassValue,
    Constant,
    FunctionValue,
    ManagerValue,
    Mapping,
    ObjectValue,
    Page,
    Paginator,
    Partial,
    QuerySetValue,
    Row,
    Sequence,
)

_LITERALS = {"True": Constant(True), "False": Constant(False), "None": NONE}
_UNCHANGED = frozenset({"default", "default_if_none", "safe", "force_escape", "escape"})
"""Filters that hand on what they are given."""
_ORDERED = frozenset({"dictsort", "dictsortreversed"})
_CALLED = frozenset(
    {"all", "count", "exists", "first", "last", "latest", "earliest", "none", "keys", "values", "items"}
)


def evaluate(frame: TemplateFrame, node: Expression) -> AbstractValue:
    """The value of an expression; what it does to the database is emitted as events."""
    frame.run.steps += 1
    if frame.run.steps > MAX_STEPS:
        raise BudgetSpent
    value = _base(frame, node.base)
    for number, item in enumerate(node.filters):
        value = _filtered(frame, node, value, item, number)
    if value is not UNKNOWN:
        frame.record(node.at, value)
    return value


def _base(frame: TemplateFrame, node: Variable | TemplateConstant) -> AbstractValue:
    if isinstance(node, TemplateConstant):
        return SCALAR if node.translated else Constant(node.value)
    if not node.lookups:
        return UNKNOWN
    first, *rest = node.lookups
    value = _LITERALS.get(first) or frame.env.get(first, UNKNOWN)
    value = _called(frame, node, node.at + 1, value)
    if isinstance(value, (ObjectValue, Row)):
        frame.record(node.at + 1, value)
    for position, name in enumerate(rest):
        at = node.at + 2 + position
        key_only = (
            isinstance(value, Row)
            and position + 1 < len(rest)
            and loading.reads_key(frame.project, value, name, rest[position + 1])
        )
        value = _called(frame, node, at, look_up(frame, value, name, at, key_only=key_only))
        if isinstance(value, Row):
            frame.record(at, value)
    return value


def _place(at: int, name: str = "") -> ir.Attr:
    """A node of the intermediate form of Python that stands at a template's node."""
    return ir.Attr(at, ir.Opaque(at), name)


def look_up(
    frame: TemplateFrame, value: AbstractValue, name: str, at: int, *, key_only: bool = False
) -> AbstractValue:
    """``value.name`` as a template reads it: a key, an attribute or an index."""
    place = _place(at, name)
    match value:
        case Mapping():
            known = dict(value.entries)
            if name in known:
                return known[name]
            return BuiltinMethod(value, name) if name in ("items", "keys", "values") else value.element
        case Sequence(items=items, element=element):
            if name.isdigit():
                return items[int(name)] if items is not None and int(name) < len(items) else element
            return UNKNOWN
        case ManagerValue() | QuerySetValue() if name.isdigit():
            queryset = querysets.as_queryset(frame, value)
            if queryset is None:
                return UNKNOWN
            querysets.run_query(frame, queryset, "index", place)
            return querysets.one_row(frame, queryset)
        case Page() if name in ("paginator",):
            return Paginator(value.items)
        case Page() | Paginator() if name != "object_list":
            return SCALAR
        case _:
            return attributes.get_attribute(frame, place, value, key_only=key_only)


def _called(frame: TemplateFrame, node: Variable, at: int, value: AbstractValue) -> AbstractValue:
    """`value`, called without arguments where a template would call it."""
    place = ir.Call(at, _place(at), [], [])
    match value:
        case BoundMethod() | FunctionValue() | Partial():
            return calls.apply(frame, place, value, Arguments())
        case BuiltinMethod(receiver=QuerySetValue() | ManagerValue() | Mapping() | Sequence(), name=name):
            return calls.apply(frame, place, value, Arguments()) if name in _CALLED else UNKNOWN
        case BuiltinMethod(receiver=Row()):
            return SCALAR if value.name.startswith("get_") else UNKNOWN
        case ClassValue():
            return UNKNOWN
        case _:
            return value


def _filtered(
    frame: TemplateFrame, node: Expression, value: AbstractValue, item: Filter, number: int
) -> AbstractValue:
    argument = _base(frame, item.argument) if item.argument is not None else None
    place = _place(item.at)
    if isinstance(value, ManagerValue):
        value = querysets.as_queryset(frame, value) or UNKNOWN
    if item.name in ("length", "length_is") and isinstance(value, QuerySetValue):
        querysets.run_query(frame, value, "len", place)
        return SCALAR
    if item.name in ("first", "last", "random"):
        return _one_of(frame, value, item, place)
    if item.name == "slice" and isinstance(value, (QuerySetValue, Sequence)):
        return querysets.part_of(frame, value)
    if item.name in _ORDERED:
        return _sorted(frame, value, argument, item, place)
    if item.name == "join":
        element, loop = iteration.iterate(frame, value, place, item.at)
        frame.loops = (*frame.loops, loop)
        calls.to_text(frame, element, place)
        frame.loops = frame.loops[:-1]
        return SCALAR
    if item.name in _UNCHANGED:
        return value
    found = frame.project.templates.scope(frame.source).filter(item.name)
    if found is None or found.is_django or found.function is None:
        return SCALAR if found is not None and found.is_django else UNKNOWN
    given: list[Any] = [value] if argument is None else [value, argument]
    return calls.enter_plainly(frame, ir.Call(item.at, place, [], []), found.function, Arguments(given))


def _one_of(frame: TemplateFrame, value: AbstractValue, item: Filter, place: ir.Attr) -> AbstractValue:
    if isinstance(value, QuerySetValue):
        querysets.run_query(frame, value, "index", place)
        return querysets.one_row(frame, value)
    return value.element if isinstance(value, Sequence) else UNKNOWN


def _sorted(
    frame: TemplateFrame, value: AbstractValue, argument: AbstractValue | None, item: Filter, place: ir.Attr
) -> AbstractValue:
    element, loop = iteration.iterate(frame, value, place, item.at, comprehension=True)
    if isinstance(argument, Constant) and isinstance(argument.value, str):
        frame.loops = (*frame.loops, loop)
        read(frame, element, argument.value.split("."), item.at)
        frame.loops = frame.loops[:-1]
    return Sequence(element)


def read(frame: TemplateFrame, value: AbstractValue, path: list[str], at: int) -> AbstractValue:
    """``value.a.b`` for a path given as text."""
    for name in path:
        value = look_up(frame, value, name, at)
    return value
