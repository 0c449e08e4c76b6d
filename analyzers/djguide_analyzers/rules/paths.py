"""Paths from a model: ``author__name`` and what they mean."""

from __future__ import annotations

from dataclasses import dataclass

from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.project import Project

_ON_RELATIONS = frozenset({"exact", "in", "gt", "gte", "lt", "lte", "isnull", "pk"})


@dataclass(frozen=True, slots=True)
class Broken:
    """The first step of a path that names nothing: its place in the path, and what could stand there instead."""

    step: int
    name: str
    model: Model
    names: frozenset[str]


def broken_step(project: Project, model: Model, path: str) -> Broken | None:
    """The step of a look-up path that certainly names nothing; None for paths that are right or not known."""
    current = model
    for number, step in enumerate(path.split("__")):
        if not current.complete or not step:
            return None
        target = _target(project, current, step)
        if target == "end":
            return None
        if target == "none":
            if number and step in _ON_RELATIONS:
                return None
            return Broken(number, step, current, frozenset(look_up_names(current)))
        if not isinstance(target, Model):
            return None
        current = target
    return None


def _target(project: Project, model: Model, step: str) -> Model | str | None:
    """Where a step leads: a model, ``end`` for a column, ``none`` for nothing, None for what is not known."""
    if step == "pk":
        return "end"
    field = model.fields.get(step) or model.field_of_attname(step)
    if field is not None:
        if field.kind in ("fk", "o2o", "m2m", "generic"):
            return project.graph.get(field.target)
        return "end"
    for reverse in (*model.reverse.values(), *model.generic_reverse):
        if reverse.query_name == step:
            return project.graph.get(reverse.model)
    # Hidden accessors (related_name="+") can be looked up by the name of their model.
    if any(step == other.name.lower() for other in project.graph):
        return None
    return "none"


def look_up_names(model: Model) -> set[str]:
    """The names that a look-up on `model` can start with."""
    names = {*model.fields}
    names |= {reverse.query_name for reverse in (*model.reverse.values(), *model.generic_reverse)}
    return names


def is_unique(project: Project, model: Model, path: str) -> bool | None:
    """Whether at most one row of `model` has a given value at the end of `path`; None when that is not known."""
    first, _, rest = path.partition("__")
    if first == "pk" or first == model.pk:
        return True if not rest else None
    field = model.fields.get(first) or model.field_of_attname(first)
    if field is None:
        return None
    if rest:
        target = project.graph.get(field.target)
        if field.kind == "o2o" and target is not None:
            return is_unique(project, target, rest)
        return False if target is not None and field.kind in ("fk", "m2m") else None
    if field.unique or field.primary_key or field.kind == "o2o":
        return True
    if [field.name] in model.unique_together or _is_constrained(model, field):
        return True
    return False if field.certain else None


def _is_constrained(model: Model, field: Field) -> bool:
    return any(
        constraint.get("fields") == [field.name] and not constraint.get("partial")
        for constraint in model.constraints
        if "Unique" in str(constraint.get("class"))
    )
