"""What a function returns, remembered across roots.

A call whose arguments hold nothing of the caller's rows or querysets does the same whoever makes it: its events
are found where the function is a root itself, and only what it returns matters to the caller. So it is
interpreted once, in a run of its own, and its value is taken over with fresh identities.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

from djguide_analyzers.trace.frame import BudgetSpent, Run
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


def plain_key(value: AbstractValue) -> Key | None:
    """What of `value` can matter to a function that gets it; None when it brings rows or querysets along."""
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
        case Row(provenance_known=False, path=()):
            return (Row, value.model)
        case Sequence(element=element, items=items):
            return _keys([element, *(items or ())], (Sequence, items is None))
        case Mapping(entries=entries, element=element):
            return _keys([element, *(v for _, v in entries)], (Mapping, *(k for k, _ in entries)))
        case _:
            return None


def _keys(values: Iterable[AbstractValue], start: tuple[Any, ...]) -> Key | None:
    result = list(start)
    for value in values:
        key = plain_key(value)
        if key is None:
            return None
        result.append(key)
    return tuple(result)


def call_key(positional: Iterable[AbstractValue], keywords: dict[str, AbstractValue]) -> Key | None:
    """Key of a call's arguments; None when the call has to be followed with the caller's own values."""
    return _keys([*positional, *keywords.values()], tuple(keywords))


def remembered(run: Run, key: Key, compute: Callable[[Run], AbstractValue]) -> AbstractValue:
    """The value stored for `key`, computed in a run of its own the first time.

    A computation that asks for itself gets an unknown, as does one that spends its budget.
    """
    memory = run.project.summaries
    if key not in memory:
        memory[key] = UNKNOWN
        try:
            memory[key] = compute(Run(run.project))
        except (BudgetSpent, RecursionError):
            memory[key] = UNKNOWN
    value = memory[key]
    return value if isinstance(value, (Unknown, Scalar, Constant)) else _Adoption(run).value(value)


class _Adoption:
    """Takes values of another run over, each identity replaced by a new one of this run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._identities: dict[int, int] = {}

    def value(self, value: Any) -> Any:
        match value:
            case QuerySetValue():
                related = self._related(value.related)
                return QuerySetValue(value.query, self._identity(value.identity), related, value.cached)
            case Row():
                return Row(value.model, self._root(value.root), value.path, value.provenance_known)
            case ManagerValue():
                return ManagerValue(value.model, value.info, value.site, self._related(value.related))
            case Sequence():
                items = None if value.items is None else tuple(self.value(item) for item in value.items)
                return Sequence(self.value(value.element), items, value.rows_of)
            case Mapping():
                entries = tuple((key, self.value(item)) for key, item in value.entries)
                return Mapping(entries, self.value(value.element), self.value(value.key))
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
