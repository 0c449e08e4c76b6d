"""Putting values into lists and dictionaries, wherever these are held: in variables, attributes, or one another."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.joining import join
from djguide_analyzers.trace.values import (
    UNKNOWN,
    AbstractValue,
    Constant,
    Mapping,
    ObjectValue,
    Sequence,
)


def store(frame: Frame, place: ir.Expr, value: AbstractValue) -> None:
    """The list or dictionary at `place`, which has been evaluated, is `value` from now on."""
    match place:
        case ir.Name(id=name):
            holder: Frame | None = frame
            while holder is not None and name not in holder.env:
                holder = holder.parent
            if holder is not None:
                holder.env[name] = value
        case ir.Attr(value=base, name=name):
            owner = _held(frame, base)
            if isinstance(owner, ObjectValue):
                frame.run.set_loaded(owner, name, value)
        case ir.Subscript(value=base, index=index) if not isinstance(index, ir.Slice):
            store_item(frame, base, frame.value_at(index), value)
        case ir.Call(func=ir.Attr(value=base, name="setdefault"), args=[index, *_]):
            store_item(frame, base, frame.value_at(index), value)
        case _:
            pass


def store_item(frame: Frame, base: ir.Expr, key: AbstractValue, value: AbstractValue) -> None:
    """``base[key] = value``."""
    match _held(frame, base):
        case Mapping() as held if isinstance(key, Constant):
            entries = tuple(entry for entry in held.entries if entry[0] != key.value)
            store(frame, base, Mapping((*entries, (key.value, value)), held.element, held.key))
        case Mapping() as held:
            empty = not held.entries and held.element is UNKNOWN
            element = value if empty else join(held.element, value)
            store(frame, base, Mapping(held.entries, element, key))
        case Sequence() as held:
            store(frame, base, join(held, Sequence(value)))
        case _:
            pass


def _held(frame: Frame, place: ir.Expr) -> AbstractValue:
    """What is held at `place` at this moment, which has been evaluated before."""
    match place:
        case ir.Name(id=name):
            return frame.lookup(name) or UNKNOWN
        case ir.Attr(value=base, name=name):
            owner = _held(frame, base)
            held = frame.run.get_loaded(owner, name) if isinstance(owner, ObjectValue) else None
            return held or frame.value_at(place)
        case (
            ir.Subscript(value=base, index=index)
            | ir.Call(func=ir.Attr(value=base, name="setdefault"), args=[index, *_])
        ):
            container, key = _held(frame, base), frame.value_at(index)
            if not isinstance(container, Mapping):
                return frame.value_at(place)
            return container.get(key.value) if isinstance(key, Constant) else container.element
        case _:
            return frame.value_at(place)
