"""Whether a transaction has anything at stake where something leaves the database: rows written or locked in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.atomicity import Atomic, Regions
from djguide_analyzers.rules.bodies import Body
from djguide_analyzers.rules.write_units import CREATING, REMOVING, on_one_path
from djguide_analyzers.trace.events import Called, Event, QueryRun, Write
from djguide_analyzers.trace.tracer import Trace

_NO_ROWS = frozenset({"self", "cls", "request", "args", "kwargs", "options", "form"})
_ASKS = re.compile(r"(get|is|has|as|to)_|(filter|exclude|all|keys|values|items|exists|count|first|last)$")
_WRITING = CREATING | REMOVING | {"save", "update", "bulk_update", "save_m2m", "form_valid", "perform_create"}


MAX_CALLS = 3
"""Calls inside one another up to which what they write is held to be what the transaction is for."""


def has_stake(regions: Regions, trace: Trace, opened: Atomic | None, node: ir.Node) -> bool:
    """Whether rows may be written or locked in a transaction before or behind `node`, or by it.

    What is written deep inside other calls is their housekeeping: a permission that is looked up and drops what
    has expired. `trace` is that of the function that `regions` are of; `opened` is the transaction, None for one
    that is open all through the function. Methods of unknown objects are taken to write where they are called
    like those that do, and where the objects were handed in and nothing says that they are just asked.
    """
    body = regions.body
    for at in {*_changing(body, trace), *(call.at for call in _possibly_changing(body))}:
        change = body.nodes.get(at)
        if change is None or (opened is not None and not _is_in(regions, opened, change)):
            continue
        if change is node or on_one_path(body.statements, change, node):
            return True
        if on_one_path(body.statements, node, change):
            return True
    return False


def _is_in(regions: Regions, opened: Atomic, node: ir.Node) -> bool:
    return any(each.node.at == opened.node.at and each.code == opened.code for each in regions.at(node))


def _changing(body: Body, trace: Trace) -> Iterator[int]:
    """The nodes of a function that write rows or lock them, calls of functions that do included."""
    for event in trace.events:
        if not isinstance(event, (Write, QueryRun, Called)):
            continue
        site = event.context.stack[0].site if event.context.stack else event.site
        if site.code == body.code and _changes(trace, event):
            yield site.at


def _changes(trace: Trace, event: Event) -> bool:
    if isinstance(event, Called):
        return any(_writes(inner) for inner in trace.inside(event, MAX_CALLS, (QueryRun, Write)))
    return _writes(event)


def _writes(event: Event) -> bool:
    if not isinstance(event, (Write, QueryRun)) or len(event.context.stack) > MAX_CALLS:
        return False
    return isinstance(event, Write) or event.query.locked


def _possibly_changing(body: Body) -> Iterator[ir.Call]:
    given = {param.name for param in body.info.node.params.items} - _NO_ROWS
    for call in body.calls:
        func = call.func
        if not isinstance(func, ir.Attr) or body.function(func) is not None:
            continue
        writes = bool({func.name, func.name.removeprefix("a")} & _WRITING)
        unknown = isinstance(func.value, ir.Name) and func.value.id in given and not _ASKS.match(func.name)
        if (writes or unknown) and body.made(func.value) is None:
            yield call
