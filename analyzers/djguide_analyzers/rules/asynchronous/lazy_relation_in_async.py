"""Asynchronous code reads a relation that nothing has loaded."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.async_calls import is_async
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.trace.events import RelationLoad
from djguide_analyzers.trace.values import Site

RULE = Rule(
    summary="A relation that is loaded on the way raises SynchronousOnlyOperation in an `async` function",
    severity=Severity.ERROR,
    safety=Safety.MANUAL,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    info = scope.function
    if info is None or not is_async(scope):
        return
    seen: set[Site] = set()
    for event in scope.trace.events:
        if not isinstance(event, RelationLoad) or event.site.code != info.body_code or event.context.stack:
            continue
        if not event.proven or not event.row.provenance_known or event.row.root.query is None:
            continue
        if event.site in seen or event.row.root.query.opaque or event.row.root.query.assumed:
            continue
        seen.add(event.site)
        path = "__".join([*event.row.path, event.name])
        how = f'Load it with `select_related("{path}")`' if event.kind != "gfk" else "Prefetch it"
        advice = how if event.kind != "deferred" else f"Load `{event.name}` along with the row"
        yield Hit(
            file.place_of(event.site),
            f"Nothing has loaded `{event.name}`: reading it here queries the database, which raises "
            "SynchronousOnlyOperation in an `async` function",
            fixes=(Fix(advice, Safety.MANUAL),),
            data={"model": event.row.root.query.model, "relation": path},
        )
