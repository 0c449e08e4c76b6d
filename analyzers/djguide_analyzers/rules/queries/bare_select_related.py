"""`select_related()` is not told what to join."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.project.graph import Model, ModelGraph
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import arguments_range, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.layout import quoted
from djguide_analyzers.rules.queryset_calls import QuerySetCall, queryset_calls

RULE = Rule(
    summary="`select_related()` without names joins all foreign keys but the nullable ones",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)

_DEPTH = 5
"""How far Django follows keys by itself."""
_MANY = 8


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    for call in queryset_calls(scope, "select_related"):
        if not call.node.args and not call.node.keywords:
            yield Hit(
                file.place(call.code, call.node),
                "`select_related()` joins every foreign key that cannot be null, and those of the joined "
                "models, and none that can: name the relations that are read",
                fixes=(_fix(file, call),),
                data={"model": call.model},
            )


def _fix(file: FileContext, call: QuerySetCall) -> Fix:
    model = file.project.graph.get(call.model)
    paths = _joined(file.project.graph, model, (), _DEPTH) if model is not None else None
    if not paths or len(paths) > _MANY:
        return Fix("Name the relations that are read", Safety.MANUAL)
    listed = ", ".join(quoted(file, path) for path in paths)
    edit = replace(file, arguments_range(file, call.code, call.node), listed)
    return Fix(f"Name what is joined now: select_related({listed})", Safety.REVIEW, (edit,))


def _joined(graph: ModelGraph, model: Model, start: tuple[str, ...], depth: int) -> list[str] | None:
    """The longest paths that Django joins by itself; None where one is not known."""
    paths: list[str] = []
    for field in model.fields.values():
        if not field.is_forward_one or field.null or (field.parent_link and start):
            continue
        target = graph.get(field.target)
        if target is None or not target.complete:
            return None
        path = (*start, field.name)
        further = _joined(graph, target, path, depth - 1) if depth > 1 else []
        if further is None:
            return None
        paths += further or ["__".join(path)]
        if len(paths) > _MANY:
            return paths
    return paths
