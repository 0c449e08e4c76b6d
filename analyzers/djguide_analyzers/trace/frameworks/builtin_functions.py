"""Python's own functions over iterables."""

from __future__ import annotations

from typing import Any

from djguide_analyzers.facts import ir
from djguide_analyzers.trace import attributes, calls, iteration, querysets
from djguide_analyzers.trace.arguments import Arguments
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.frameworks.registry import models
from djguide_analyzers.trace.values import (
    NONE,
    SCALAR,
    UNKNOWN,
    AbstractValue,
    ClassValue,
    Constant,
    Mapping,
    ObjectValue,
    QuerySetValue,
    Row,
    Sequence,
)


def consume(frame: Frame, node: ir.Call, args: Arguments, position: int = 0) -> AbstractValue:
    """Iterate the argument at `position` fully; its element."""
    if position >= len(args.positional) or position >= len(node.args):
        return UNKNOWN
    element, _ = iteration.iterate(frame, args.positional[position], node.args[position], node.at)
    return element


def per_item(
    frame: Frame, node: ir.Call, args: Arguments, func: AbstractValue, position: int = 0
) -> AbstractValue:
    """Call `func` once for each item of the argument at `position`; what it returns."""
    if position >= len(args.positional) or position >= len(node.args):
        return UNKNOWN
    element, loop = iteration.iterate(
        frame, args.positional[position], node.args[position], node.at, comprehension=True
    )
    frame.loops = (*frame.loops, loop)
    try:
        return calls.call_value(frame, node, func, element)
    finally:
        frame.loops = frame.loops[:-1]


@models(
    "builtins.list",
    "builtins.tuple",
    "builtins.set",
    "builtins.frozenset",
    "builtins.reversed",
    "builtins.iter",
)
def _collect(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    if not args.positional:
        return Sequence(UNKNOWN, ())
    source = args.positional[0]
    items = source.items if isinstance(source, Sequence) else None
    few = iteration.is_short(frame, source)
    return Sequence(consume(frame, node, args), items, few=few)


@models("builtins.sorted", "builtins.min", "builtins.max")
def _ordered(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    key = args.keywords.get("key")
    few = args.first is not None and iteration.is_short(frame, args.first)
    element = consume(frame, node, args)
    if key is not None and args.positional:
        again = Arguments([Sequence(element), *args.positional[1:]], args.keywords)
        per_item(frame, node, again, key)
    if isinstance(node.func, ir.Name) and node.func.id != "sorted":
        return element if len(args.positional) == 1 else UNKNOWN
    return Sequence(element, few=few)


@models("builtins.sum", "builtins.any", "builtins.all")
def _fold(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    consume(frame, node, args)
    return SCALAR


@models("builtins.map")
def _map(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    return Sequence(per_item(frame, node, args, args.positional[0], 1)) if args.positional else UNKNOWN


@models("builtins.filter")
def _filter(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    if len(args.positional) < 2:
        return UNKNOWN
    element = consume(frame, node, args, 1)
    per_item(frame, node, Arguments([args.positional[0], Sequence(element)]), args.positional[0], 1)
    return Sequence(element)


@models("builtins.enumerate")
def _enumerate(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    few = args.first is not None and iteration.is_short(frame, args.first)
    return Sequence(Sequence(UNKNOWN, (SCALAR, consume(frame, node, args))), few=few)


@models("builtins.zip")
def _zip(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    few = any(iteration.is_short(frame, value) for value in args.positional)
    elements = tuple(consume(frame, node, args, number) for number in range(len(args.positional)))
    return Sequence(Sequence(UNKNOWN, elements), few=few)


@models("builtins.range")
def _range(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    return Sequence(SCALAR, few=all(isinstance(value, Constant) for value in args.positional))


@models("builtins.next")
def _next(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    first = args.first
    return first.element if isinstance(first, Sequence) else UNKNOWN


@models("builtins.len")
def _len(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    if isinstance(args.first, QuerySetValue):
        querysets.run_query(frame, args.first, "len", node)
    return SCALAR


@models("builtins.bool")
def _bool(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    if isinstance(args.first, QuerySetValue):
        querysets.run_query(frame, args.first, "bool", node)
    return SCALAR


@models("builtins.str", "builtins.print", "builtins.repr", "builtins.format")
def _text(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    for value, part in zip(args.positional, node.args, strict=False):
        calls.to_text(frame, value, part)
    return NONE if isinstance(node.func, ir.Name) and node.func.id == "print" else SCALAR


@models("builtins.int", "builtins.float", "builtins.abs", "builtins.round", "builtins.hash", "builtins.id")
def _number(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    return SCALAR


@models("builtins.isinstance", "builtins.issubclass", "builtins.callable")
def _test(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    return SCALAR


@models("builtins.type")
def _type(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    match args.first:
        case Row(model=label) if (model := frame.project.models.get(label)) is not None:
            return ClassValue(model.cls)
        case ObjectValue(cls=cls):
            return ClassValue(cls)
        case _:
            return UNKNOWN


@models("builtins.getattr", "builtins.hasattr")
def _attribute(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    row, name = args.first, args.get(1, "name")
    if isinstance(row, Row) and isinstance(name, Constant) and isinstance(name.value, str):
        value = attributes.row_attribute(frame, node, row, name.value)
        return value if isinstance(node.func, ir.Name) and node.func.id == "getattr" else SCALAR
    return UNKNOWN


def _entries(pairs: tuple[AbstractValue, ...]) -> tuple[tuple[Any, AbstractValue], ...] | None:
    """What a dictionary is made of that is given pairs one by one; None where a key is not known."""
    found: list[tuple[Any, AbstractValue]] = []
    for pair in pairs:
        items = pair.items if isinstance(pair, Sequence) else None
        if items is None or len(items) != 2 or not isinstance(items[0], Constant):
            return None
        found.append((items[0].value, items[1]))
    return tuple(found)


@models("builtins.dict")
def _dict(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    if not args.positional:
        return Mapping(tuple(args.keywords.items()))
    if isinstance(args.first, Mapping):
        return Mapping((*args.first.entries, *args.keywords.items()), args.first.element, args.first.key)
    source = args.first
    if isinstance(source, Sequence) and source.items and (entries := _entries(source.items)):
        return Mapping((*entries, *args.keywords.items()))
    element = consume(frame, node, args)
    if isinstance(element, Sequence) and element.items is not None and len(element.items) == 2:
        return Mapping((), element.items[1], element.items[0])
    return UNKNOWN
