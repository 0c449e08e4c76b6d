"""Methods of lists, dictionaries, strings and other plain objects."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.trace import calls, iteration, querysets, storing
from djguide_analyzers.trace.arguments import Arguments
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.joining import join, join_all, join_mappings
from djguide_analyzers.trace.values import (
    NONE,
    SCALAR,
    UNKNOWN,
    AbstractValue,
    Constant,
    Mapping,
    Page,
    Paginator,
    Sequence,
)


def call_method(
    frame: Frame, node: ir.Call, receiver: AbstractValue, name: str, args: Arguments
) -> AbstractValue:
    """``receiver.name(...)`` for a plain Python object."""
    match receiver:
        case Sequence():
            return _sequence(frame, node, receiver, name, args)
        case Mapping():
            return _mapping(frame, node, receiver, name, args)
        case Paginator(items=items) if name in ("page", "get_page"):
            return Page(querysets.part_of(frame, items))
        case Constant(value=str()):
            return _text(frame, node, name, args)
        case _:
            return UNKNOWN


def _sequence(frame: Frame, node: ir.Call, receiver: Sequence, name: str, args: Arguments) -> AbstractValue:
    if name in ("append", "add", "insert", "extend") and args.positional:
        value = args.positional[-1]
        if name == "extend":
            value, _ = iteration.iterate(frame, value, node.args[-1], node.at)
        if isinstance(node.func, ir.Attr):
            storing.store(frame, node.func.value, join(receiver, Sequence(value)))
        return NONE
    if name == "sort" and "key" in args.keywords:
        element, loop = iteration.iterate(frame, receiver, node, node.at, comprehension=True)
        frame.loops = (*frame.loops, loop)
        calls.call_value(frame, node, args.keywords["key"], element)
        frame.loops = frame.loops[:-1]
    if name in ("sort", "reverse", "remove", "clear"):
        return NONE
    if name == "pop":
        return receiver.element
    if name in ("copy", "difference", "intersection"):
        return receiver
    if name == "union":
        others = (value for value in args.positional if isinstance(value, Sequence))
        return Sequence(join_all([receiver.element, *(other.element for other in others)]))
    return SCALAR if name in ("index", "count") else UNKNOWN


def _mapping(frame: Frame, node: ir.Call, receiver: Mapping, name: str, args: Arguments) -> AbstractValue:
    element = receiver.element
    for _, value in receiver.entries:
        element = value if element is UNKNOWN and not receiver.entries[1:] else join(element, value)
    if name == "get" or name == "pop":
        return receiver.get(args.first.value) if isinstance(args.first, Constant) else element
    few = bool(receiver.entries)
    if name == "values":
        return Sequence(element, few=few)
    if name == "keys":
        return Sequence(receiver.key, few=few)
    if name == "items":
        return Sequence(Sequence(UNKNOWN, (receiver.key, element)), few=few)
    if name == "copy":
        return receiver
    if name == "setdefault" and len(args.positional) > 1:
        value = join(element, args.positional[1]) if element is not UNKNOWN else args.positional[1]
        storing.store(frame, node, value)
        return value
    if name == "update" and isinstance(node.func, ir.Attr):
        given = [value for value in args.positional if isinstance(value, Mapping)]
        for other in (*given, Mapping(tuple(args.keywords.items()))):
            receiver = join_mappings(receiver, other)
        storing.store(frame, node.func.value, receiver)
        return NONE
    return UNKNOWN


def _text(frame: Frame, node: ir.Call, name: str, args: Arguments) -> AbstractValue:
    if name == "format":
        for value, part in zip(args.positional, node.args, strict=False):
            calls.to_text(frame, value, part)
    if name == "join" and args.positional and node.args:
        iteration.iterate(frame, args.positional[0], node.args[0], node.at)
    return SCALAR
