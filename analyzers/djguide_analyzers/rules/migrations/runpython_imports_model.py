"""A migration works with a model as it is now, not as it was."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.migration_files import migration_class
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.source.positions import Position

RULE = Rule(
    summary="A migration imports a model instead of asking for it as it was",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)

_MANAGERS = ("objects", "_default_manager", "_base_manager")


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if migration_class(file.project, file.module) is None:
        return
    if scope.function is None or scope.function.parent is not None:
        return
    names = of_scope(file, scope)
    seen: set[str] = set()
    for node, code in scope.nodes(ir.Attr):
        base = node.value
        if node.name not in _MANAGERS or not isinstance(base, ir.Name) or base.id in seen:
            continue
        symbol = names.symbol(code, base)
        model = file.project.graph.of_class(symbol) if isinstance(symbol, ClassInfo) else None
        if model is not None and model.cls.module.origin == "project":
            seen.add(base.id)
            yield Hit(
                file.place(code, base),
                f"`{base.id}` is the model as it is today: once a column is added to it, this migration asks "
                "for a column that its table does not have yet",
                fixes=(_fix(file, scope, names, base.id, model),),
                data={"model": model.label},
            )


def _fix(file: FileContext, scope: Scope, names: Names, name: str, model: Model) -> Fix:
    assert scope.function is not None
    title = "Ask for the model as it was"
    params = scope.function.node.params.items
    first = scope.function.statements[0]
    start = scope.function.body_code.range(first).start
    indent = file.lines.line(start.line)[: start.column]
    if not params or params[0].name != "apps" or names.bindings(name) or indent.strip() or not indent:
        return Fix(f'{title}: `apps.get_model("{model.app_label}", "{model.name}")`', Safety.MANUAL)
    text = f'{indent}{name} = apps.get_model("{model.app_label}", "{model.name}")\n'
    return Fix(title, Safety.REVIEW, (insert(file, Position(start.line, 0), text),))
