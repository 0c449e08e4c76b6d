"""A template asks for the first row of a prefetched relation, which goes to the database again."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.queryset_calls import place_of_query
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import LineIndex
from djguide_analyzers.trace.events import QueryRun
from djguide_analyzers.trace.templates.code import TemplateCode
from djguide_analyzers.trace.tracer import Trace

RULE = Rule(
    summary="`.first` in a template passes the prefetched rows by, once for each row",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)


def check_trace(file: FileContext, trace: Trace) -> Iterator[Hit]:
    if file.is_test:
        return
    for event in trace.events:
        if isinstance(event, QueryRun) and event.operation in ("first", "last") and not event.cached:
            hit = _hit(file, event)
            if hit is not None:
                yield hit


def _hit(file: FileContext, event: QueryRun) -> Hit | None:
    code, related, loops = event.site.code, event.related, event.context.loops
    if not isinstance(code, TemplateCode) or code.source.origin != "project" or related is None:
        return None
    if not related.prefetched or not loops or loops[-1].by != "template" or loops[-1].few or loops[-1].once:
        return None
    whole = code.range(event.site.at)
    if LineIndex(file.read(code.source.path) or "").slice(whole) != event.operation:
        return None  # a filter, or a call that stands elsewhere
    fixes = (Fix("Sort the rows when they are prefetched, and read `.all.0`", Safety.MANUAL),)
    if event.operation == "first" and all(link.name == "all" for link in event.query.chain):
        fixes = (Fix("Read `.all.0`", Safety.REVIEW, (Edit(code.source.path, whole, "all.0"),)),)
    rows = related.row.root.query
    built = place_of_query(file, rows) if rows is not None else None
    return Hit(
        Place(code.source.path, whole),
        f"`{related.accessor}` is prefetched, but `.{event.operation}` sorts by the key and so asks the database "
        "again for each row",
        related=(Related("the queryset of the rows", built),) if built is not None else (),
        fixes=fixes,
        data={"model": event.query.model, "relation": related.accessor},
    )
