"""`latest()` does not know by which column."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.meta import effective_meta
from djguide_analyzers.rules.queryset_calls import queryset_calls

RULE = Rule(
    summary="`latest()` or `earliest()` without a column, and the model has no `get_latest_by`",
    severity=Severity.ERROR,
    safety=Safety.MANUAL,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    for call in queryset_calls(scope, "latest", "earliest"):
        if call.node.args or call.node.keywords:
            continue
        model = file.project.graph.get(call.model)
        if model is None or not model.complete or _has_latest_by(file, call.model):
            continue
        yield Hit(
            file.place(call.code, call.node),
            f"`{call.func.name}()` raises ValueError: it names no column, and {model.name} has no "
            "`Meta.get_latest_by`",
            fixes=(Fix(f'Name the column: {call.func.name}("...")', Safety.MANUAL),),
            data={"model": model.label},
        )


def _has_latest_by(file: FileContext, label: str) -> bool:
    """Whether the model, or one that it may take the option from, says anything about it."""
    graph, resolver = file.project.graph, file.project.resolver
    model = graph.get(label)
    while model is not None:
        meta = effective_meta(file.project, model.cls)
        if model.get_latest_by or (meta is not None and resolver.class_attribute(meta, "get_latest_by")):
            return True
        if meta is not None and any(not hasattr(base, "members") for base in resolver.mro(meta)[:-1]):
            return True  # a base of `Meta` that cannot be read may have it
        model = graph.get(model.proxy_for) if model.proxy else None
    return False
