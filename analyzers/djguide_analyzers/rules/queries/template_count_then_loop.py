"""A template counts a queryset and then loops over it: one query too many."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import template_ir as t
from djguide_analyzers.project.templates import TemplateSource
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
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
Branches = tuple[tuple[int, int], ...]
"""The branches a node stands in, outermost first: the number of the ``if`` and which of its branches."""


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    for trace in file.traces:
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
    return _are_together(one.source, asked.site.at, looped.site.at)


def _are_together(source: TemplateSource, asked: int, looped: int) -> bool:
    """Whether no ``if`` has the two in different branches."""
    one, other = _branches(source.facts.nodes, asked), _branches(source.facts.nodes, looped)
    if one is None or other is None:
        return False
    chosen = dict(other)
    return all(chosen.get(number, branch) == branch for number, branch in one)


def _branches(nodes: list[t.TemplateNode], at: int) -> Branches | None:
    """The branches around the node that the number `at` belongs to: the last one that starts before it."""
    found: Branches | None = None
    for node in nodes:
        if node.at > at:
            break
        if isinstance(node, t.If):
            found = ()
            for number, branch in enumerate(node.branches):
                inner = _branches(branch.body, at)
                if inner is not None:
                    found = ((node.at, number), *inner)
        else:
            found = ()
            for body in t.bodies(node):
                inner = _branches(body, at)
                if inner is not None:
                    found = inner
    return found


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
