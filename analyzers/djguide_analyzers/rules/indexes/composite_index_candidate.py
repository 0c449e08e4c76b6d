"""Many places look rows up by the same columns together, and no index holds them."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import ProjectContext
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.indexable import Indexes, Table, is_flag
from djguide_analyzers.rules.meta import add_index, class_place
from djguide_analyzers.rules.usage_options import RawIndex
from djguide_analyzers.rules.usages import ColumnUse, Usage, collect

RULE = Rule(
    summary="Three places or more look rows up by the same columns, which no index holds together",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
    default=False,
)

__all__ = ["RULE", "collect", "conclude"]

_THRESHOLD = 3
_MOST_COLUMNS = 3
_SHOWN = 5

Group = tuple[frozenset[str], str | None]
"""The columns that are compared for equality, and the one that a range or the order adds."""
Places = dict[Group, set[Place]]


def conclude(project: ProjectContext, collected: list[Usage | RawIndex]) -> Iterator[Hit]:
    indexes = Indexes(project.project, (item for item in collected if isinstance(item, RawIndex)))
    for label, groups in _groups(collected).items():
        model = project.project.graph.get(label)
        if model is None or model.cls.module.origin != "project" or model.proxy:
            continue
        table = indexes.of(model)
        if not table.is_known:
            continue
        for (equal, last), places in _best(groups).items():
            fields = [model.fields.get(name) for name in equal]
            if len(places) < _THRESHOLD or not _is_worth_it(project, table, model, fields, last):
                continue
            columns = [*_sorted(project, equal, model, groups), *([last] if last is not None else [])]
            if len(columns) <= _MOST_COLUMNS and not _is_held(table, equal, last):
                yield _hit(project, model, columns, places)


def _groups(collected: list[Usage | RawIndex]) -> dict[str, Places]:
    """The queries of each model by the columns they name; only those that name nothing of other models."""
    found: dict[str, Places] = {}
    for usage in collected:
        if not isinstance(usage, Usage) or usage.served or usage.weight < 1:
            continue
        if not all(use.own for use in usage.uses):
            continue
        equal = frozenset(use.field for use in usage.uses if use.how == "equal")
        last = next(
            (use.field for use in usage.uses if _is_last(use) and use.field not in equal),
            None,
        )
        if equal and len(equal) + (last is not None) > 1:
            found.setdefault(usage.model, {}).setdefault((equal, last), set()).add(usage.place)
    return found


def _is_last(use: ColumnUse) -> bool:
    """Whether a column may end an index: it is sorted by, or bounded by a value that differs from call to call."""
    return use.how == "order" or (use.how == "range" and not use.constant)


def _best(groups: Places) -> Places:
    """For each set of columns the group with most places, so that no more than one index is proposed for it."""
    best: Places = {}
    for group, places in sorted(groups.items(), key=lambda item: (-len(item[1]), str(item[0][1]))):
        if not any(known[0] == group[0] for known in best):
            best[group] = places
    return best


def _is_worth_it(
    project: ProjectContext, table: Table, model: Model, fields: list[Field | None], last: str | None
) -> bool:
    if any(field is None or not field.certain or not field.local for field in fields):
        return False
    named = [field for field in fields if field is not None]
    if any(field.unique or field.primary_key or field.name == model.pk for field in named):
        return False
    for index in table.indexes:
        if index.unique and set(index.names) <= {field.name for field in named}:
            return False
    field = model.fields.get(last) if last is not None else None
    if last is not None and (field is None or field.django_base in ("TextField", "JSONField")):
        return False
    if all(is_flag(project.project, field) for field in named):
        return False
    if last is not None:
        return True
    # An index that leaves few rows already is hardly worth another one.
    return not any(table.picks(field.name) for field in named)


def _is_held(table: Table, equal: frozenset[str], last: str | None) -> bool:
    """Whether an index starts with these columns already."""
    for index in table.indexes:
        if set(index.names[: len(equal)]) == equal and (
            last is None or index.names[len(equal) :][:1] == (last,)
        ):
            return True
    return False


def _sorted(project: ProjectContext, equal: frozenset[str], model: Model, groups: Places) -> list[str]:
    """Foreign keys first, then what other queries ask for as well, flags last."""

    def rank(name: str) -> tuple[bool, bool, int, str]:
        field = model.fields[name]
        uses = sum(name in other[0] for other in groups)
        return is_flag(project.project, field), not field.is_forward_one, -uses, name

    return sorted(equal, key=rank)


def _hit(project: ProjectContext, model: Model, columns: list[str], places: set[Place]) -> Hit:
    home = project.file(model.cls.module)
    listed = ", ".join(f'"{name}"' for name in columns)
    title = f"Add an index over {listed} (creates a migration)"
    edits = add_index(home, model.cls, columns)
    first = model.fields[columns[0]]
    note = f"; the index of `{first.name}` alone becomes optional" if first.is_forward_one else ""
    ordered = sorted(places, key=lambda place: (place.path, place.range))
    together = " and ".join([", ".join(f"`{name}`" for name in columns[:-1]), f"`{columns[-1]}`"])
    return Hit(
        class_place(home, model.cls),
        f"{len(places)} places look rows of {model.name} up by {together} together, which no index holds{note}",
        related=tuple(Related("used here", place) for place in ordered[:_SHOWN]),
        fixes=(Fix(title, Safety.MANUAL) if edits is None else Fix(title, Safety.REVIEW, edits),),
        data={"model": model.label, "relation": ",".join(columns), "uses": len(places)},
    )
