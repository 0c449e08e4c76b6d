"""Queryset methods that return another queryset: how each changes its state."""

from __future__ import annotations

from collections.abc import Callable

from djguide_analyzers.trace.arguments import Arguments, is_none, is_true
from djguide_analyzers.trace.values import (
    AbstractValue,
    Constant,
    ExternalValue,
    PrefetchEntry,
    PrefetchValue,
    Query,
    QuerySetValue,
    Sequence,
)

Refinement = Callable[[Query, Arguments], Query]


def _same(query: Query, args: Arguments) -> Query:
    return query


def _none(query: Query, args: Arguments) -> Query:
    return query.but(limit=0)


def _filter(query: Query, args: Arguments) -> Query:
    single = any(name in ("pk", "id", "pk__exact", "id__exact") for name in args.keywords)
    null = {name.removesuffix("__exact") for name, value in args.keywords.items() if is_none(value)}
    null |= _told_null(args, told=True)
    limits = [query.limit, *(_number_of(args.keywords.get(name)) for name in ("pk__in", "id__in"))]
    return query.but(
        filters=query.filters | frozenset(args.keywords),
        null=query.null | null,
        limit=min((limit for limit in limits if limit is not None), default=None),
        single=query.single or single,
    )


def _number_of(value: AbstractValue | None) -> int | None:
    """How many keys are written out, one by one."""
    return len(value.items) if isinstance(value, Sequence) and value.items is not None else None


def _exclude(query: Query, args: Arguments) -> Query:
    alone = len(args.keywords) == 1 and not args.positional and not args.starred
    null = _told_null(args, told=False) if alone else set[str]()
    return query.but(filters=query.filters | frozenset(args.keywords), null=query.null | null)


def _told_null(args: Arguments, *, told: bool) -> set[str]:
    """Paths of the ``__isnull`` conditions that are `told`."""
    return {
        name.removesuffix("__isnull")
        for name, value in args.keywords.items()
        if name.endswith("__isnull") and value == Constant(told)
    }


def _select_related(query: Query, args: Arguments) -> Query:
    if is_none(args.first):
        return query.but(select=frozenset(), select_all=False)
    paths = args.texts()
    if paths is None:
        return query.but(opaque=True)
    if not paths:
        return query.but(select_all=True)
    return query.but(select=query.select | _with_prefixes(paths))


def _with_prefixes(paths: list[str]) -> frozenset[str]:
    result: set[str] = set()
    for path in paths:
        parts = path.split("__")
        result.update("__".join(parts[: n + 1]) for n in range(len(parts)))
    return frozenset(result)


def _prefetch_related(query: Query, args: Arguments) -> Query:
    if is_none(args.first):
        return query.but(prefetch=())
    entries: list[PrefetchEntry] = []
    for value in args.positional:
        match value:
            case Constant(value=str() as path):
                entries.append(PrefetchEntry(path, None, None))
            case PrefetchValue(opaque=False):
                inner = value.queryset.query if isinstance(value.queryset, QuerySetValue) else None
                entries.append(PrefetchEntry(value.path, inner, value.to_attr))
            case _:
                return query.but(opaque=True)
    if args.starred:
        return query.but(opaque=True)
    return query.but(prefetch=(*query.prefetch, *entries))


def _only(query: Query, args: Arguments) -> Query:
    names = args.texts()
    return query.but(opaque=True) if names is None else query.but(only=frozenset(names), deferred=frozenset())


def _defer(query: Query, args: Arguments) -> Query:
    if is_none(args.first):
        return query.but(only=None, deferred=frozenset())
    names = args.texts()
    return query.but(opaque=True) if names is None else query.but(deferred=query.deferred | frozenset(names))


def _annotate(query: Query, args: Arguments) -> Query:
    return query.but(annotations=query.annotations | frozenset(args.keywords))


def _extra(query: Query, args: Arguments) -> Query:
    return query.but(assumed=True)


def _order_by(query: Query, args: Arguments) -> Query:
    names = args.texts()
    return query.but(ordered=bool(args.positional) or args.starred, order=tuple(names or ()))


def _reverse(query: Query, args: Arguments) -> Query:
    return query.but(order=())


def _distinct(query: Query, args: Arguments) -> Query:
    return query.but(distinct=True)


def _combine(query: Query, args: Arguments) -> Query:
    combined = query.but(combined=True)
    for other in args.positional:
        if not isinstance(other, QuerySetValue):
            return combined.but(opaque=True)
        if other.query.select != query.select or other.query.prefetch != query.prefetch:
            combined = combined.but(opaque=True)
    return combined


def _values(query: Query, args: Arguments) -> Query:
    return query.but(shape="dicts", annotations=query.annotations | frozenset(args.keywords))


def _values_list(query: Query, args: Arguments) -> Query:
    return query.but(shape="scalars" if is_true(args.keywords.get("flat")) else "tuples")


def _dates(query: Query, args: Arguments) -> Query:
    return query.but(shape="scalars")


def _lock(query: Query, args: Arguments) -> Query:
    return query.but(locked=True)


def _raw(query: Query, args: Arguments) -> Query:
    return query.but(opaque=True)


def _fetch_mode(query: Query, args: Arguments) -> Query:
    match args.first:
        case ExternalValue(dotted=dotted):
            return query.but(fetch_mode=dotted.rpartition(".")[2])
        case _:
            return query.but(opaque=True)


METHODS: dict[str, Refinement] = {
    "all": _same,
    "using": _same,
    "db_manager": _same,
    "none": _none,
    "iterator": _same,
    "filter": _filter,
    "exclude": _exclude,
    "complex_filter": _exclude,
    "select_related": _select_related,
    "prefetch_related": _prefetch_related,
    "only": _only,
    "defer": _defer,
    "annotate": _annotate,
    "alias": _same,
    "extra": _extra,
    "order_by": _order_by,
    "reverse": _reverse,
    "distinct": _distinct,
    "union": _combine,
    "intersection": _combine,
    "difference": _combine,
    "values": _values,
    "values_list": _values_list,
    "dates": _dates,
    "datetimes": _dates,
    "select_for_update": _lock,
    "raw": _raw,
    "fetch_mode": _fetch_mode,
}

CACHE_SERVED = frozenset({"all", "count", "exists", "contains", "none"})
"""Methods that a prefetched relation answers from memory (iteration, ``len``, indexing besides)."""


_FEW = 5
"""Rows: an object and its neighbour, or the newest ones that a dashboard shows."""


def has_few_rows(query: Query) -> bool:
    """Whether a queryset yields so few rows, however large its table is, that loops over them are short."""
    return query.limit is not None and query.limit <= _FEW


def is_served(query: Query) -> bool:
    """Whether a prefetch of the relation that `query` starts from holds its rows: nothing else was asked for."""
    return all(link.name in CACHE_SERVED for link in query.chain[query.own :])
