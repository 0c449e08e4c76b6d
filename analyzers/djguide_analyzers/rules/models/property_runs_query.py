"""A property of a model runs a query each time it is read, and it is read more than once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import import_name, replace
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.template_places import are_together
from djguide_analyzers.rules.write_units import on_one_path
from djguide_analyzers.trace.events import Called, CallSite, QueryRun, Write
from djguide_analyzers.trace.templates.code import TemplateCode
from djguide_analyzers.trace.tracer import Trace
from djguide_analyzers.trace.values import Site

RULE = Rule(
    summary="A property that runs a query is read more than once of the same row",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)


class _Reading(NamedTuple):
    """The property, and the two places at which it is read."""

    info: FunctionInfo
    first: Site
    second: Site
    query: QueryRun


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    for trace in file.traces:
        for reading in _readings(trace):
            yield _hit(file, reading)


def _readings(trace: Trace) -> Iterator[_Reading]:
    """Each property that a trace reads twice of one row, once."""
    seen: dict[object, tuple[CallSite, QueryRun]] = {}
    told: set[str] = set()
    writes = any(isinstance(e, Write) or (isinstance(e, Called) and e.summary.writes) for e in trace.events)
    for event in () if writes else trace.events:
        if not isinstance(event, QueryRun) or event.cached or event.related is None or not event.proven:
            continue
        step = next((call for call in event.context.stack if _is_property(call.callee)), None)
        if step is None or event.related.prefetched or event.related.row.path:
            continue
        outer = event.context.stack[: event.context.stack.index(step)]
        loops = tuple(loop.site for loop in event.context.loops if loop.depth <= len(outer))
        key = (step.callee.dotted, event.related.row.key, event.site, outer, loops)
        earlier = seen.setdefault(key, (step, event))[0]
        if earlier.site == step.site or step.callee.dotted in told:
            continue
        if _come_together(trace, earlier.site, step.site, bool(outer)):
            told.add(step.callee.dotted)
            yield _Reading(step.callee, earlier.site, step.site, event)


def _is_property(info: FunctionInfo) -> bool:
    """Whether a function is a plain property of the project, without a setter."""
    decorators = info.node.decorators
    plain = len(decorators) == 1 and isinstance(decorators[0], ir.Name) and decorators[0].id == "property"
    if not plain or info.owner is None or info.module.origin != "project":
        return False
    return len(info.owner.members.names.get(info.name, ())) == 1


def _come_together(trace: Trace, one: Site, other: Site, called: bool) -> bool:
    """Whether both places are reached in one go: in no branches that exclude each other."""
    if one.code != other.code:
        return False
    if isinstance(one.code, TemplateCode):
        return are_together(one.code.source, one.at, other.at)
    info = trace.function
    if called or info is None or one.code != info.body_code:
        return False
    nodes = {node.at: node for node in walk(info.statements) if isinstance(node, ir.Attr)}
    first, second = nodes.get(one.at), nodes.get(other.at)
    return first is not None and second is not None and on_one_path(info.statements, first, second)


def _hit(file: FileContext, reading: _Reading) -> Hit:
    info = reading.info
    again = file.place_of(reading.second)
    return Hit(
        Place(info.module.path, info.code.range(info.node.decorators[0])),
        f"`{info.name}` runs a query each time it is read, and it is read again of the same row",
        access=again if again.path != info.module.path else None,
        related=(
            Related("the query", file.place_of(reading.query.site)),
            Related("read here", file.place_of(reading.first)),
            Related("read again here", again),
        ),
        fixes=(_fix(file, info),),
        data={"model": reading.query.query.model, "property": info.name},
    )


def _fix(file: FileContext, info: FunctionInfo) -> Fix:
    title = "Make it a `cached_property`"
    there = file.sibling(info.module)
    imported = import_name(there, "django.utils.functional", "cached_property")
    if imported is None:
        return Fix(title, Safety.MANUAL)
    edit = replace(there, info.code.range(info.node.decorators[0]), imported[0])
    return Fix(title, Safety.REVIEW, (edit, *imported[1]))
