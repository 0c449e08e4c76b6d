"""A data migration uses a method that the model had only in the project's code, not in the migrations."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Value
from djguide_analyzers.rules.app_migrations import model_asked_for
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.migration_files import is_newest, migration_class
from djguide_analyzers.rules.model_classes import MODEL
from djguide_analyzers.rules.names import Names, of_scope

RULE = Rule(
    summary="A data migration uses a method of the model's class, which models in migrations do not have",
    severity=Severity.ERROR,
    safety=Safety.MANUAL,
)

_ROWS = frozenset({"get", "first", "last", "create", "latest", "earliest"})
_CHAINED = frozenset(
    {"all", "filter", "exclude", "order_by", "iterator", "select_related", "prefetch_related", "only", "defer",
     "distinct", "annotate", "using"}
)  # fmt: skip


def check(file: FileContext) -> Iterator[Hit]:
    if migration_class(file.project, file.module) is None:
        return
    newest: bool | None = None
    for scope in file.scopes:
        if scope.function is None or not any(_is_get_model(call) for call, _ in scope.nodes(ir.Call)):
            continue
        newest = is_newest(file) if newest is None else newest
        if not newest:
            return
        yield from _in_function(file, scope, of_scope(file, scope))


def _is_get_model(call: ir.Call) -> bool:
    return isinstance(call.func, ir.Attr) and call.func.name == "get_model"


def _in_function(file: FileContext, scope: Scope, names: Names) -> Iterator[Hit]:
    for node, code in scope.nodes(ir.Attr):
        model = _row(file, names, node.value)
        if model is not None and _is_method(file, model, node.name):
            yield _hit(file, code, node, f"`{node.name}` of `{model.name}`")
            continue
        manager = _manager(file, names, node.value)
        if manager is not None and _is_manager_method(manager, node.name):
            yield _hit(file, code, node, f"`{node.name}` of the manager of `{manager.name}`")


def _historical(file: FileContext, names: Names, node: ir.Expr) -> Model | None:
    """The model whose historical class a variable holds: ``Order = apps.get_model("shop", "Order")``."""
    held = names.value(node.id) if isinstance(node, ir.Name) else None
    named = model_asked_for(held[0]) if held is not None and isinstance(held[0], ir.Call) else None
    model = file.project.graph.get(f"{named[0]}.{named[1]}") if named is not None else None
    return model if model is not None and model.cls.module.origin == "project" else None


def _manager(file: FileContext, names: Names, node: ir.Expr) -> Model | None:
    """The model of ``Order.objects``."""
    if isinstance(node, ir.Attr) and node.name == "objects":
        return _historical(file, names, node.value)
    return None


def _rows(file: FileContext, names: Names, node: ir.Expr) -> Model | None:
    """The model of ``Order.objects.filter(...).iterator()``."""
    while isinstance(node, ir.Call) and isinstance(node.func, ir.Attr) and node.func.name in _CHAINED:
        node = node.func.value
    return _manager(file, names, node)


def _row(file: FileContext, names: Names, node: ir.Expr) -> Model | None:
    """The model of a variable that holds a row."""
    bound = names.bindings(node.id) if isinstance(node, ir.Name) else []
    if len(bound) != 1 or bound[0].value is None:
        return None
    value = bound[0].value
    if bound[0].how == "loop":
        return _rows(file, names, value)
    if bound[0].how == "assigned" and isinstance(value, ir.Call):
        if isinstance(value.func, ir.Attr) and value.func.name in _ROWS:
            return _rows(file, names, value.func.value)
        return _historical(file, names, value.func)
    return None


def _is_method(file: FileContext, model: Model, name: str) -> bool:
    """Whether the model's own class body defines a method or property that nothing in a migration has."""
    if name in model.fields or name in model.reverse or not isinstance(model.cls.member(name), FunctionInfo):
        return False
    django = file.project.resolver.dotted(MODEL)
    return isinstance(django, ClassInfo) and django.member(name) is None


def _is_manager_method(model: Model, name: str) -> bool:
    info = model.managers.get("objects")
    if info is None:
        return False
    for cls in (info.cls, info.queryset_cls):
        if cls is None or cls.module.origin != "project":
            continue
        kept = cls.member("use_in_migrations")
        if isinstance(kept, Value):
            return False
        if (
            isinstance(cls.member(name), FunctionInfo)
            and name not in _CHAINED | _ROWS
            and name != "get_queryset"
        ):
            return True
    return False


def _hit(file: FileContext, code: Code, node: ir.Attr, what: str) -> Hit:
    return Hit(
        file.place(code, node),
        f"{what} is not there in a migration: the model is made anew from the migrations, with its columns only, "
        "and this is an AttributeError",
        fixes=(Fix("Write what it does into the migration", Safety.MANUAL),),
    )
