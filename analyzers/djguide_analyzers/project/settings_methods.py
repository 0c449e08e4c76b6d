"""Methods of text, paths, lists and dictionaries, without and with effect on the object."""

from __future__ import annotations

import posixpath
import string
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from djguide_analyzers.project import settings_operators as ops
from djguide_analyzers.project.settings_parts import concatenate, delete_item, overwritten, set_item, soften
from djguide_analyzers.project.settings_values import (
    MAX_ITEMS,
    Const,
    Item,
    Map,
    Missing,
    Option,
    PathValue,
    Seq,
    Slot,
    Unknown,
    Value,
    const,
    from_python,
    get_item,
    item_key,
    sequence,
    union,
    unknown,
)

if TYPE_CHECKING:
    from djguide_analyzers.project.settings_eval import Expressions

_TEXT_METHODS = {
    "capitalize", "casefold", "count", "endswith", "find", "isdigit", "lower", "lstrip", "partition",
    "removeprefix", "removesuffix", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith",
    "strip", "swapcase", "title", "upper",
}  # fmt: skip
"""Methods whose result is never larger than the text."""

CHANGING = {
    "add", "append", "clear", "difference_update", "discard", "extend", "insert", "pop", "popitem", "remove",
    "reverse", "setdefault", "sort", "update",
}  # fmt: skip
"""Methods that change the list, set or dictionary they are called on."""


def call_method(
    evaluator: Expressions, option: Option, name: str, args: list[Value], keywords: dict[str, Value]
) -> Value | None:
    """The result of ``option.name(...)``; None for methods nobody knows."""
    args = [evaluator.force(value) for value in args]
    match option:
        case Const(value=str(text)):
            return _text_method(evaluator, text, name, args, keywords)
        case Const(value=bytes()) if name == "decode":
            return unknown("decode()")
        case PathValue(path=text):
            return _path_method(text, name, args)
        case Map():
            return _map_method(option, name, args)
        case Seq():
            return _sequence_method(option, name, args)
    return None


def _text_method(
    evaluator: Expressions, text: str, name: str, args: list[Value], keywords: dict[str, Value]
) -> Value:
    if name == "format":
        return _format(text, args, {key: evaluator.force(value) for key, value in keywords.items()})
    if name == "join" and len(args) == 1:
        items, is_open = evaluator.iterate(args[0])
        parts = ops.texts(item.value for item in items)
        if parts is None or is_open or not all(item.certain for item in items):
            return unknown("join()")
        size = sum(map(len, parts)) + len(text) * len(parts)
        return const(text.join(parts)) if size <= ops.MAX_TEXT else unknown("long text")
    constants = [value.constant for value in args]
    if keywords or not all(value.certain for value in args):
        return unknown(f"{name}()")
    if name == "replace" and len(constants) == 2 and all(isinstance(c, str) for c in constants):
        old, new = constants
        fits = (text.count(old) + 1) * len(new) + len(text) <= ops.MAX_TEXT
        return const(text.replace(old, new)) if fits else unknown("long text")
    if name in _TEXT_METHODS:
        try:
            return from_python(getattr(text, name)(*constants))
        except (TypeError, ValueError):
            return unknown(f"{name}()")
    return unknown(f"{name}()")


def _format(text: str, args: list[Value], keywords: dict[str, Value]) -> Value:
    """``str.format`` with plain fields; specs could ask for any amount of memory."""
    try:
        fields = list(string.Formatter().parse(text))
    except ValueError:
        return unknown("format()")
    simple = all(
        not spec and not conv and (f is None or f.isidentifier() or not f or f.isdigit())
        for _, f, spec, conv in fields
    )
    values = [ops.text_or_number(value) for value in args]
    named = {name: ops.text_or_number(value) for name, value in keywords.items()}
    if not simple or None in values or None in named.values():
        return unknown("format()")
    try:
        return ops.limited(text.format(*values, **named))
    except (LookupError, ValueError):
        return unknown("format()")


def split_text(text: str, separator: str) -> Value:
    """The parts of a text as a list, white space around them removed."""
    return from_python([part.strip() for part in text.split(separator) if part.strip()][:MAX_ITEMS])


def number(kind: str, value: Any) -> Value:
    """``int(value)`` or ``float(value)``."""
    if not isinstance(value, (int, float, str)) or (isinstance(value, str) and len(value) > 40):
        return unknown(kind)
    try:
        return const(int(value) if kind == "int" else float(value))
    except (ValueError, OverflowError):
        return unknown(kind)


# --- paths -----------------------------------------------------------------------------------------------


def parent(text: str) -> Value:
    """The folder of a path."""
    return ops.path(posixpath.dirname(text))


def _path_method(text: str, name: str, args: list[Value]) -> Value:
    parts = ops.texts(args)
    match name:
        case "resolve" | "absolute":
            return ops.path(posixpath.normpath(text))
        case "as_posix" | "__str__":
            return const(text)
        case "replace" if parts == ["\\", "/"]:
            return ops.path(text)  # paths are in this form already
        case "joinpath" | "path" if parts is not None:
            return ops.path(ops.join_path(text, *parts))
        case "with_name" if parts:
            return ops.path(ops.join_path(posixpath.dirname(text), parts[0]))
        case "with_suffix" if parts:
            return ops.path(posixpath.splitext(text)[0] + parts[0])
        case "ancestor" if args and type(args[0].constant) is int:  # unipath
            folder = text
            for _ in range(min(args[0].constant, 50)):
                folder = posixpath.dirname(folder)
            return ops.path(folder)
        case "child" if parts is not None:  # unipath
            return ops.path(ops.join_path(text, *parts))
        case "mkdir":
            return const(None)
    return unknown(f"path.{name}()")


# --- containers, read ------------------------------------------------------------------------------------


def _map_method(option: Map, name: str, args: list[Value]) -> Value:
    key = args[0].only if args else None
    match name:
        case "get" | "pop" | "setdefault" if isinstance(key, Const):
            found = get_item(option, key.value)
            default = args[1] if len(args) > 1 else const(None)
            present = tuple(o for o in found.options if not isinstance(o, Missing))
            if len(present) == len(found.options):
                return found
            return union((Value(present, found.places), default)) if present else default
        case "get" if args and len(args[0].options) > 1:
            one_by_one = (Value((each,), args[0].places) for each in args[0].options)
            return union(_map_method(option, name, [each, *args[1:]]) for each in one_by_one)
        case "keys":
            return Value((_listed(option, lambda key, slot: const(key)),))
        case "values":
            return Value((_listed(option, lambda key, slot: slot.value),))
        case "items":
            return Value((_listed(option, _pair),))
        case "copy":
            return Value((option,))
    return unknown(f"dict.{name}()")


def _listed(option: Map, part: Callable[[Any, Slot], Value]) -> Seq:
    items = (Item(part(key, slot), slot.certain) for key, slot in option.slots.items())
    return sequence("list", items, option.open)


def _pair(key: Any, slot: Slot) -> Value:
    return Value((Seq("tuple", (Item(const(key), True), Item(slot.value, True))),))


def _sequence_method(option: Seq, name: str, args: list[Value]) -> Value:
    if name == "copy":
        return Value((option,))
    if name in {"union", "difference", "intersection"} and option.kind == "set" and len(args) == 1:
        if name == "union":
            return union(Value((concatenate(option, other),)) for other in args[0].options)
        return Value((soften(option),))
    if name == "index" and args and not option.open:
        keys = [item_key(item) for item in option.items]
        wanted = item_key(Item(args[0], True))
        if wanted in keys and all(item.certain for item in option.items):
            return const(keys.index(wanted))
    return unknown(f"list.{name}()")


def as_map(evaluator: Expressions, option: Option) -> Map:
    """What ``dict(option)`` gives: of a mapping, or of pairs."""
    if isinstance(option, Map):
        return option
    if not isinstance(option, Seq):
        return Map({}, True)
    slots: dict[Any, Slot] = {}
    is_open = option.open
    for item in option.items:
        pair = evaluator.force(item.value).only
        key = pair.items[0].value.only if isinstance(pair, Seq) and len(pair.items) == 2 else None
        if isinstance(pair, Seq) and isinstance(key, Const):
            slots[key.value] = Slot(pair.items[1].value, item.certain)
        else:
            is_open = True
    return Map(slots, is_open)


# --- containers, changed ---------------------------------------------------------------------------------


def change(
    evaluator: Expressions, option: Option, name: str, args: list[Value], keywords: dict[str, Value]
) -> Option:
    """`option` after ``option.name(...)`` changed it."""
    args = [evaluator.force(value) for value in args]
    if isinstance(option, Seq):
        return _change_sequence(evaluator, option, name, args)
    if isinstance(option, Map):
        return _change_map(evaluator, option, name, args, keywords)
    return option if isinstance(option, (Const, PathValue)) else Unknown(f"changed by {name}()")


def _change_sequence(evaluator: Expressions, option: Seq, name: str, args: list[Value]) -> Option:
    items = option.items
    match name, args:
        case "append" | "add", [value]:
            if option.kind == "set" and item_key(Item(value, True)) in [
                item_key(i) for i in items if i.certain
            ]:
                return option
            return sequence(option.kind, (*items, Item(value, True)), option.open)
        case "extend", [value]:
            more, is_open = evaluator.iterate(value)
            return sequence(option.kind, (*items, *more), option.open or is_open)
        case "update", _ if option.kind == "set":
            result: Option = option
            for value in args:
                more, is_open = evaluator.iterate(value)
                result = concatenate(result, Seq("set", tuple(more), is_open))
            return result
        case "insert", [index, value]:
            place = index.constant
            if type(place) is int and not option.open and all(item.certain for item in items):
                whole = list(items)
                whole.insert(place, Item(value, True))
                return sequence(option.kind, whole)
            head = type(place) is int and place == 0
            added = (Item(value, True), *items) if head else (*items, Item(value, True))
            return sequence(option.kind, added, option.open)
        case "remove" | "discard", [value]:
            return _without(option, value)
        case "reverse", []:
            return sequence(option.kind, items[::-1], option.open)
        case "sort", _:
            return option
        case "clear", []:
            return Seq(option.kind)
        case "pop", [] if items and items[-1].certain and not option.open:
            return Seq(option.kind, items[:-1])
        case "pop", [index] if type(index.constant) is int and not option.open:
            if all(item.certain for item in items) and -len(items) <= index.constant < len(items):
                whole = list(items)
                del whole[index.constant]
                return Seq(option.kind, tuple(whole))
    return soften(option)


def _without(option: Seq, value: Value) -> Option:
    """The sequence without the first item equal to `value`.

    Where it is not certain which item that is, all that it may be are less certain than before.
    """
    wanted = item_key(Item(value, True)) if isinstance(value.only, (Const, PathValue)) else None
    items: list[Item] = []
    removed = False
    for item in option.items:
        if not removed and wanted is not None and item_key(item) == wanted and item.certain:
            removed = True
            if any(item_key(other) == wanted for other in items):
                items.append(Item(item.value, False))  # it is this one or one before it
                first = next(number for number, other in enumerate(items) if item_key(other) == wanted)
                del items[first]
        elif not removed and (wanted is None or not isinstance(item.value.only, (Const, PathValue))):
            items.append(Item(item.value, False))
        else:
            items.append(item)
    if not removed and wanted is not None:
        first = next((number for number, item in enumerate(items) if item_key(item) == wanted), None)
        if first is not None and not option.open:
            del items[first]
    return sequence(option.kind, items, option.open)


def _change_map(
    evaluator: Expressions, option: Map, name: str, args: list[Value], keywords: dict[str, Value]
) -> Option:
    key = args[0].only if args else None
    match name:
        case "update":
            result: Map = option
            for value in args[:1]:
                merged = union(Value((ops.update(result, as_map(evaluator, o)),)) for o in value.options).only
                result = merged if isinstance(merged, Map) else overwritten(result)
            return ops.update(result, Map({key: Slot(value, True) for key, value in keywords.items()}))
        case "setdefault" if isinstance(key, Const):
            slot = option.slots.get(key.value)
            default = args[1] if len(args) > 1 else const(None)
            if slot is not None and slot.certain:
                return option
            value = (
                default
                if slot is None and not option.open
                else union((default, _map_method(option, "get", args)))
            )
            return set_item(option, key, value)
        case "pop" if key is not None:
            return delete_item(option, key)
        case "clear":
            return Map({})
    return soften(option)
