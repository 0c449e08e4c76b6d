"""What is known of a value that may be one of several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import reduce

from msgspec import structs

from djguide_analyzers.trace.refine import is_served
from djguide_analyzers.trace.values import (
    NONE,
    SCALAR,
    UNKNOWN,
    AbstractValue,
    ConditionValue,
    Constant,
    ManagerValue,
    Mapping,
    ObjectValue,
    QuerySetValue,
    Row,
    RowRoot,
    Scalar,
    Sequence,
    Unknown,
)


def join(one: AbstractValue, other: AbstractValue) -> AbstractValue:
    """What holds whichever of the two it is.

    None gives way to the other value, and so does what is not known of the members of a list or dictionary: what
    is known of some of them holds for those. Two querysets of one model join to one that may have loaded whatever
    either has, so that nothing is reported that one branch already took care of. Of a queryset and a manager, the
    queryset is looked at.
    """
    if one == other:
        return one
    if one == NONE:
        return _if_at_all(other)
    if other == NONE:
        return _if_at_all(one)
    match one, other:
        case Sequence(items=()), Sequence():
            return replace(other, items=None)
        case Sequence(), Sequence(items=()):
            return replace(one, items=None)
        case Constant(), Constant():
            return SCALAR
        case ((Constant() | Scalar()), (Constant() | Scalar())):
            return SCALAR
        case QuerySetValue(), QuerySetValue():
            return _join_querysets(one, other)
        case ConditionValue(), ConditionValue():
            return ConditionValue(one.empty or other.empty)
        case (QuerySetValue(), Sequence(element=Unknown())) | (Sequence(element=Unknown()), QuerySetValue()):
            # Where a queryset is handed out unless there is nothing to hand out.
            return _if_at_all(one if isinstance(one, QuerySetValue) else other)
        case (QuerySetValue() as queryset, ManagerValue() as manager) | (
            ManagerValue() as manager,
            QuerySetValue() as queryset,
        ):
            return _if_at_all(queryset) if queryset.query.model == manager.model else UNKNOWN
        case ManagerValue(), ManagerValue() if one.model == other.model:
            return one if one.related is None else other
        case Sequence(), Sequence():
            element = _either(one.element, other.element)
            rows_of = one.rows_of if one.rows_of == other.rows_of else None
            few = all(each.few or each.items is not None for each in (one, other))
            return Sequence(element, None, rows_of, few=few)
        case Mapping(), Mapping():
            return join_mappings(one, other)
        case ObjectValue(), ObjectValue() if one.cls is other.cls:
            return ObjectValue(one.cls)
        case Row(), Row() if one.model == other.model:
            # The identity is that of one of them: without its path it would be another object's.
            kept = min(one, other, key=_key)
            return Row(kept.model, RowRoot(kept.root.identity, None, False), kept.path, False)
        case _:
            return UNKNOWN


def join_alike(one: AbstractValue, other: AbstractValue) -> AbstractValue:
    """`join` of what stands under one name for things of one kind: what is not known is taken for such a row."""
    for row, unknown in ((one, other), (other, one)):
        if isinstance(row, Row) and unknown is UNKNOWN:
            return Row(row.model, RowRoot(row.root.identity, None, False), row.path, False)
    return join(one, other)


def _key(row: Row) -> tuple[int, tuple[str, ...]]:
    return row.root.identity, row.path


def _if_at_all(value: AbstractValue) -> AbstractValue:
    """`value`, which may be something else."""
    return structs.replace(value, certain=False) if isinstance(value, QuerySetValue) else value


def join_mappings(one: Mapping, other: Mapping) -> Mapping:
    """A dictionary with what either has; what is not known of one is left to the other."""
    entries = dict(one.entries)
    for key, value in other.entries:
        entries[key] = join(entries[key], value) if key in entries else value
    return Mapping(tuple(entries.items()), _either(one.element, other.element), _either(one.key, other.key))


def _either(one: AbstractValue, other: AbstractValue) -> AbstractValue:
    if one is UNKNOWN or other is UNKNOWN:
        return other if one is UNKNOWN else one
    return join(one, other)


def _join_querysets(one: QuerySetValue, other: QuerySetValue) -> AbstractValue:
    a, b = one.query, other.query
    if a.model != b.model or a.shape != b.shape:
        return UNKNOWN
    # what one branch asks for in its own way, no prefetch serves for certain
    longer = max((b, a), key=lambda query: (not is_served(query), len(query.chain)))
    query = longer.but(
        select=a.select | b.select,
        null=a.null | b.null,
        select_all=a.select_all or b.select_all,
        prefetch=tuple(dict.fromkeys((*a.prefetch, *b.prefetch))),
        annotations=a.annotations | b.annotations,
        known=a.known | b.known,
        only=a.only if a.only == b.only else None,
        deferred=a.deferred & b.deferred,
        ordered=a.ordered if a.ordered == b.ordered else True,
        sliced=a.sliced or b.sliced,
        limit=a.limit if a.limit == b.limit else None,
        combined=a.combined or b.combined,
        locked=a.locked or b.locked,
        opaque=a.opaque or b.opaque,
        single=a.single and b.single,
        assumed=a.assumed or b.assumed,
    )
    related = one.related if one.related == other.related else None
    return QuerySetValue(
        query, max(one.identity, other.identity), related, certain=one.certain and other.certain
    )


def join_all(
    values: list[AbstractValue], by: Callable[[AbstractValue, AbstractValue], AbstractValue] = join
) -> AbstractValue:
    """Join of all `values`; None stands for no value at all."""
    return reduce(by, values) if values else NONE
