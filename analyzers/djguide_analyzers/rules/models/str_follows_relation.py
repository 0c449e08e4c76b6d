"""`__str__` loads another row."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.n_plus_one import declaration, line_of
from djguide_analyzers.trace.events import QueryRun, RelationLoad
from djguide_analyzers.trace.values import Row

RULE = Rule(
    summary="`__str__` loads another row, once for each object that is printed",
    severity=Severity.INFO,
    safety=Safety.MANUAL,
    default=False,
)

Load = tuple[RelationLoad | QueryRun, Row, str]
"""What is loaded: the event, the row it is loaded for, and the relation."""


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    info = scope.function
    if info is None or info.name != "__str__" or info.owner is None:
        return
    model = file.project.graph.of_class(info.owner)
    loads = [load for load in _loads(scope) if model is not None and load[1].model == model.label]
    own = [load for load in loads if not load[0].context.stack]
    if own or loads:
        yield _hit(file, own or loads)


def _loads(scope: Scope) -> Iterator[Load]:
    """Relations of the object itself that its text needs."""
    for event in scope.trace.events:
        match event:
            case RelationLoad(key_only=False, row=row, name=name) if event.kind != "deferred":
                pass
            case QueryRun(cached=False, related=related) if related is not None:
                row, name = related.row, related.accessor
            case _:
                continue
        if not row.path and not row.root.many and not row.provenance_known:
            yield event, row, name


def _hit(file: FileContext, loads: list[Load]) -> Hit:
    event, row, _ = loads[0]
    site = event.site if not event.context.stack else event.context.stack[0].site
    names = list(dict.fromkeys(name for _, _, name in loads))
    access = file.place_of(event.site)
    listed = " and ".join(f"`{name}`" for name in names)
    paths = ", ".join(f'"{name}"' for name in names)
    title = f"Make the text of the row's own columns, or load {paths} where rows are listed"
    return Hit(
        file.place_of(site),
        f"`__str__()` loads {listed}: lists, selects, the admin and log lines pay a query for each object",
        related=tuple(_evidence(file, row.model, names, access if event.context.stack else None)),
        fixes=(Fix(title, Safety.MANUAL),),
        data={"model": row.model, "relation": names[0], "access": line_of(access)},
    )


def _evidence(file: FileContext, label: str, names: list[str], access: Place | None) -> Iterator[Related]:
    if access is not None:
        yield Related("it is read here", access)
    for name in names:
        if (declared := declaration(file, label, name)) is not None:
            yield Related(f"`{name}` is declared here", declared)
