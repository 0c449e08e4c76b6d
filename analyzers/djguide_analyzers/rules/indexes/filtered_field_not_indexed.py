"""Many places look rows up by a column that has no index."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import ProjectContext
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.indexable import Indexes, is_selective
from djguide_analyzers.rules.meta import add_index
from djguide_analyzers.rules.usage_options import RawIndex
from djguide_analyzers.rules.usages import ColumnUse, Usage, collect

RULE = Rule(
    summary="Three places or more look rows up by a column without an index",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)

__all__ = ["RULE", "collect", "conclude"]

_THRESHOLD = 3.0
_MOST = 5.0
"""What one place counts at most."""
_SHOWN = 5

Counts = dict[Place, float]


def conclude(project: ProjectContext, collected: list[Usage | RawIndex]) -> Iterator[Hit]:
    graph = project.project.graph
    indexes = Indexes(project.project, (item for item in collected if isinstance(item, RawIndex)))
    for (label, name), counts in _counts(project, indexes, collected).items():
        model = graph.get(label)
        field = model.fields.get(name) if model is not None else None
        if model is None or field is None or sum(counts.values()) < _THRESHOLD:
            continue
        if model.cls.module.origin != "project" or field.code is None or field.node is None:
            continue
        table = indexes.of(model)
        if table.is_known and not table.leads(name) and is_selective(project.project, model, field):
            yield _hit(project, model, field, counts)


def _counts(
    project: ProjectContext, indexes: Indexes, collected: list[Usage | RawIndex]
) -> dict[tuple[str, str], Counts]:
    """How much each place counts that looks rows up by a column and by nothing that is indexed."""
    found: dict[tuple[str, str], Counts] = {}
    empty: dict[tuple[str, str], Counts] = {}
    for usage in collected:
        if not isinstance(usage, Usage) or _is_served(project, indexes, usage):
            continue
        sorted_only = all(use.how == "order" for use in usage.uses)
        equal = {(use.model, use.field) for use in usage.uses if _tells_apart(project, use)}
        weight = min(usage.weight, _MOST) / max(len(equal), 1)  # one index serves them together
        for use in usage.uses:
            if (use.constant and use.how != "null") or (use.how == "order" and not sorted_only):
                continue
            counts = (empty if use.how == "null" else found).setdefault((use.model, use.field), {})
            counts[use.place] = max(counts.get(use.place, 0.0), weight)
    for key, counts in empty.items():  # whether something is there tells little by itself
        if key in found:
            found[key] = counts | found[key]
    return found


def _tells_apart(project: ProjectContext, use: ColumnUse) -> bool:
    """Whether a condition is one that an index over its column would serve."""
    model = project.project.graph.get(use.model)
    field = model.fields.get(use.field) if model is not None else None
    if model is None or field is None or use.how != "equal" or use.constant:
        return False
    return is_selective(project.project, model, field)


def _is_served(project: ProjectContext, indexes: Indexes, usage: Usage) -> bool:
    """Whether an index picks the rows of a query already."""
    return usage.served or any(_picks(project, indexes, use) for use in usage.uses if use.how == "equal")


def _picks(project: ProjectContext, indexes: Indexes, use: ColumnUse) -> bool:
    model = project.project.graph.get(use.model)
    return model is not None and indexes.of(model).picks(use.field)


def _hit(project: ProjectContext, model: Model, field: Field, counts: Counts) -> Hit:
    assert field.code is not None and field.node is not None
    home = project.file(model.cls.module)
    title = f'Add an index over "{field.name}" (creates a migration; make it concurrently where the table is large)'
    edits = add_index(home, model.cls, [field.name])
    places = sorted(counts, key=lambda place: (place.path, place.range))
    number = f"{len(places)} places look" if len(places) > 1 else "one place, in a loop, looks"
    return Hit(
        Place(field.code.module.path, field.code.range(field.node)),
        f"`{model.name}.{field.name}` has no index, and {number} rows up by it",
        related=tuple(Related("used here", place) for place in places[:_SHOWN]),
        fixes=(Fix(title, Safety.MANUAL) if edits is None else Fix(title, Safety.REVIEW, edits),),
        data={"model": model.label, "relation": field.name, "uses": len(places)},
    )
