"""The default ordering joins another table."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.project.graph import Model, ModelGraph
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Severity
from djguide_analyzers.rules.lookups import field_called, follow
from djguide_analyzers.rules.meta import items, meta_option, model_classes
from djguide_analyzers.rules.ordering import plain_name

RULE = Rule(
    summary="`Meta.ordering` sorts by another model's column, so every list of the model joins its table",
    severity=Severity.INFO,
)


def check(file: FileContext) -> Iterator[Hit]:
    graph = file.project.graph
    for cls in model_classes(file):
        option = meta_option(file.project, cls, "ordering")
        model = graph.of_class(cls) or graph.abstract_models.get(cls)
        nodes = items(option.expr) if option is not None else None
        if model is None or option is None or option.owner is not cls or nodes is None:
            continue
        if not model.sure("ordering") or len(nodes) != len(model.ordering):
            continue
        told: set[str] = set()
        for node, text in zip(nodes, model.ordering, strict=True):
            name = plain_name(text)
            joined = _joined(graph, model, name.lstrip("-+")) if name is not None else None
            relation = name.lstrip("-+").partition("__")[0] if name is not None else ""
            if joined is not None and relation not in told:
                told.add(relation)
                yield Hit(
                    file.place(option.code, node),
                    f"Sorting by `{name}` joins {joined}: every list of {model.name} pays for it, also where the "
                    "order does not matter, and no index can serve it",
                    data={"model": model.label},
                )


def _joined(graph: ModelGraph, model: Model, name: str) -> str | None:
    """What sorting by `name` joins; None when the table itself has the column, or it is not known."""
    path = follow(graph, model, name)
    if path.bad is not None or not path.steps:
        return None
    first, *others = path.steps
    field = field_called(first.model, first.name)
    if others or field is None or field.kind not in ("fk", "o2o"):
        return f"`{first.name}`"
    target = graph.get(field.target)
    if target is None or not target.complete:
        return None
    if path.field is not field:
        column = path.field
        return None if column is None or column.name in (target.pk, field.to_field) else f"`{field.name}`"
    if name == field.attname or not target.sure("ordering"):
        return None
    return _through(field.name, target)


def _through(relation: str, target: Model) -> str | None:
    """What the ordering of `target` joins when it is sorted by through a relation."""
    names = [plain_name(text) for text in target.ordering]
    if None in names:
        return None
    others = [name for name in names if name is not None and name.lstrip("-+") not in ("pk", target.pk)]
    if not others:
        return None
    first = others[0].lstrip("-+")
    return f"`{relation}`, whose own order is by `{first}`"
