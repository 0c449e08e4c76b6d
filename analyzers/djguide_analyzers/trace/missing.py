"""Relations that a loop loads once per row because its queryset did not: the heart of the N+1 rules.

A *miss* is one event on a row, while a loop over such rows runs, for a path that no eager loading covers. It
names the *owner*: the queryset whose chain must load the path. That is the outermost one from which the rows
descend without a queryset of their own in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from djguide_analyzers.trace.events import Context, Event, Loop, QueryRun, RelationLoad
from djguide_analyzers.trace.refine import has_few_rows, is_served
from djguide_analyzers.trace.values import Query, Row, RowRoot, Site

Reader = Literal[
    "loop", "helper", "template", "serializer", "string field", "method field", "admin", "choices"
]
"""What reads the relation: the loop's own code, something that it calls, a template, a field of a serializer, a
serializer's field that turns objects into text, the method behind a field, a column of the admin's list, or the
label of a choice."""

MissKind = Literal["fk", "o2o", "reverse_o2o", "gfk", "deferred", "to_many"]

_READS_ALL_ROWS = frozenset({"iterate", "bool", "index", "in", "contains"})
"""Operations that a prefetch serves and that need the rows; counting them is a matter of its own."""


@dataclass(frozen=True, slots=True)
class Miss:
    """One relation loaded per row.

    Attributes:
        site: Where the row is touched.
        loop: The loop over the rows.
        direct: Whether the read is written in the loop itself, not in something the loop calls.
        kind: What is loaded.
        row: What is touched.
        model: Label of the model it is of.
        name: The relation read from it.
        owner: Queryset that must load it.
        path: Path from the owner's rows to it.
        handed: Whether whoever handed over the object that the rows belong to may have loaded the path.
        shared: Whether the owner is the relation of an object that was handed in. Other callers may have prefetched
            it, and a queryset of its own would pass by what they did.
    """

    site: Site
    context: Context
    loop: Loop
    direct: bool
    kind: MissKind
    row: Row
    model: str
    name: str
    owner: Query
    path: tuple[str, ...]
    shared: bool = False
    handed: bool = False

    @property
    def reader(self) -> Reader:
        """What reads the relation."""
        return reader(self.context, self.loop, direct=self.direct)

    @property
    def joined(self) -> str:
        return "__".join(self.path)


def reader(context: Context, loop: Loop, *, direct: bool) -> Reader:
    """What does something in `loop` that happens at `context`."""
    if loop.by in ("template", "admin", "choices"):
        return loop.by
    if loop.by == "serializer":
        inner = context.stack[loop.depth :]
        if inner and inner[0].callee.name == "__str__":
            return "string field"
        if inner and inner[0].callee.name.startswith("get_") and inner[0].callee.owner is not None:
            return "method field"
        return "serializer"
    return "loop" if direct else "helper"


MAX_PATH = 3
"""Relations in a row that one prefetch is asked to follow; longer ones come from code that walks a graph."""


def misses(events: Iterable[Event], *, handed: bool = False) -> list[Miss]:
    """All misses among `events`, in order; each place once per owner and path.

    With `handed`, those of the root's own loops as well that others may have seen to.
    """
    found: dict[tuple[object, ...], Miss] = {}
    for event in events:
        miss = _miss(event)
        if miss is not None and (not miss.handed or (handed and miss.loop.depth == 0)):
            found.setdefault((miss.site, miss.owner, miss.path), miss)
    called = {_without_owner(miss) for miss in found.values() if not _is_read_by_framework(miss)}
    return [m for m in found.values() if not (_is_read_by_framework(m) and _without_owner(m) in called)]


def _is_read_by_framework(miss: Miss) -> bool:
    """Whether the loop is over a related manager as it is, without a call of the code that could be changed."""
    return miss.row.root.related is not None and len(miss.owner.chain) == miss.owner.own


def _without_owner(miss: Miss) -> tuple[object, ...]:
    """What tells a miss from others of the same manager, which code may iterate with a call or without."""
    related = miss.row.root.related
    return (miss.site, miss.path, miss.model, related and (related.row.model, related.accessor))


def is_per_row(event: Event) -> bool:
    """Whether `event` is a miss."""
    miss = _miss(event)
    return miss is not None and not miss.handed


def _miss(event: Event) -> Miss | None:
    match event:
        case RelationLoad(key_only=False, row=row, name=name, kind=kind):
            return _of_row(event, row, name, kind)
        case QueryRun(related=related, cached=False, operation=operation) if related is not None:
            if operation in _READS_ALL_ROWS and is_served(event.query):
                return _of_row(event, related.row, related.accessor, "to_many")
    return None


def _of_row(event: RelationLoad | QueryRun, row: Row, name: str, kind: MissKind) -> Miss | None:
    site, context = event.site, event.context
    loop = _loop_over(row.root, context)
    query = row.root.query
    if loop is None or loop.once or query is None or not row.root.many:
        return None
    if not event.proven and row.root.related is None:
        return None
    if _is_shared(row):
        return None
    owner = _owner(row.root, (*row.path, name), context)
    if owner is None:
        return None
    query, path, root = owner
    if query.opaque or query.assumed or query.shape != "instances":
        return None
    if has_few_rows(query):
        return None
    direct = loop.site.code == site.code and loop.depth == len(context.stack)
    handed_in = not row.provenance_known or bool(context.stack)
    shared = root.related is not None and is_served(query) and handed_in
    return Miss(
        site, context, loop, direct, kind, row, row.model, name, query, path, shared, handed=not event.proven
    )


def _is_shared(row: Row) -> bool:
    """Whether all rows of the loop reach the same object: the parent whose related manager gave them."""
    return bool(row.path) and row.root.query is not None and row.path[0] in row.root.query.known


def _loop_over(root: RowRoot, context: Context) -> Loop | None:
    for loop in reversed(context.loops):
        if loop.rows == root.identity:
            return loop
    return None


def _owner(
    root: RowRoot, path: tuple[str, ...], context: Context
) -> tuple[Query, tuple[str, ...], RowRoot] | None:
    """The queryset to change, the path from its rows, and their root; None when it cannot be told."""
    query = root.query
    if query is None:
        return None
    related = root.related
    if related is None or not is_served(query):
        return query, path, root
    parent = related.row
    longer = (*parent.path, related.accessor, *path)
    if related.prefetched:
        return _owner(parent.root, longer, context)
    per_row = parent.root.many and not _is_shared(parent) and _loop_over(parent.root, context) is not None
    if len(longer) <= MAX_PATH and (per_row or _is_read_off(query, parent)):
        return _owner(parent.root, longer, context)
    return query, path, root


def _is_read_off(query: Query, parent: Row) -> bool:
    """Whether a framework reads the rows of `query` off one object of a known queryset: no call makes them."""
    above = parent.root.query
    if query.chain or parent.root.many or above is None or not parent.provenance_known:
        return False
    return bool(above.chain) and not (above.opaque or above.assumed) and above.shape == "instances"


def deepest(found: list[Miss]) -> list[Miss]:
    """One miss for each owner and longest path: loading ``a__b`` loads ``a`` as well."""
    result: dict[tuple[Query, tuple[str, ...]], Miss] = {}
    for miss in found:
        covered = any(
            other.owner == miss.owner
            and len(other.path) > len(miss.path)
            and other.path[: len(miss.path)] == miss.path
            for other in found
        )
        if not covered:
            result.setdefault((miss.owner, miss.path), miss)
    return list(result.values())
