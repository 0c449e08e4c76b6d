"""The method behind a serializer's field asks the database for every row."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.loops import chain
from djguide_analyzers.rules.n_plus_one import hits, is_foreign, line_of, loop_evidence
from djguide_analyzers.trace.repeated import Repeated, repeated
from djguide_analyzers.trace.tracer import Trace

RULE = Rule(
    summary="The method of a SerializerMethodField runs a query or loads a relation once per row",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)
_ADVICE = {
    "count": "annotate the view's queryset with Count() and read the annotation",
    "exists": "annotate the view's queryset with Exists() and read the annotation",
    "latest": "bring the value along with a Subquery(), or the object with a sliced Prefetch(to_attr=...)",
    "list": "load the rows with Prefetch(to_attr=...) in the view's queryset",
    "get": "fetch all of them with one query before the rows are serialized",
}
MAX_CALLS = 3


def check_trace(file: FileContext, trace: Trace) -> Iterator[Hit]:
    yield from hits(file, trace, lambda miss: miss.reader == "method field")
    if file.is_test:
        return
    for item in repeated(trace):
        if item.reader == "method field" and _is_reported(item):
            yield _hit(file, item)


def _is_reported(item: Repeated) -> bool:
    return not is_foreign(item.site) and len(chain(item.context, item.loop)) <= MAX_CALLS and not item.writes


def _hit(file: FileContext, item: Repeated) -> Hit:
    place = file.place_of(item.site)
    model = item.query.model.rpartition(".")[2]
    what = f"`{item.accessor}`" if item.accessor is not None else f"`{model}`"
    evidence = tuple(step for step in loop_evidence(file, item.context, item.loop) if step.place != place)
    return Hit(
        place,
        f"This asks for {what} once for every object that the serializer puts out: {_ADVICE[item.kind]}",
        related=evidence,
        fixes=(Fix(_ADVICE[item.kind].capitalize(), Safety.MANUAL),),
        data={
            "model": item.row.model if item.row is not None else item.query.model,
            "relation": item.accessor or "",
            "kind": "query",
            "owner": None,
            "access": line_of(place),
        },
    )
