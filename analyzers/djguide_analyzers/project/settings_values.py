"""What a name in a settings module may hold: a set of alternatives with certainty.

A `Value` is a few *options*, one of which holds at runtime. Lists and dictionaries that differ between
branches are merged into one option whose items say for themselves whether they are always there, so that ten
independent ``if DEBUG: INSTALLED_APPS += [...]`` cost ten uncertain items and not a thousand alternatives.
All of it is immutable.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Any, Literal, NamedTuple, Union

from msgspec import Struct

Scalar = Union[None, bool, int, float, str, bytes]

MAX_OPTIONS = 8
MAX_ITEMS = 5_000


class SettingPlace(NamedTuple):
    """Where a value was written: dotted module, its file, zero-based line."""

    module: str
    path: str
    line: int


class Unknown(Struct, frozen=True):
    """A value that the text does not tell; `reason` is for people and does not count in comparisons."""

    reason: str = ""


class Missing(Struct, frozen=True):
    """The name is not set (on some path through the module)."""


class Const(Struct, frozen=True):
    value: Scalar


class PathValue(Struct, frozen=True):
    """A path, as a string or a `pathlib.Path`; POSIX form, absolute if it starts from ``__file__``."""

    path: str


class Item(NamedTuple):
    """An element of a sequence, and whether it is there on every path."""

    value: Value
    certain: bool


class Seq(Struct, frozen=True):
    """A list, tuple or set. `open`: there may be more items, at unknown places."""

    kind: Literal["list", "tuple", "set"]
    items: tuple[Item, ...] = ()
    open: bool = False


class Slot(NamedTuple):
    """An entry of a mapping, and whether it is there on every path."""

    value: Value
    certain: bool


class Map(Struct, frozen=True):
    """A dictionary with constant keys. `open`: there may be more entries."""

    slots: dict[Scalar, Slot]
    open: bool = False


class Symbol(Struct, frozen=True):
    """Something known by its dotted name only: what an import brings, a builtin, ``environ.Env()``."""

    dotted: str


class Instance(Struct, frozen=True):
    """An object of class `dotted` with what is known of its attributes."""

    dotted: str
    fields: dict[str, Value]


class Ref(Struct, frozen=True):
    """A function or class of an evaluated module; `target` belongs to the evaluator."""

    target: Any


Option = Union[Const, PathValue, Seq, Map, Symbol, Instance, Ref, Unknown, Missing]


class Value(Struct, frozen=True):
    """The options for what a name or expression holds, and where it was set (all places, latest last)."""

    options: tuple[Option, ...]
    places: tuple[SettingPlace, ...] = ()

    @property
    def only(self) -> Option | None:
        """The option when there is just one."""
        return self.options[0] if len(self.options) == 1 else None

    @property
    def certain(self) -> bool:
        """Whether the value is known in full: one alternative, and all that is in it likewise."""
        option = self.only
        if isinstance(option, Seq):
            return not option.open and all(item.certain and item.value.certain for item in option.items)
        if isinstance(option, Map):
            return not option.open and all(
                slot.certain and slot.value.certain for slot in option.slots.values()
            )
        return isinstance(option, (Const, PathValue))

    @property
    def alternatives(self) -> list[Any]:
        """Plain Python values, and an `Unknown` for each that isn't told.

        A list or dictionary that differs between branches is given once, with all that may be in it;
        `items` and `item` tell what is certain.
        """
        return [plain(option) for option in self.options]

    @property
    def constant(self) -> Any:
        """The one plain value, None unless `certain`."""
        return plain(self.options[0]) if self.certain else None

    @property
    def likely(self) -> Any:
        """The plain value if just one option is known, such as an environment variable's default."""
        known = [option for option in self.options if not isinstance(option, (Unknown, Missing))]
        return plain(known[0]) if len(known) == 1 and not isinstance(plain(known[0]), Unknown) else None

    @property
    def first(self) -> Option | None:
        """The likeliest option that is told: what holds when no variable of the environment is set."""
        return next((option for option in self.options if not isinstance(option, Unknown)), None)

    @property
    def open(self) -> bool:
        """Whether there may be items, entries or alternatives that nobody knows."""
        return any(
            option.open
            if isinstance(option, (Seq, Map))
            else isinstance(option, (Unknown, Symbol, Instance, Ref))
            for option in self.options
        )

    def items(self) -> list[Item]:
        """Elements of a sequence; an item is certain only if the value has no other option."""
        alone = len(self.options) == 1
        return [
            Item(item.value, item.certain and alone)
            for option in self.options
            if isinstance(option, Seq)
            for item in option.items
        ]

    def keys(self) -> list[Scalar]:
        """Keys that a mapping may have, in order."""
        return list(dict.fromkeys(key for o in self.options if isinstance(o, Map) for key in o.slots))

    def item(self, key: Scalar) -> Value:
        """The value under `key` of a mapping; `Missing` is an option where it may be absent."""
        return union(get_item(option, key) for option in self.options)

    def at(self, place: SettingPlace | None) -> Value:
        """The same value, set at `place`."""
        return self if place is None else Value(self.options, (place,))


def plain(option: Option) -> Any:
    """An option as a plain Python value; paths are strings, what is not known an `Unknown`."""
    match option:
        case Const(value=value):
            return value
        case PathValue(path=path):
            return path
        case Seq(kind=kind, items=items):
            values = [plain(_likeliest(item.value)) for item in items]
            if kind == "set":
                return {value for value in values if _is_hashable(value)}
            return tuple(values) if kind == "tuple" else values
        case Map(slots=slots):
            return {key: plain(_likeliest(slot.value)) for key, slot in slots.items()}
        case Symbol(dotted=dotted):
            return Unknown(dotted)
        case Instance(dotted=dotted):
            return Unknown(f"instance of {dotted}")
        case Unknown():
            return option
    return Unknown("not set" if isinstance(option, Missing) else "function or class")


def _likeliest(value: Value) -> Option:
    """The likeliest option of a part of a value; an unknown one where none is told."""
    return value.first or value.options[0]


def _is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


# --- making values ---------------------------------------------------------------------------------------

MISSING = Value((Missing(),))


def const(value: Scalar) -> Value:
    return Value((Const(value),))


def unknown(reason: str = "") -> Value:
    return Value((Unknown(reason),))


def from_python(value: Any, reason: str = "") -> Value:
    """A plain Python value; objects of other kinds are unknown."""
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        return const(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        kind = "list" if isinstance(value, list) else "tuple" if isinstance(value, tuple) else "set"
        return Value((Seq(kind, tuple(Item(from_python(item, reason), True) for item in value)),))
    if isinstance(value, dict):
        return Value((Map({key: Slot(from_python(item, reason), True) for key, item in value.items()}),))
    return unknown(reason or type(value).__name__)


# --- joining ---------------------------------------------------------------------------------------------


def union(values: Iterable[Value]) -> Value:
    """A value that is one of `values`: their options together, sequences and mappings merged."""
    result: list[Option] = []
    places: dict[SettingPlace, None] = {}
    for value in values:
        places |= dict.fromkeys(value.places)
        for option in value.options:
            _add(result, option)
    if not result:
        return unknown("no value")
    if len(result) > MAX_OPTIONS:
        known = [option for option in result if not isinstance(option, Unknown)]
        result = [*known[: MAX_OPTIONS - 1], Unknown("too many alternatives")]
    return Value(tuple(result), tuple(places))


def _add(options: list[Option], option: Option) -> None:
    for number, known in enumerate(options):
        if isinstance(known, Seq) and isinstance(option, Seq):
            options[number] = _join_sequences(known, option)
            return
        if isinstance(known, Map) and isinstance(option, Map):
            options[number] = _join_maps(known, option)
            return
        if _key(known) == _key(option):
            return
    options.append(option)


def _join_sequences(one: Seq, other: Seq) -> Seq:
    """All items of both in a common order; those that both have at their place stay certain."""
    is_open = one.open or other.open
    pairs = list(zip(one.items, other.items, strict=False))
    if len(one.items) == len(other.items) and any(_is_map(a.value) and _is_map(b.value) for a, b in pairs):
        merged = [Item(union((a.value, b.value)), a.certain and b.certain) for a, b in pairs]
        return Seq(one.kind, tuple(merged), is_open)
    left, right = [item_key(i) for i in one.items], [item_key(i) for i in other.items]
    head = _shared(left, right)
    tail = _shared(left[head:][::-1], right[head:][::-1])
    end, other_end = len(left) - tail, len(right) - tail
    items = [_both(*pair) for pair in pairs[:head]]
    matcher = SequenceMatcher(None, left[head:end], right[head:other_end], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        ours, theirs = one.items[head + a : head + b], other.items[head + c : head + d]
        if tag == "equal":
            items += [_both(*pair) for pair in zip(ours, theirs, strict=True)]
        else:
            items += [Item(item.value, False) for item in (*ours, *theirs)]
    items += [_both(*pair) for pair in zip(one.items[end:], other.items[other_end:], strict=True)]
    return sequence(one.kind, items, is_open)


def _both(one: Item, other: Item) -> Item:
    return Item(one.value, one.certain and other.certain)


def _shared(one: list[Any], other: list[Any]) -> int:
    """How many elements two lists have in common at their start."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def _join_maps(one: Map, other: Map) -> Map:
    slots: dict[Scalar, Slot] = {}
    for key in dict.fromkeys((*one.slots, *other.slots)):
        a, b = one.slots.get(key), other.slots.get(key)
        if a is not None and b is not None:
            slots[key] = Slot(union((a.value, b.value)), a.certain and b.certain)
        else:
            slots[key] = Slot((a or b).value, False)  # type: ignore[union-attr]
    return Map(slots, one.open or other.open)


def sequence(kind: Literal["list", "tuple", "set"], items: Iterable[Item], is_open: bool = False) -> Seq:
    """A sequence in which items that are neither known nor certain just make it open."""
    kept: list[Item] = []
    for item in items:
        if not item.certain and isinstance(item.value.only, Unknown):
            is_open = True
        else:
            kept.append(item)
    if len(kept) > MAX_ITEMS:
        return Seq(kind, tuple(kept[:MAX_ITEMS]), True)
    return Seq(kind, tuple(kept), is_open)


def _is_map(value: Value) -> bool:
    return isinstance(value.only, Map)


def same(one: Value | None, other: Value) -> bool:
    """Whether two values say the same; places don't count."""
    return one is other or (one is not None and item_key(Item(one, True)) == item_key(Item(other, True)))


def item_key(item: Item) -> Any:
    return tuple(_key(option) for option in item.value.options)


def _key(option: Option) -> Any:
    """Something hashable that is equal for options that say the same; places don't count."""
    match option:
        case Const(value=value):
            return "const", type(value).__name__, value
        case Seq(kind=kind, items=items, open=is_open):
            return "seq", kind, tuple((item_key(item), item.certain) for item in items), is_open
        case Map(slots=slots, open=is_open):
            parts = tuple((key, item_key(Item(*slot)), slot.certain) for key, slot in slots.items())
            return "map", parts, is_open
        case Instance(dotted=dotted):
            return "instance", dotted
        case Ref(target=target):
            return "ref", id(target)
        case Unknown():
            return "unknown"
        case Missing():
            return "missing"
        case PathValue(path=path):
            return "path", path
        case Symbol(dotted=dotted):
            return "symbol", dotted


def get_item(option: Option, key: Scalar) -> Value:
    """What indexing an option with a constant gives; `Missing` where the key may be absent."""
    if isinstance(option, Map):
        slot = option.slots.get(key)
        rest = unknown("may be set elsewhere") if option.open else MISSING
        if slot is None:
            return rest
        return slot.value if slot.certain else union((slot.value, rest))
    if isinstance(option, Seq) and isinstance(key, int) and not option.open and option.kind != "set":
        if all(item.certain for item in option.items) and -len(option.items) <= key < len(option.items):
            return option.items[key].value
        return unknown("index")
    if isinstance(option, Const) and isinstance(option.value, (str, bytes)) and isinstance(key, int):
        text = option.value
        return const(text[key]) if -len(text) <= key < len(text) else unknown("index")
    return unknown(
        f"an item of {option.dotted}" if isinstance(option, Symbol) else "item of an unknown value"
    )
