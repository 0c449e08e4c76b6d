"""What a call does, remembered across roots.

A call whose arguments are plain values and single rows does the same whoever makes it. It is interpreted once, in
a run of its own, with stand-ins for the rows. Its value is taken over with the caller's rows put back and fresh
identities for everything else, and of its events those that are complete in themselves: loops that load per row.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any

from djguide_analyzers.trace.events import Event
from djguide_analyzers.trace.frame import BudgetSpent, Frame, Run
from djguide_analyzers.trace.missing import per_row
from djguide_analyzers.trace.values import (
    UNKNOWN,
    AbstractValue,
    BoundMethod,
    BuiltinMethod,
    ClassValue,
    ConditionValue,
    Constant,
    ExternalValue,
    FunctionValue,
    LambdaValue,
    ManagerValue,
    Mapping,
    ModuleValue,
    ObjectValue,
    Page,
    Paginator,
    Partial,
    PrefetchValue,
    QuerySetValue,
    Related,
    RequestValue,
    Row,
    RowRoot,
    Scalar,
    Sequence,
    SuperValue,
    Unknown,
)

Key = Hashable


@dataclass(frozen=True, slots=True)
class Summary:
    """What a call returned, the events that hold wherever it is made, and the modules whose code it ran."""

    value: AbstractValue
    events: tuple[Event, ...]
    modules: frozenset[str]


class StandIns:
    """The arguments of one call in a form that does not depend on the caller.

    `key` is None when the call has to be followed with the caller's own values: it hands over a queryset, or a
    row of a running loop. Otherwise `positional`, `keywords` and `receiver` hold stand-ins for its rows.
    """

    def __init__(
        self,
        frame: Frame,
        positional: list[AbstractValue],
        keywords: dict[str, AbstractValue],
        receiver: AbstractValue | None,
    ) -> None:
        self._looping = {loop.rows for loop in frame.loops if loop.rows is not None}
        self._numbers: dict[tuple[int, tuple[str, ...]], int] = {}
        self.rows: dict[int, Row] = {}
        """The caller's rows by the identity of their stand-in."""
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
        match value:
            case Unknown() | Scalar() | RequestValue():
                return type(value)
            case Constant(value=constant):
                return (type(constant), constant)
            case ClassValue(cls=cls) | ObjectValue(cls=cls):
                return (type(value), cls)
            case ModuleValue() | ExternalValue() | ConditionValue():
                return value
            case FunctionValue(info=info, frame=None):
                return info
            case ManagerValue(related=None):
                return (ManagerValue, value.model, value.info)
            case Row() if value.root.identity not in self._looping:
                number = self._numbers.setdefault(value.key, len(self._numbers) + 1)
                self.rows[-number] = value
                return (Row, value.model, number, value.provenance_known)
            case Sequence(element=element, items=items):
                return (
                    None
                    if isinstance(element, Row)
                    else self._keys([element, *(items or ())], (items is None,))
                )
            case Mapping(entries=entries, element=element):
                return self._keys([element, *(v for _, v in entries)], tuple(k for k, _ in entries))
            case _:
                return None

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
            case Row():
                return Row(
                    value.model, RowRoot(-self._numbers[value.key], None, False), (), value.provenance_known
                )
            case Sequence(element=element, items=tuple() as items):
                return Sequence(self._stand_in(element), tuple(self._stand_in(item) for item in items))
            case Mapping():
                entries = tuple((key, self._stand_in(item)) for key, item in value.entries)
                return Mapping(entries, self._stand_in(value.element), value.key)
            case _:
                return value


def remembered(
    run: Run, key: Key, compute: Callable[[Run], AbstractValue], rows: dict[int, Row] | None = None
) -> AbstractValue:
    """The value stored for `key`, computed in a run of its own the first time; `rows` replace stand-ins.

    A computation that asks for itself gets an unknown, as does one that spends its budget.
    """
    memory = run.project.summaries
    summary: Summary | None = memory.get(key)
    if summary is None:
        memory[key] = Summary(UNKNOWN, (), frozenset())
        own = Run(run.project)
        try:
            value = compute(own)
        except (BudgetSpent, RecursionError):
            value = UNKNOWN
        events = () if rows is None else tuple(per_row(own.events))
        summary = memory[key] = Summary(value, events, frozenset(own.modules))
    run.modules |= summary.modules
    if rows is not None:
        run.events += summary.events
    value = summary.value
    return (
        value if isinstance(value, (Unknown, Scalar, Constant)) else _Adoption(run, rows or {}).value(value)
    )


def forget(memory: dict[Key, Summary], path: str) -> None:
    """Drop what was remembered of calls that ran code of the module at `path`."""
    for key in [key for key, summary in memory.items() if path in summary.modules]:
        del memory[key]


class _Adoption:
    """Takes values of another run over, each identity replaced by a new one of this run."""

    def __init__(self, run: Run, rows: dict[int, Row]) -> None:
        self._run = run
        self._rows = rows
        self._identities: dict[int, int] = {}

    def value(self, value: Any) -> Any:
        match value:
            case QuerySetValue():
                related = self._related(value.related)
                return QuerySetValue(value.query, self._identity(value.identity), related, value.cached)
            case Row():
                actual = self._rows.get(value.root.identity)
                if actual is not None:
                    path = (*actual.path, *value.path)
                    return Row(value.model, actual.root, path, actual.provenance_known)
                return Row(value.model, self._root(value.root), value.path, value.provenance_known)
            case ManagerValue():
                return ManagerValue(value.model, value.info, value.site, self._related(value.related))
            case Sequence():
                items = None if value.items is None else tuple(self.value(item) for item in value.items)
                return Sequence(self.value(value.element), items, value.rows_of)
            case Mapping():
                entries = tuple((key, self.value(item)) for key, item in value.entries)
                return Mapping(entries, self.value(value.element), self.value(value.key))
            case Paginator(items=items):
                return Paginator(self.value(items))
            case Page(items=items):
                return Page(self.value(items))
            case PrefetchValue(queryset=QuerySetValue() as queryset):
                return PrefetchValue(value.path, self.value(queryset), value.to_attr, value.opaque)
            case BoundMethod(info=info, receiver=receiver):
                return BoundMethod(info, self.value(receiver))
            case BuiltinMethod(receiver=receiver, name=name):
                return BuiltinMethod(self.value(receiver), name)
            case Partial(func=func, args=args, keywords=keywords):
                bound = tuple(self.value(arg) for arg in args)
                return Partial(self.value(func), bound, tuple((n, self.value(v)) for n, v in keywords))
            case LambdaValue() | SuperValue():
                return UNKNOWN  # bound to frames of the other run
            case FunctionValue(info=info):
                return FunctionValue(info)
            case _:
                return value

    def _identity(self, identity: int) -> int:
        if identity not in self._identities:
            self._identities[identity] = self._run.new_identity()
        return self._identities[identity]

    def _root(self, root: RowRoot) -> RowRoot:
        return RowRoot(self._identity(root.identity), root.query, root.many, self._related(root.related))

    def _related(self, related: Related | None) -> Related | None:
        if related is None:
            return None
        return Related(self.value(related.row), related.accessor, related.back, related.prefetched)
