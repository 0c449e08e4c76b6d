"""How many queries a traced function comes to, as a polynomial in the number of rows of each list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from djguide_analyzers.survey.values import Cost
from djguide_analyzers.trace.events import Context, Loop, QueryRun, RelationLoad, Write
from djguide_analyzers.trace.tracer import Trace
from djguide_analyzers.trace.values import Page, Paginator, PrefetchEntry, Query, Row

MAX_EVENTS = 20_000
MAX_POWER = 3
"""Loops inside one another that are told apart; deeper ones are a walk through a graph."""

_FILLS_CACHE = frozenset({"iterate", "len", "bool", "in"})
"""Operations after which a queryset object has its rows, so that it is not asked again."""
_READS_ROWS = _FILLS_CACHE | {"get", "first", "last", "latest", "earliest", "index", "in_bulk"}
"""Operations that yield instances, and so run the prefetches as well."""
_TWO_STEPS = frozenset({"get_or_create", "update_or_create"})
"""Writes that look before."""


def cost_of(trace: Trace) -> Cost:
    """What one run of the root comes to, called functions and templates included."""
    reads: Counter[int] = Counter()
    writes: Counter[int] = Counter()
    seen: set[object] = set()
    events = list(islice(trace.everything(), MAX_EVENTS))
    for event in events:
        if not isinstance(event, (QueryRun, RelationLoad, Write)):
            continue
        key = _identity(event)
        if key in seen:
            continue
        seen.add(key)
        match event:
            case QueryRun() if not event.cached:
                reads[_power(event.context)] += 1 + _prefetches(event)
            case RelationLoad() if not event.key_only and event.proven:
                reads[_row_power(event.context, event.row)] += 1
            case Write():
                power = _power(event.context)
                writes[power] += 1
                reads[power] += event.operation in _TWO_STEPS
            case _:
                pass
    if any(isinstance(value, (Page, Paginator)) for value in _given(trace)):
        reads[0] += 1  # a paginator counts before it takes a page
    return Cost(_terms(reads), _terms(writes), trace.complete and len(events) < MAX_EVENTS)


def _given(trace: Trace) -> Iterator[object]:
    for _, variables in trace.rendered:
        yield from (value for _, value in variables.entries)


def _identity(event: QueryRun | RelationLoad | Write) -> object:
    """Events of the same identity are one: a loop's body may have been gone through more than once."""
    where = (
        event.site,
        tuple(loop.site for loop in event.context.loops),
        tuple(call.site for call in event.context.stack),
    )
    match event:
        case QueryRun(operation=operation) if operation in _FILLS_CACHE:
            return event.identity
        case QueryRun(operation=operation) | Write(operation=operation):
            return where, operation
        case RelationLoad(name=name, row=row):
            return where, name, row.path


def _counted(loop: Loop) -> bool:
    """Whether a loop has as many rounds as there are rows."""
    return not loop.once and not loop.few


def _power(context: Context) -> int:
    """Of how many numbers of rows an event at `context` is a multiple."""
    if context.memoised:
        return 0
    return min(sum(map(_counted, context.loops)), MAX_POWER)


def _row_power(context: Context, row: Row) -> int:
    """The same for a relation of `row`, which is loaded once however often it is read.

    Loops that began after the row was there do not repeat it: identities are counted in order of appearance.
    """
    power = inside = 0
    for loop in context.loops:
        inside += _counted(loop)
        if loop.rows is not None and loop.rows <= row.root.identity:
            power = inside
    return 0 if context.memoised else min(power, MAX_POWER)


def _prefetches(event: QueryRun) -> int:
    """Queries that prefetching adds to one that yields rows."""
    query = event.query
    if event.operation not in _READS_ROWS or query.shape != "instances":
        return 0
    return _steps(query.prefetch, query)


def _steps(entries: tuple[PrefetchEntry, ...], query: Query | None) -> int:
    """One query for each step of each path; what a join has loaded, or another path, comes for free."""
    steps: set[str] = set()
    inner = 0
    for entry in entries:
        names = entry.path.split("__")
        paths = ["__".join(names[:end]) for end in range(1, len(names) + 1)]
        joined = query.select if query is not None else frozenset[str]()
        steps |= {path for path in paths if path not in joined}
        if entry.inner is not None:
            inner += _steps(entry.inner.prefetch, entry.inner)
    return len(steps) + inner


def _terms(counts: Counter[int]) -> tuple[int, ...]:
    """Coefficients from the constant on."""
    return tuple(counts[power] for power in range(max(counts, default=0) + 1))


def together(first: Cost, second: Cost) -> Cost:
    """What both come to, one after the other."""

    def added(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
        size = max(len(one), len(other))
        padded = (each + (0,) * (size - len(each)) for each in (one, other))
        return tuple(map(sum, zip(*padded, strict=True)))

    return Cost(
        added(first.terms, second.terms),
        added(first.writes, second.writes),
        first.complete and second.complete,
    )
