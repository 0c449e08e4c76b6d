"""Queries that a loop runs once per round, other than loading a relation of its rows (which is `missing`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from djguide_analyzers.trace.events import (
    Called,
    CallSite,
    Context,
    Loop,
    QueryRun,
    TransactionBoundary,
    Write,
)
from djguide_analyzers.trace.missing import Reader, is_per_row, reader
from djguide_analyzers.trace.refine import is_served
from djguide_analyzers.trace.tracer import Trace
from djguide_analyzers.trace.values import ObjectKey, Query, QuerySetValue, Related, Row, Site

MAX_CALLS = 3
"""Calls between a loop and a query up to which the loop is held to repeat it; deeper ones are a program's run."""

MAX_INSIDE = 1_000
"""Events of one call of a loop that are looked at."""

_FILLS = frozenset({"iterate", "len", "bool", "in"})
"""Operations after which a queryset holds its rows."""

_ANSWERED_WHEN_FILLED = _FILLS | {"index", "count", "exists"}
"""Operations that ask nobody when the queryset holds its rows."""

RepeatedKind = Literal["count", "exists", "latest", "get", "list"]

_KINDS: dict[str, RepeatedKind] = {
    "count": "count",
    "len": "count",
    "exists": "exists",
    "bool": "exists",
    "contains": "exists",
    "first": "latest",
    "last": "latest",
    "latest": "latest",
    "earliest": "latest",
    "index": "latest",
    "get": "get",
}

_FILLS_CACHE = frozenset({"iterate", "bool", "len", "in"})
"""Operations that leave all rows in the queryset object they are made of."""

_TAKES_FROM_CACHE = _FILLS_CACHE | {"index", "count", "exists", "contains"}
"""Operations that a queryset object answers by itself once it has its rows."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """One query run in every round of a loop.

    Attributes:
        site: The expression that runs it.
        loop: The innermost loop that it is repeated by.
        direct: Whether it is written in the loop itself, not in something the loop calls.
        kind: What it asks for: a number, whether there is any, one newest or first, one by key, or a list.
        query: The queryset's state.
        operation: What runs it, as in `QueryRun`.
        manager: The related manager that it goes through, whosever it is; None when it starts at a model.
        row: The row of the loop whose related manager it goes through; None when there is none.
        accessor: The related manager's name on `row`.
        prefetched: Whether rows of that relation were prefetched, and this asks again.
        varies: Whether it mentions something that the loop binds.
        writes: Whether the call of the loop that leads to it writes to the database as well.
    """

    site: Site
    context: Context
    loop: Loop
    direct: bool
    kind: RepeatedKind
    query: Query
    operation: str
    manager: Related | None
    row: Row | None
    accessor: str | None
    prefetched: bool
    varies: bool
    writes: bool = False

    @property
    def reader(self) -> Reader:
        """What runs the query."""
        return reader(self.context, self.loop, direct=self.direct)

    @property
    def depth(self) -> int:
        """Calls between the loop and the query."""
        return len(self.context.stack) - self.loop.depth

    @property
    def step(self) -> Site | None:
        """The call in the loop's own function that leads to the query."""
        return self.context.stack[self.loop.depth].site if self.depth else None

    @property
    def relation_of_loop(self) -> tuple[Site, tuple[str, ...], str] | None:
        """The loop, the path from its rows, and the related manager; None when the query starts at a model."""
        if self.row is None or self.accessor is None:
            return None
        return self.loop.site, self.row.path, self.accessor


def repeated(trace: Trace) -> list[Repeated]:
    """Queries that loops of `trace`, or what they call, repeat; each place once per loop."""
    return trace.once(_repeated_in)


def _repeated_in(trace: Trace) -> list[Repeated]:
    found: dict[tuple[Site, Site], Repeated] = {}
    queries: list[QueryRun] = []
    outside: list[Called] = []
    writing: set[tuple[Site, Site]] = set()
    written: set[tuple[ObjectKey, str]] = set()
    filled: set[int] = set()
    for event in trace.events:
        if not isinstance(event, (Called, QueryRun, Write)):
            continue
        if not event.context.loops:
            outside += [event] if isinstance(event, Called) and event.summary.writes else []
            continue
        if isinstance(event, Write) or (isinstance(event, Called) and event.summary.writes):
            writing |= set(_steps(event))
        for inner in _inside(trace, event):
            if isinstance(inner, TransactionBoundary):
                writing |= set(_steps(event))  # what for, if not to write?
            elif isinstance(inner, Write):
                written |= set(_relation(inner))
            elif not (_is_in_order(inner) and (_asks_again(inner, written) or _is_at_hand(inner, filled))):
                queries.append(inner)
    for event in _first_of_each(queries):
        if event.cached or is_per_row(event) or (not _is_in_order(event) and _asks_again(event, written)):
            continue
        item = _repeated(event)
        if item is not None:
            if (item.loop.site, item.step) in writing:
                item = replace(item, writes=True)
            found.setdefault((item.site, item.loop.site), item)
    return _beside_writes(trace, outside, list(found.values()))


def _beside_writes(trace: Trace, outside: list[Called], items: list[Repeated]) -> list[Repeated]:
    """`items` of loops in called functions, with what else their rounds do; without relations that they write.

    What a call asks of rows in a loop is the caller's at once, and what it writes stays with the call, where rows
    have other identities: so they are told by their loop.
    """
    if not any(item.loop.depth for item in items):
        return items
    writing: set[tuple[Site, Site]] = set()
    written: set[tuple[Site, tuple[str, ...], str]] = set()
    for event in outside:
        for inner in islice(trace.inside(event, kinds=(Write,)), MAX_INSIDE):
            if isinstance(inner, Write):
                writing |= set(_steps(inner))
                written |= set(_relation_of_loop(inner))
    return [
        replace(item, writes=item.writes or (item.loop.site, item.step) in writing)
        for item in items
        if item.relation_of_loop not in written
    ]


def _first_of_each(queries: list[QueryRun]) -> Iterator[QueryRun]:
    """`queries` without those that a queryset answers from the rows that the same object has loaded before."""
    filled: set[int] = set()
    for event in queries:
        if event.operation in _ANSWERED_WHEN_FILLED and event.identity in filled:
            continue
        if event.operation in _FILLS:
            filled.add(event.identity)
        yield event


def _relation_of_loop(event: Write) -> Iterator[tuple[Site, tuple[str, ...], str]]:
    """The loop over the rows of which a relation is written, the path from them, and the accessor."""
    receiver = event.receiver
    if isinstance(receiver, QuerySetValue) and receiver.related is not None:
        row = receiver.related.row
        for loop in event.context.loops:
            if loop.rows == row.root.identity:
                yield loop.site, row.path, receiver.related.accessor


def _inside(
    trace: Trace, event: Called | QueryRun | Write
) -> Iterator[QueryRun | Write | TransactionBoundary]:
    """Queries and writes of an event, in order: those of a call as far as a loop is held to repeat them."""
    if not isinstance(event, Called):
        yield event
    elif (depth := _depth_left(event)) > 0:
        for inner in islice(trace.inside(event, depth, (QueryRun, Write, TransactionBoundary)), MAX_INSIDE):
            if isinstance(inner, (QueryRun, Write, TransactionBoundary)):
                yield inner


def _relation(event: Write) -> Iterator[tuple[ObjectKey, str]]:
    """The relation that rows are written through, by key of its row and accessor."""
    receiver = event.receiver
    if isinstance(receiver, QuerySetValue) and receiver.related is not None:
        yield receiver.related.row.key, receiver.related.accessor


def _asks_again(event: QueryRun, written: set[tuple[ObjectKey, str]]) -> bool:
    """Whether the round has written what is asked for already: no answer from before the loop would do."""
    related = event.related
    return related is not None and (related.row.key, related.accessor) in written


def _is_at_hand(event: QueryRun, filled: set[int]) -> bool:
    """Whether the queryset has its rows since it was evaluated before; from now on it is one of `filled`."""
    known = event.identity in filled and event.operation in _TAKES_FROM_CACHE
    if event.operation in _FILLS_CACHE:
        filled.add(event.identity)
    return known


def _is_in_order(event: QueryRun) -> bool:
    """Whether the query stands in the innermost loop itself: what calls do comes in no order (see `summaries`)."""
    return len(event.context.stack) == event.context.loops[-1].depth


def _depth_left(event: Called) -> int:
    """Calls inside `event` that may still be followed, counted from the innermost loop."""
    return MAX_CALLS - (len(event.context.stack) - event.context.loops[-1].depth)


def _steps(event: Called | QueryRun | Write) -> Iterator[tuple[Site, Site]]:
    """Each running loop with the call in its own function that leads to `event`."""
    for loop in event.context.loops:
        step = _step(event, loop)
        if step is not None:
            yield loop.site, step.site


def _step(event: Called | QueryRun | Write, loop: Loop) -> CallSite | None:
    """The call in the loop's own function that leads to `event`."""
    stack = event.context.stack
    if isinstance(event, Called):
        stack = (*stack, event.call)
    return stack[loop.depth] if loop.depth < len(stack) else None


def _repeated(event: QueryRun) -> Repeated | None:
    context = event.context
    if context.memoised:
        return None
    related = event.related
    row = related.row if related is not None else None
    loop = _loop(event, row)
    if loop is None or loop.once or loop.few:
        return None
    of_row = row is not None and loop.rows is not None and loop.rows == row.root.identity
    if of_row and (row is None or not row.root.many):
        return None
    query = event.query
    plain = is_served(query)
    if query.assumed or (query.opaque and (plain or not _is_opaque_by_rows(related))):
        return None
    kind = _KINDS.get(event.operation, "list")
    if kind == "latest" and plain and query.single:
        kind = "get"
    return Repeated(
        event.site,
        context,
        loop,
        loop.site.code == event.site.code and loop.depth == len(context.stack),
        kind,
        query,
        event.operation,
        related,
        row if of_row else None,
        related.accessor if of_row and related is not None else None,
        bool(related and related.prefetched and of_row),
        of_row or _varies(event, context.loops.index(loop)),
    )


def _is_opaque_by_rows(related: Related | None) -> bool:
    """Whether a related manager's state is unknown only in what was prefetched with rows from elsewhere."""
    query = related.row.root.query if related is not None else None
    return related is not None and related.prefetched and query is not None and query.opaque


def _loop(event: QueryRun, row: Row | None) -> Loop | None:
    """The loop that a query belongs to: the one over its row, else the innermost."""
    loops = event.context.loops
    if row is not None:
        for loop in reversed(loops):
            if loop.rows is not None and loop.rows == row.root.identity:
                return loop
    return loops[-1] if loops else None


def _varies(event: QueryRun, number: int) -> bool:
    """Whether what is asked depends on the loop with this number in the context."""
    loop = event.context.loops[number]
    if loop.depth == len(event.context.stack):
        return event.varies > number
    step = _step(event, loop)
    return step is not None and step.varies > number
