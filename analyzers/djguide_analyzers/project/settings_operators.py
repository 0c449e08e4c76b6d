"""Python's operators over the options of a value; what would be costly or is not known gives `Unknown`."""

from __future__ import annotations

import operator
import posixpath
import re
from collections.abc import Callable, Iterable
from typing import Any

from djguide_analyzers.project.settings_parts import concatenate, overwritten
from djguide_analyzers.project.settings_values import (
    Const,
    Instance,
    Item,
    Map,
    Missing,
    Option,
    PathValue,
    Ref,
    Seq,
    Slot,
    Symbol,
    Unknown,
    Value,
    const,
    item_key,
    union,
    unknown,
)

MAX_TEXT = 10_000
_MAX_NUMBER = 1 << 63

_NUMERIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "&": operator.and_, "|": operator.or_, "^": operator.xor,
}  # fmt: skip
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_PLAIN_FORMAT = re.compile(r"%(?:\(\w+\))?[sdr%]")


def binary(left: Value, op: str, right: Value) -> Value:
    """``left op right`` for every pair of options."""
    return union(_binary(one, op, other) for one in left.options for other in right.options)


def _binary(one: Option, op: str, other: Option) -> Value:
    if op == "+" and (isinstance(one, Seq) or isinstance(other, Seq)):
        return Value((concatenate(one, other),))
    if op in {"/", "-", "+"} and isinstance(one, PathValue):
        return _path_operation(one, op, other)
    if op == "+" and isinstance(one, Const) and isinstance(other, PathValue):
        return const(f"{one.value}{other.path}")
    if op == "/" and isinstance(one, Const) and isinstance(one.value, str) and isinstance(other, PathValue):
        return path(join_path(one.value, other.path))
    if op == "|":
        return _merge(one, other)
    if op == "%" and isinstance(one, Const) and isinstance(one.value, str):
        return _percent(one.value, other)
    if isinstance(one, Const) and isinstance(other, Const):
        return _constants(one.value, op, other.value)
    return unknown(f"{op} of an unknown value")


def _path_operation(one: PathValue, op: str, other: Option) -> Value:
    text = text_of(other)
    if op == "/" and text is not None:
        return path(join_path(one.path, text))
    if op == "+" and text is not None:
        return path(one.path + text)
    if op == "-" and isinstance(other, Const) and isinstance(other.value, int) and 0 < other.value < 100:
        folder = one.path  # django-environ: Path - 2 goes two folders up
        for _ in range(other.value):
            folder = posixpath.dirname(folder)
        return path(folder)
    return unknown("path")


def _merge(one: Option, other: Option) -> Value:
    if isinstance(one, Map):
        return Value((update(one, other),))
    if isinstance(one, Seq) and one.kind == "set":
        return Value((concatenate(one, other),))
    if isinstance(one, Const) and isinstance(other, Const):
        return _constants(one.value, "|", other.value)
    return unknown("| of an unknown value")


def update(one: Map, other: Option) -> Map:
    """A mapping after ``one.update(other)``."""
    if not isinstance(other, Map):
        return overwritten(one)
    if other.open:
        one = overwritten(one, frozenset(other.slots))
    slots = dict(one.slots)
    for key, slot in other.slots.items():
        before = slots.get(key)
        if slot.certain or before is None:
            slots[key] = slot
        else:
            slots[key] = Slot(union((before.value, slot.value)), before.certain)
    return Map(slots, one.open or other.open)


def _constants(one: Any, op: str, other: Any) -> Value:
    if isinstance(one, str) and isinstance(other, str) and op == "+":
        return const(one + other) if len(one) + len(other) <= MAX_TEXT else unknown("long text")
    if isinstance(one, (int, float)) and isinstance(other, (int, float)) and op in _NUMERIC:
        try:
            result = _NUMERIC[op](one, other)
        except (ArithmeticError, TypeError):
            return unknown(op)
        return const(result) if abs(result) < _MAX_NUMBER else unknown("large number")
    if (
        op == "**"
        and isinstance(one, int)
        and isinstance(other, int)
        and abs(one) < 1 << 16
        and 0 <= other <= 4
    ):
        return const(one**other)
    if op == "*" and isinstance(one, str) and isinstance(other, int) and len(one) * other <= MAX_TEXT:
        return const(one * other)
    return unknown(op)


def _percent(text: str, other: Option) -> Value:
    """``%`` formatting without widths, which could ask for any amount of memory."""
    if len(_PLAIN_FORMAT.findall(text)) != text.count("%") - text.count("%%"):
        return unknown("formatting")
    if isinstance(other, Seq) and other.kind == "tuple" and not other.open:
        values: Any = tuple(text_or_number(item.value) for item in other.items)
        known = all(value is not None for value in values)
    elif isinstance(other, Map) and not other.open:
        values = {str(key): text_or_number(slot.value) for key, slot in other.slots.items()}
        known = all(value is not None for value in values.values())
    else:
        values = text_or_number(Value((other,)))
        known = values is not None
    if not known:
        return unknown("formatting")
    try:
        return limited(text % values)
    except (TypeError, ValueError, KeyError):
        return unknown("formatting")


# --- conditions ------------------------------------------------------------------------------------------


def truth(value: Value) -> bool | None:
    """Whether a value is true; None when that is not known."""
    results = {_truth(option) for option in value.options}
    return results.pop() if len(results) == 1 else None


def _truth(option: Option) -> bool | None:
    match option:
        case Const(value=constant):
            return bool(constant)
        case Seq(items=parts, open=is_open):
            if any(item.certain for item in parts):
                return True
            return None if parts or is_open else False
        case Map(slots=slots, open=is_open):
            if any(slot.certain for slot in slots.values()):
                return True
            return None if slots or is_open else False
        case PathValue() | Ref():
            return True
    return None


def booleans(value: Value) -> Value:
    """``bool(value)``."""
    results = [_truth(option) for option in value.options]
    return union(unknown("truth of an unknown value") if known is None else const(known) for known in results)


def negate(value: Value) -> Value:
    """``not value``."""
    results = [_truth(option) for option in value.options]
    return union(unknown("not") if known is None else const(not known) for known in results)


def filtered(value: Value, wanted: bool) -> Value:
    """`value` where it is known to be true (or false): the options that can't be are left out."""
    options = tuple(option for option in value.options if _truth(option) is not (not wanted))
    return Value(options, value.places) if options else value


def compare(left: Value, op: str, right: Value) -> bool | None:
    """One comparison; None when it is not known."""
    results = {_compare(one, op, other) for one in left.options for other in right.options}
    return results.pop() if len(results) == 1 else None


def _compare(one: Option, op: str, other: Option) -> bool | None:
    if op in {"in", "not in"}:
        found = _contains(other, one)
        return found if found is None or op == "in" else not found
    if op in {"==", "!=", "is", "is not"}:
        same = _equal(one, other)
        return same if same is None or op in {"==", "is"} else not same
    if isinstance(one, Const) and isinstance(other, Const) and op in _ORDER:
        try:
            return _ORDER[op](one.value, other.value)
        except TypeError:
            return None
    return None


def _equal(one: Option, other: Option) -> bool | None:
    if isinstance(one, Const) and isinstance(other, Const):
        return one.value == other.value
    if _is_vague(one) or _is_vague(other):
        return None
    if type(one) is not type(other):
        return False
    return None


def _is_vague(option: Option) -> bool:
    return isinstance(option, (Unknown, Missing, Symbol, Instance, Ref))


def _contains(container: Option, item: Option) -> bool | None:
    if not isinstance(item, (Const, PathValue)):
        return None
    if isinstance(container, Const) and isinstance(container.value, str) and isinstance(item, Const):
        return item.value in container.value if isinstance(item.value, str) else None
    if isinstance(container, Map):
        if not isinstance(item, Const):
            return None
        slot = container.slots.get(item.value)
        return True if slot and slot.certain else None if slot or container.open else False
    if isinstance(container, Seq):
        wanted = _item_key_of(item)
        for part in container.items:
            if part.certain and item_key(part) == wanted:
                return True
        possible = any(_may_equal(part.value, item) for part in container.items)
        return None if container.open or possible else False
    return None


def _item_key_of(option: Option) -> Any:
    """The key under which `settings_values.item_key` knows a single option."""
    return item_key(Item(Value((option,)), True))


def _may_equal(value: Value, item: Option) -> bool:
    return any(_equal(option, item) is not False for option in value.options)


# --- texts and paths -------------------------------------------------------------------------------------


def text_of(option: Option) -> str | None:
    """The text that ``str()`` gives, for text and paths."""
    if isinstance(option, PathValue):
        return option.path
    if isinstance(option, Const) and isinstance(option.value, str):
        return option.value
    return None


def text_or_number(value: Value) -> str | int | float | None:
    """The one text or number that `value` is; None otherwise."""
    option = value.only
    if isinstance(option, Const) and isinstance(option.value, (int, float)):
        return option.value
    return None if option is None else text_of(option)


def limited(text: str) -> Value:
    return const(text) if len(text) <= MAX_TEXT else unknown("long text")


def path(text: str) -> Value:
    return Value((PathValue(text),)) if len(text) <= MAX_TEXT else unknown("long path")


def join_path(folder: str, *parts: str) -> str:
    """``os.path.join`` on POSIX paths, normalised."""
    return posixpath.normpath(posixpath.join(folder, *parts)) if folder or parts else ""


def texts(values: Iterable[Value]) -> list[str] | None:
    """The texts that all `values` are; None if one is something else."""
    result: list[str] = []
    for value in values:
        text = None if value.only is None else text_of(value.only)
        if text is None:
            return None
        result.append(text)
    return result
