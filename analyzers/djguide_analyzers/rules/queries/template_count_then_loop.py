"""A template counts a queryset and then loops over it: one query too many."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.template_places import are_together
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Range
from djguide_analyzers.trace.events import QueryRun
from djguide_analyzers.trace.templates.code import TemplateCode
from djguide_analyzers.trace.tracer import Trace

RULE = Rule(
    summary="A template counts a queryset with a query of its own, and then loads it",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_ASKING = frozenset({"count", "exists"})


def check_trace(file: FileContext, trace: Trace) -> Iterator[Hit]:
    if file.is_test:
        return
    yield from _in_trace(file, trace)


def _in_trace(file: FileContext, trace: Trace) -> Iterator[Hit]:
    asked: dict[int, QueryRun] = {}
    for event in trace.events:
        if not isinstance(event, QueryRun) or event.cached:
            continue
        earlier = asked.get(event.identity)
        if event.operation in _ASKING and isinstance(event.site.code, TemplateCode):
            asked.setdefault(event.identity, event)
        elif earlier is not None and event.operation in ("iterate", "bool", "len"):
            del asked[event.identity]
            if event.operation == "iterate" and _follows(earlier, event):
                hit = _hit(file, earlier, event)
                if hit is not None:
                    yield hit
        elif event.operation in ("iterate", "bool", "len"):
            asked.pop(event.identity, None)


def _follows(asked: QueryRun, looped: QueryRun) -> bool:
    """Whether the loop comes wherever the count does, once for each: in the same template and no other branch."""
    one, other = asked.site.code, looped.site.code
    if not isinstance(one, TemplateCode) or one != other or one.source.origin != "project":
        return False
    if len(asked.context.loops) != len(looped.context.loops) or looped.context.memoised:
        return False
    return are_together(one.source, asked.site.at, looped.site.at)


def _hit(file: FileContext, asked: QueryRun, looped: QueryRun) -> Hit | None:
    code = asked.site.code
    assert isinstance(code, TemplateCode)
    place = Place(code.source.path, code.range(asked.site.at))
    text = file.read(code.source.path)
    if text is None:
        return None
    end = place.range.end
    line = text.split("\n")[end.line]
    name = f".{asked.operation}"
    if not line[: end.column].endswith(name):
        return None
    start = type(end)(end.line, end.column - len(name))
    edit = Edit(code.source.path, Range(start, end), "|length" if asked.operation == "count" else "")
    title = "Use the `length` filter" if asked.operation == "count" else "Test the queryset itself"
    return Hit(
        place,
        f"`{name}` asks the database, and the loop over the same rows asks it again",
        related=(Related("the loop", Place(code.source.path, code.range(looped.site.at))),),
        fixes=(Fix(title, Safety.SAFE, (edit,)),),
        data={"model": asked.query.model, "relation": asked.operation},
    )
