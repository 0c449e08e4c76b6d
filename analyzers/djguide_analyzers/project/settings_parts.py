"""Parts of a value's options: setting, deleting, concatenating, iterating. Nothing is changed in place."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.project.settings_values import (
    MAX_ITEMS,
    Const,
    Item,
    Map,
    Option,
    Scalar,
    Seq,
    Slot,
    Value,
    const,
    sequence,
    union,
    unknown,
)


def set_item(option: Option, key: Option, value: Value) -> Option:
    """An option after ``option[key] = value``."""
    if isinstance(option, Seq) and isinstance(key, Const) and isinstance(key.value, int):
        items = list(option.items)
        if not option.open and -len(items) <= key.value < len(items) and all(i.certain for i in items):
            items[key.value] = Item(value, True)
            return Seq(option.kind, tuple(items))
        return Seq(option.kind, option.items, True)
    base = option if isinstance(option, Map) else Map({}, open=True)
    if isinstance(key, Const):
        return Map({**base.slots, key.value: Slot(value, True)}, base.open)
    return overwritten(base)


def overwritten(option: Map, kept: frozenset[Scalar] = frozenset()) -> Map:
    """A mapping after unknown entries were added, which may replace all but the `kept` ones."""
    slots = {
        key: slot if key in kept else Slot(union((slot.value, unknown("may be replaced"))), slot.certain)
        for key, slot in option.slots.items()
    }
    return Map(slots, True)


def delete_item(option: Option, key: Option) -> Option:
    """An option after ``del option[key]``."""
    if isinstance(option, Map):
        if isinstance(key, Const):
            return Map({k: slot for k, slot in option.slots.items() if k != key.value}, option.open)
        return Map({k: Slot(slot.value, False) for k, slot in option.slots.items()}, option.open)
    return soften(option)


def soften(option: Option) -> Option:
    """An option after something unknown may have changed it in place."""
    if isinstance(option, Seq):
        return Seq(option.kind, tuple(Item(item.value, False) for item in option.items), True)
    if isinstance(option, Map):
        changed = overwritten(option)
        return Map({key: Slot(slot.value, False) for key, slot in changed.slots.items()}, True)
    return option


def concatenate(one: Option, other: Option) -> Option:
    """``one + other`` where at least one is a sequence; the unknown side makes the result open."""
    if isinstance(one, Seq):
        if isinstance(other, Seq):
            return sequence(one.kind, (*one.items, *other.items), one.open or other.open)
        return Seq(one.kind, one.items, True)
    assert isinstance(other, Seq)
    return Seq(other.kind, other.items, True)


def elements(option: Option) -> Iterator[Item] | None:
    """What iterating an option gives; None when that is not known. The caller looks at `open`."""
    match option:
        case Seq(items=items):
            return iter(items)
        case Map(slots=slots):
            return (Item(const(key), slot.certain) for key, slot in slots.items())
        case Const(value=str(text)) if len(text) < MAX_ITEMS:
            return (Item(const(char), True) for char in text)
    return None


def weight(value: Value, limit: int, depth: int) -> int:
    """How many parts a value has, counted up to `limit`; what is shared counts each time.

    `limit` as well when it is nested deeper than `depth`.
    """
    count, level = 0, [value]
    for _ in range(depth):
        below: list[Value] = []
        for part in level:
            for option in part.options:
                count += 1
                if isinstance(option, Seq):
                    below += [item.value for item in option.items]
                elif isinstance(option, Map):
                    below += [slot.value for slot in option.slots.values()]
            if count + len(below) >= limit:
                return limit
        if not below:
            return count
        level = below
    return limit
