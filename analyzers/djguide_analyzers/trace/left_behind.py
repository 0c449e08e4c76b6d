"""What a call leaves in attributes of objects that whoever makes it can come to."""

from __future__ import annotations

from collections.abc import Iterable

from djguide_analyzers.trace.frame import Holder, Run
from djguide_analyzers.trace.values import (
    AbstractValue,
    BoundMethod,
    BuiltinMethod,
    ManagerValue,
    Mapping,
    ObjectKey,
    ObjectValue,
    Page,
    Paginator,
    Partial,
    PrefetchValue,
    QuerySetValue,
    Related,
    Row,
    Sequence,
)

Held = tuple[Holder, str, AbstractValue]
"""A row or object, the name of one of its attributes, and what that holds."""


def left_behind(run: Run, value: AbstractValue) -> tuple[Held, ...]:
    """What a call that returns `value` leaves in attributes, in the order in which it got there.

    What it has loaded of objects of its own, or of the functions that it calls, nobody else ever sees. In a large
    function that is nearly everything: handing it on from call to call would be most of the work.
    """
    by_identity: dict[int, list[ObjectKey]] = {}
    for key in run.loaded:
        by_identity.setdefault(key[0], []).append(key)
    reached = _Reached()
    reached.by_value(value)
    # Those that were handed in, and those of which there is but one.
    reached.waiting += [identity for identity in by_identity if identity <= 0]
    seen: set[int] = set()
    while reached.waiting:
        identity = reached.waiting.pop()
        if identity not in seen:
            seen.add(identity)
            if identity in run.rows:
                reached.waiting.append(run.rows[identity])
            for key in by_identity.get(identity, ()):
                reached.by_all(run.loaded[key].values())
    return tuple(
        (run.holders[key], name, value)
        for key, held in run.loaded.items()
        if key[0] in seen
        for name, value in held.items()
    )


class _Reached:
    """Collects in `waiting` the identities of objects that values lead to."""

    def __init__(self) -> None:
        self.waiting: list[int] = []

    def by_all(self, values: Iterable[AbstractValue]) -> None:
        for value in values:
            self.by_value(value)

    def by_value(self, value: AbstractValue) -> None:
        match value:
            case Row():
                self._by_row(value)
            case ObjectValue(identity=identity):
                self.waiting.append(identity)
            case QuerySetValue(identity=identity, related=related):
                self.waiting.append(identity)
                self._by_related(related)
            case ManagerValue(related=related):
                self._by_related(related)
            case Sequence(element=element, items=items):
                self.by_value(element)
                self.by_all(items or ())
            case Mapping(entries=entries, element=element, key=key):
                self.by_all(item for _, item in entries)
                self.by_value(element)
                self.by_value(key)
            case Paginator(items=items) | Page(items=items):
                self.by_value(items)
            case PrefetchValue(queryset=QuerySetValue() as queryset):
                self.by_value(queryset)
            case BoundMethod(receiver=receiver) | BuiltinMethod(receiver=receiver):
                self.by_value(receiver)
            case Partial(func=func, args=args, keywords=keywords):
                self.by_value(func)
                self.by_all(args)
                self.by_all(item for _, item in keywords)
            case _:
                pass

    def _by_row(self, row: Row) -> None:
        self.waiting.append(row.root.identity)
        self._by_related(row.root.related)

    def _by_related(self, related: Related | None) -> None:
        if related is not None:
            self._by_row(related.row)
