"""From misses to findings: what the rules of the N+1 family share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.eager import eager_fix, is_to_one
from djguide_analyzers.rules.finding import Place, Related
from djguide_analyzers.trace.missing import Miss, deepest, misses


def hits(file: FileContext, wanted: Callable[[Miss], bool]) -> Iterator[Hit]:
    """One hit for each direct miss of `file` that is `wanted`, with one fix for all that its queryset misses.

    Test code is left alone: it loops over rows it has just made.
    """
    for trace in () if file.is_test else file.traces:
        found = [miss for miss in misses(trace.events) if miss.direct]
        paths = deepest(found)
        for miss in paths:
            if wanted(miss):
                together = [other.path for other in paths if other.owner == miss.owner]
                yield _hit(file, miss, together)


def _hit(file: FileContext, miss: Miss, together: list[tuple[str, ...]]) -> Hit:
    access = file.place_of(miss.site)
    owner = _owner_place(file, miss)
    two_files = owner is not None and owner.path != access.path
    kind = (
        "select_related" if is_to_one(file.project.graph, miss.owner.model, miss.path) else "prefetch_related"
    )
    return Hit(
        owner if two_files and owner is not None else access,
        _message(miss, kind),
        access if two_files else None,
        tuple(_evidence(file, miss, owner, access)),
        eager_fix(file, miss.owner, together, miss.loop.site.code, shared=miss.shared),
        {
            "model": miss.owner.model,
            "relation": miss.joined,
            "kind": kind,
            "owner": _line(owner),
            "access": _line(access),
        },
    )


def _message(miss: Miss, kind: str) -> str:
    what = "runs one query" if miss.kind == "to_many" else "loads one row"
    return (
        f"Reading `{miss.name}` {what} for every {miss.model.rpartition('.')[2]} of this loop: "
        f'its queryset has no {kind}("{miss.joined}")'
    )


def _line(place: Place | None) -> dict[str, object] | None:
    return None if place is None else {"path": place.path, "line": place.range.start.line + 1}


def _owner_place(file: FileContext, miss: Miss) -> Place | None:
    """The queryset's expression: its last link, else where it starts."""
    if miss.owner.chain:
        link = miss.owner.chain[-1]
        return Place(link.site.code.module.path, link.site.code.range(link.node))
    return file.place_of(miss.owner.origin) if miss.owner.origin is not None else None


def _evidence(file: FileContext, miss: Miss, owner: Place | None, access: Place) -> Iterator[Related]:
    yield Related("the loop over the rows", file.place_of(miss.loop.site))
    if owner is not None:
        yield Related("the queryset is built here", owner)
    if owner is not None and owner.path != access.path:
        yield Related("each row is read here", access)
    if (declared := _declaration(file, miss)) is not None:
        yield Related(f"`{miss.name}` is declared here", declared)


def _declaration(file: FileContext, miss: Miss) -> Place | None:
    model = file.project.graph.get(miss.model)
    if model is None:
        return None
    field = model.fields.get(miss.name)
    if field is None and (reverse := model.reverse.get(miss.name)) is not None:
        field = reverse.source
    if field is None or field.code is None or field.node is None or field.code.module.origin != "project":
        return None
    code: Code = field.code
    return Place(code.module.path, code.range(field.node))
