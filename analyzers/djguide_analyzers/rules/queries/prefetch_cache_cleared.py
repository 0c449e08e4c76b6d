"""Rows of a prefetched relation are read again behind a write that has dropped them."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.trace.events import QueryRun, Write
from djguide_analyzers.trace.tracer import Trace
from djguide_analyzers.trace.values import ManagerValue, QuerySetValue
from djguide_analyzers.trace.values import Related as Relation

RULE = Rule(
    summary="A write through a relation drops its prefetched rows, and they are read again for each row",
    severity=Severity.INFO,
    safety=Safety.MANUAL,
    default=False,
)

_CLEARING = frozenset({"add", "set", "remove", "clear", "aadd", "aset", "aremove", "aclear"})
"""Methods of related managers behind which the prefetched rows are forgotten."""
_ADDING = frozenset({"create", "get_or_create", "update_or_create", "acreate"})
"""Methods that forget them for many-to-many relations only."""


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    for trace in file.traces:
        yield from _in_trace(file, trace)


def _in_trace(file: FileContext, trace: Trace) -> Iterator[Hit]:
    cleared: dict[object, Write] = {}
    for event in trace.events:
        if isinstance(event, Write):
            receiver = event.receiver
            related = receiver.related if isinstance(receiver, (ManagerValue, QuerySetValue)) else None
            if related is not None and related.prefetched and _clears(event, related):
                cleared[(related.row.key, related.accessor)] = event
        elif isinstance(event, QueryRun) and event.cached and event.related is not None:
            write = cleared.pop((event.related.row.key, event.related.accessor), None)
            if write is not None and _is_per_row(write, event) and file.is_own(event.site):
                yield _hit(file, write, event)


def _clears(write: Write, related: Relation) -> bool:
    return write.operation in _CLEARING or (write.operation in _ADDING and related.back is None)


def _is_per_row(write: Write, read: QueryRun) -> bool:
    """Whether both run in the same round of a loop over the rows."""
    loops = read.context.loops
    sites = [loop.site for loop in write.context.loops]
    if not loops or sites != [loop.site for loop in loops] or read.related is None:
        return False
    loop = next((loop for loop in loops if loop.rows == read.related.row.root.identity), None)
    return loop is not None and not loop.once and not loop.few and write.context.stack == read.context.stack


def _hit(file: FileContext, write: Write, read: QueryRun) -> Hit:
    assert read.related is not None
    name = read.related.accessor
    return Hit(
        file.place_of(read.site),
        f"`{write.operation}()` has dropped the prefetched rows of `{name}`: they are loaded again here, once for "
        "each row",
        related=(Related("dropped here", file.place_of(write.site)),),
        fixes=(Fix("Read the rows before the write, or write once behind the loop", Safety.MANUAL),),
        data={"model": read.query.model, "relation": name},
    )
