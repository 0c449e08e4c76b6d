"""A column of the admin's change list reads a relation that the list does not load."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.admin_lists import ChangeList, change_list, column_place, fixes
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.loops import looks_first
from djguide_analyzers.rules.n_plus_one import (
    declaration,
    is_foreign,
    line_of,
    merged,
    method_for,
    reported_misses,
)
from djguide_analyzers.trace.missing import Miss, deepest
from djguide_analyzers.trace.repeated import repeated
from djguide_analyzers.trace.tracer import Trace

RULE = Rule(
    summary="A column of the admin's change list runs a query for every row",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)


def check_trace(file: FileContext, trace: Trace) -> Iterator[Hit]:
    if file.is_test:
        return
    found = deepest([miss for miss in reported_misses(file, trace) if miss.reader == "admin"])
    yield from merged(_columns(file, found))
    yield from _asked_again(file, trace)


def _columns(file: FileContext, found: list[Miss]) -> Iterator[Hit]:
    for miss in found:
        shown = change_list(file, miss.loop, miss.owner.model)
        if shown is not None:
            yield _hit(shown, miss, [other for other in found if other.owner == miss.owner])


def _asked_again(file: FileContext, trace: Trace) -> Iterator[Hit]:
    """Queries through a relation of the row that no eager loading answers, such as a count."""
    for item in repeated(trace):
        if item.reader != "admin" or item.row is None or item.context.memoised or is_foreign(item.site):
            continue
        query = item.row.root.query
        shown = change_list(file, item.loop, query.model) if query is not None else None
        if shown is None or query is None or query.opaque or query.assumed:
            continue
        place, access = column_place(shown, item), file.place_of(item.site)
        calls = item.context.stack[item.loop.depth :]
        if any(looks_first(call.callee) for call in calls):
            continue
        reader = f"`{calls[-1].callee.name}`" if calls else "This column"
        path = "__".join((*item.row.path, item.accessor or ""))
        yield Hit(
            place,
            f"{reader} asks for `{path}` with a query of its own for every {shown.model.name} in the list",
            access if access.path != place.path else None,
            (Related("each row asks here", access),),
            (Fix("Annotate the number, or what else is asked for, in get_queryset()", Safety.MANUAL),),
            {
                "model": shown.model.label,
                "relation": path,
                "kind": "query",
                "owner": line_of(place),
                "access": line_of(access),
            },
        )


def _hit(shown: ChangeList, miss: Miss, together: list[Miss]) -> Hit:
    file = shown.file
    place = column_place(shown, miss)
    access = file.place_of(miss.site)
    elsewhere = access.path != place.path
    return Hit(
        place,
        _message(file, miss),
        access if elsewhere else None,
        tuple(_evidence(file, miss)),
        fixes(shown, together),
        {
            "model": miss.owner.model,
            "relation": miss.joined,
            "kind": method_for(file, miss),
            "owner": line_of(place),
            "access": line_of(access),
        },
    )


def _message(file: FileContext, miss: Miss) -> str:
    calls = miss.context.stack[miss.loop.depth :]
    reader = f"`{calls[-1].callee.name}` reads" if calls else "This column reads"
    what = {"to_many": "runs one query", "deferred": "fetches the column"}.get(miss.kind, "loads one row")
    model = miss.owner.model.rpartition(".")[2]
    return f"{reader} `{miss.joined}`, which {what} for every {model} in the list: nothing loads it with the rows"


def _evidence(file: FileContext, miss: Miss) -> Iterator[Related]:
    if miss.context.stack[miss.loop.depth :] and not is_foreign(miss.site):
        yield Related("each row is read here", file.place_of(miss.site))
    if (declared := declaration(file, miss.model, miss.name)) is not None:
        yield Related(f"`{miss.name}` is declared here", declared)
