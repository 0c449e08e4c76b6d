"""Arguments of a call in a form that does not depend on the caller."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from typing import Any

from djguide_analyzers.trace.frame import Run
from djguide_analyzers.trace.values import (
    SCALAR,
    AbstractValue,
    ClassValue,
    ConditionValue,
    Constant,
    ExternalValue,
    FunctionValue,
    ManagerValue,
    Mapping,
    ModuleValue,
    ObjectKey,
    ObjectValue,
    QuerySetValue,
    RequestValue,
    Row,
    RowRoot,
    Scalar,
    Sequence,
    Unknown,
)

Key = Hashable

MAX_KEY_PARTS = 200
"""Parts of an argument, nested ones counted, up to which a call is worth remembering."""

MAX_NAME = 120
"""Characters up to which a text may name something."""

_NAME = re.compile(r"-?[\w?][\w.:/@+-]*|")

MAX_HELD = 12
"""Attributes of an object up to which they are handed on; of one with more, a callee sees what its class has."""


class StandIns:
    """Stand-ins for the rows among the arguments of one call.

    `key` is None when the call has to be followed with the caller's own values, since it hands over a queryset, or
    a row that lacks columns. Otherwise `positional`, `keywords` and `receiver` are the arguments with each row
    replaced: by one of which nothing is known, with the negative identity under which `rows` holds the caller's;
    objects likewise, with those of their attributes that can be told.
    """

    def __init__(
        self,
        run: Run,
        positional: list[AbstractValue],
        keywords: dict[str, AbstractValue],
        receiver: AbstractValue | None,
    ) -> None:
        self._run = run
        self._numbers: dict[ObjectKey, int] = {}
        self._parts = 0
        self.rows: dict[int, Row | ObjectValue] = {}
        self._held: list[tuple[ObjectValue | RequestValue, str, AbstractValue]] = []
        self.key: Key | None = self._keys([*positional, *keywords.values()], tuple(keywords))
        own = None if receiver is None else self._key(receiver)
        if self.key is None or (receiver is not None and own is None):
            self.key = None
            return
        self.key = (self.key, own)
        self.positional = [self._stand_in(value) for value in positional]
        self.keywords = {name: self._stand_in(value) for name, value in keywords.items()}
        self.receiver = None if receiver is None else self._stand_in(receiver)

    def _key(self, value: AbstractValue) -> Key | None:
        self._parts += 1
        if self._parts > MAX_KEY_PARTS:
            return None
        match value:
            case Unknown() | Scalar():
                return type(value)
            case ObjectValue() | RequestValue():
                return self._object_key(value)
            case Constant(value=str() as text) if not _may_name(text):
                return Scalar
            case Constant(value=constant):
                return (type(constant), constant)
            case ClassValue(cls=cls):
                return (ClassValue, cls)
            case ModuleValue() | ExternalValue() | ConditionValue():
                return value
            case FunctionValue(info=info, frame=None):
                return info
            case ManagerValue(related=None):
                return (ManagerValue, value.model, value.info)
            case Row():
                return self._row_key(value)
            case Sequence(items=tuple() as items) if _is_text(items):
                return (Sequence, Scalar)
            case Sequence(element=element, items=items):
                return self._keys([element, *(items or ())], (Sequence, items is None))
            case Mapping(entries=entries, element=element, key=key):
                return self._keys(
                    [key, element, *(v for _, v in entries)], (Mapping, *(k for k, _ in entries))
                )
            case _:
                return None

    def _row_key(self, row: Row) -> Key | None:
        query = row.root.query
        if query is not None and (
            query.only is not None or query.deferred or any(e.to_attr for e in query.prefetch)
        ):
            return None
        number = self._numbers.setdefault(row.key, len(self._numbers) + 1)
        self.rows[-number] = row
        return (Row, row.model, number)

    def _object_key(self, value: ObjectValue | RequestValue) -> Key | None:
        kind = (ObjectValue, value.cls) if isinstance(value, ObjectValue) else RequestValue
        if value.key in self._numbers:
            return (kind, self._numbers[value.key])
        number = self._numbers[value.key] = len(self._numbers) + 1
        if isinstance(value, ObjectValue):
            if not value.identity:
                return kind
            self.rows[-number] = value
        attributes: list[Key] = []
        held_now = self._run.loaded.get(value.key, {})
        for name, held in sorted(held_now.items(), key=_name_of) if len(held_now) <= MAX_HELD else ():
            if isinstance(held, QuerySetValue):
                return None
            if isinstance(held, (Scalar, Unknown)) or _is_flag(held):
                continue  # tells no more than the class does, or what changes all the time
            key = self._key(held)
            if key is not None:  # what cannot be told is looked up anew
                attributes.append((name, key))
                self._held.append((value, name, held))
        return (kind, number, tuple(attributes))

    def seed(self, run: Run) -> None:
        """Give the stand-ins of objects in `run` the attributes that the caller's have."""
        for holder, name, held in self._held:
            stand_in = self._stand_in(holder)
            run.set_loaded(stand_in, name, self._stand_in(held))

    def _keys(self, values: Iterable[AbstractValue], start: tuple[Any, ...]) -> Key | None:
        result = list(start)
        for value in values:
            key = self._key(value)
            if key is None:
                return None
            result.append(key)
        return tuple(result)

    def _stand_in(self, value: Any) -> Any:
        match value:
            case Constant(value=str() as text) if not _may_name(text):
                return SCALAR
            case Row():
                return Row(value.model, RowRoot(-self._numbers[value.key], None, True), (), False)
            case ObjectValue() if value.identity:
                return ObjectValue(value.cls, -self._numbers[value.key])
            case Sequence(items=tuple() as items) if _is_text(items):
                return Sequence(SCALAR)
            case Sequence(element=element, items=items):
                members = None if items is None else tuple(self._stand_in(item) for item in items)
                return Sequence(self._stand_in(element), members)
            case Mapping():
                entries = tuple((key, self._stand_in(item)) for key, item in value.entries)
                return Mapping(entries, self._stand_in(value.element), self._stand_in(value.key))
            case _:
                return value


def _name_of(item: tuple[str, AbstractValue]) -> str:
    return item[0]


def _is_flag(value: AbstractValue) -> bool:
    return isinstance(value, Constant) and isinstance(value.value, bool)


def _is_text(items: tuple[AbstractValue, ...]) -> bool:
    """Whether a list spells out a command and the like: texts, of which some are not known."""
    kinds = {type(item) for item in items}
    return Constant in kinds and kinds <= {Constant, Scalar, Unknown} and len(kinds) > 1


def _may_name(text: str) -> bool:
    """Whether `text` may name a field, a lookup, a template, a URL: prose and options of commands do not.

    A call with other prose is the same call.
    """
    return len(text) <= MAX_NAME and _NAME.fullmatch(text) is not None


def rests_on_stand_in(row: Row) -> bool:
    """Whether what is known of `row` depends on a row that the caller handed in."""
    while row.root.identity > 0:
        if row.root.related is None:
            return False
        row = row.root.related.row
    return True
