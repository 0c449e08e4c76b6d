"""What is known of one line: the findings there, those that something hides, and what the trace saw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec import Struct

from djguide_analyzers.engine import suppressions
from djguide_analyzers.engine.folder import Folder
from djguide_analyzers.engine.tracked import TrackedProject
from djguide_analyzers.facts import ir
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Confidence, Finding, Place
from djguide_analyzers.source.positions import Position
from djguide_analyzers.trace.events import (
    Context,
    Event,
    QueryRun,
    RelationLoad,
    RelationRead,
    TransactionBoundary,
    Write,
)
from djguide_analyzers.trace.tracer import Trace
from djguide_analyzers.trace.values import AbstractValue, ManagerValue, Query, QuerySetValue, Row, Site

_KINDS = (ir.Name, ir.Attr, ir.Call, ir.Subscript)


class Note(Struct, frozen=True, order=True):
    """Something known of the code at `place`, and where it comes from: steps of a message and a place."""

    place: Place
    message: str
    origin: tuple[tuple[str, Place], ...] = ()


class Hidden(NamedTuple):
    """A finding that is not told, and why."""

    finding: Finding
    reason: str


class Explanation(Struct):
    """All about one line. `findings` are those that stand there, those that only mention it come last."""

    findings: list[Finding]
    hidden: list[Hidden]
    notes: list[Note]


def explain(folder: Folder, path: str, line: int, column: int | None = None) -> Explanation:
    """What is known of the zero-based `line` (at `column`, if given) of the file at `path`, in a settled folder."""
    compared = folder.compared(folder.findings())
    told = [*compared.new, *compared.known]
    here = [finding for finding in told if _concerns(finding, path, line, column)]
    here.sort(key=lambda finding: not any(_covers(p, path, line, column) for p in _ends(finding)))
    notes: dict[Note, None] = {}
    hidden: list[Hidden] = []
    for project in folder.tracked():
        hidden += _hidden(folder, project, told, path, line, column)
        if (context := project.context(path)) is not None:
            notes |= dict.fromkeys(_notes(context, line, column))
        elif project.project.templates.at(path) is not None:
            notes |= dict.fromkeys(_template_notes(project, path, line, column))
    return Explanation(here, hidden, sorted(notes))


def _ends(finding: Finding) -> list[Place]:
    return [place for place in (finding.place, finding.access) if place is not None]


def _concerns(finding: Finding, path: str, line: int, column: int | None) -> bool:
    places = [*_ends(finding), *(related.place for related in finding.related)]
    return any(_covers(place, path, line, column) for place in places)


def _covers(place: Place, path: str, line: int, column: int | None) -> bool:
    """Whether `place` begins on the line; with a column, whether it holds that position."""
    if place.path != path:
        return False
    return place.range.start.line == line if column is None else place.range.contains(Position(line, column))


def _hidden(
    folder: Folder, project: TrackedProject, told: list[Finding], path: str, line: int, column: int | None
) -> Iterator[Hidden]:
    known = {(finding.code, finding.place, finding.access) for finding in told}
    for finding in project.findings():
        if (finding.code, finding.place, finding.access) in known:
            continue
        if any(_covers(place, path, line, column) for place in _ends(finding)):
            yield Hidden(finding, _reason(folder, project, finding))


def _reason(folder: Folder, project: TrackedProject, finding: Finding) -> str:
    """Why `finding` is not told."""
    if finding.confidence is not Confidence.PROVEN:
        return "it is likely, but not proven"
    for place in _ends(finding):
        if finding.code in folder.ignored_for(place.path):
            return "the configuration ignores the rule in this file"
        module = project.project.modules.get(place.path)
        if module is not None and suppressions.read(module).silence(finding):
            return "a comment says to ignore it"
        template = project.project.templates.at(place.path)
        if template is not None and suppressions.read_template(template).silence(finding):
            return "a comment says to ignore it"
    return "another finding tells the same"


# --- the trace ---------------------------------------------------------------------------------------------


def _notes(context: FileContext, line: int, column: int | None) -> Iterator[Note]:
    """What the traces of the file know of the line: values of its expressions, and what happens there."""
    for scope in context.scopes:
        for kind in _KINDS:
            for node, code in scope.nodes(kind):
                place = context.place(code, node)
                if _covers(place, context.path, line, column):
                    yield from _of_value(context, place, scope.value(code, node))
    for trace in context.traces:
        yield from _happenings(context, trace, context.path, line, column)


def _template_notes(project: TrackedProject, path: str, line: int, column: int | None) -> Iterator[Note]:
    """The same for a template: what the views that render it, as far as is known, make of the line."""
    for rendering, result in sorted(project.results().items()):
        context = project.context(rendering) if path in result.read else None
        if context is None:
            continue
        for trace in context.traces:
            if path not in trace.modules:
                continue
            for site, value in trace.values_in(path):
                place = context.place_of(site)
                if _covers(place, path, line, column):
                    yield from _of_value(context, place, value)
            yield from _happenings(context, trace, path, line, column)
        context.forget_traces()


def _happenings(
    context: FileContext, trace: Trace, path: str, line: int, column: int | None
) -> Iterator[Note]:
    """What the trace says of the line to happen."""
    for event in trace.everything():
        if isinstance(event, RelationLoad | RelationRead | QueryRun | Write | TransactionBoundary):
            place = context.place_of(event.site)
            if _covers(place, path, line, column):
                yield Note(place, _happening(event), tuple(_circumstances(context, event.context)))


def _of_value(context: FileContext, place: Place, value: AbstractValue) -> Iterator[Note]:
    match value:
        case QuerySetValue(query=query):
            yield Note(place, f"a queryset of {query.model}: {_state(query)}", _built(context, query))
        case ManagerValue(related=related, model=model):
            what = f"the related manager `{related.accessor}`" if related is not None else "a manager"
            yield Note(place, f"{what} of {model}")
        case Row(root=root):
            path = f", reached through `{'.'.join(value.path)}`" if value.path else ""
            if root.query is None:
                loaded = (
                    "a single row" if value.provenance_known else "who hands it over may have loaded anything"
                )
                yield Note(place, f"one {value.model}{path}: {loaded}")
            else:
                message = f"{'a row' if root.many else 'the row'} of a queryset, one {value.model}{path}"
                yield Note(place, f"{message}: {_state(root.query)}", _built(context, root.query))


def _built(context: FileContext, query: Query) -> tuple[tuple[str, Place], ...]:
    sites: list[tuple[str, Site | None]] = [("the queryset begins here", query.origin)]
    if query.chain:
        sites.append((f"`{query.chain[-1].name}()` is the last step that is known", query.chain[-1].site))
    return tuple((message, context.place_of(site)) for message, site in sites if site is not None)


def _state(query: Query) -> str:
    """What a queryset loads, in words."""
    parts = []
    if query.opaque:
        parts.append("what it loads is not fully known, so nothing is said about its rows")
    if query.select_all:
        parts.append("select_related() of every relation that is not null")
    elif query.select:
        parts.append(f"select_related({_names(query.select)})")
    if query.prefetch:
        parts.append(f"prefetch_related({_names(entry.path for entry in query.prefetch)})")
    if query.only is not None:
        parts.append(f"only({_names(query.only)})")
    if query.deferred:
        parts.append(f"defer({_names(query.deferred)})")
    if query.known:
        parts.append(f"{_names(query.known)} set from the start")
    if not any((query.opaque, query.select_all, query.select, query.prefetch)):
        parts.append("no relation loaded with it")
    if query.shape != "instances":
        parts.append(f"rows are {query.shape}")
    if query.sliced:
        parts.append("sliced")
    if query.locked:
        parts.append("rows locked")
    return ", ".join(parts)


def _names(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in sorted(set(names)))


def _happening(event: Event) -> str:
    match event:
        case RelationLoad(name=name, row=row):
            proof = "" if event.proven else ", unless who hands the row over has loaded it"
            return f"`{name}` of {row.model} is loaded here, with one query{proof}"
        case RelationRead(name=name, row=row):
            return f"`{name}` of {row.model} is read here; it is loaded already"
        case QueryRun(query=query, operation=operation, cached=True):
            return f"rows of {query.model} are taken from what was prefetched (`{operation}`)"
        case QueryRun(query=query, operation=operation):
            return f"a query for {query.model} runs here (`{operation}`)"
        case Write(model=model, operation=operation):
            return f"rows of {model} are written (`{operation}`)"
        case TransactionBoundary(entered=entered):
            return f"a transaction is {'entered' if entered else 'left'}"
        case _:
            return type(event).__name__


def _circumstances(context: FileContext, around: Context) -> Iterator[tuple[str, Place]]:
    for loop in around.loops:
        yield "in every round of this loop", context.place_of(loop.site)
    for call in around.stack:
        yield f"called from here: `{call.callee.qualname}`", context.place_of(call.site)
