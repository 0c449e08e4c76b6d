"""Rows are written past what runs with every other save or delete of them."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.hooks import Hook, delete_hooks, save_hooks
from djguide_analyzers.rules.places import name_place
from djguide_analyzers.rules.receivers import receivers
from djguide_analyzers.trace.values import BuiltinMethod, ManagerValue, QuerySetValue

RULE = Rule(
    summary="A bulk write skips the model's `save()` or `delete()`, or receivers of its signals",
    severity=Severity.INFO,
    safety=Safety.MANUAL,
    default=False,
)

_WRITES = {
    "bulk_create": "bulk_create",
    "abulk_create": "bulk_create",
    "bulk_update": "bulk_update",
    "abulk_update": "bulk_update",
    "update": "update",
    "aupdate": "update",
    "delete": "delete",
    "adelete": "delete",
}
_ANYWAY = frozenset(
    {"send", "send_robust", "print", "getattr", "setattr", "len", "str", "get", "filter", "format"}
)
"""Calls that say nothing about whether a function does itself what a hook would do."""

_VALIDATION = frozenset({"full_clean", "clean", "clean_fields", "validate_unique", "validate_constraints"})
"""What a hook that calls nothing else keeps up to date: nothing."""


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test or "/migrations/" in file.path:
        return
    for node, code in scope.nodes(ir.Call):
        if not isinstance(node.func, ir.Attr) or node.func.name not in _WRITES:
            continue
        model = _model(file, scope, code, node)
        if model is None or _is_its_own(file, scope, model):
            continue
        hook = _skipped(file, scope, node, model, _WRITES[node.func.name])
        if hook is not None:
            yield _hit(file, code, node, hook)


def _hit(file: FileContext, code: Code, node: ir.Call, hook: Hook) -> Hit:
    assert isinstance(node.func, ir.Attr)
    home = file.sibling(hook.function.module)
    place = name_place(home, hook.function.code, hook.function.node)
    call = {"delete": "delete()"}.get(node.func.name, "save()")
    return Hit(
        file.place(code, node),
        f"`{node.func.name}()` goes straight to the database: {hook.what} does not run, and what it keeps up to "
        "date goes stale",
        related=(Related("this does not run", place),),
        fixes=(Fix(f"Call `{call}` on each row, or do here what the hook does", Safety.MANUAL),),
    )


def _model(file: FileContext, scope: Scope, code: Code, node: ir.Call) -> Model | None:
    """The model whose rows Django's own method writes."""
    method = scope.value(code, node.func)
    if not isinstance(method, BuiltinMethod):
        return None
    match method.receiver:
        case ManagerValue(model=label):
            return file.project.graph.get(label) if method.name != "delete" else None
        case QuerySetValue(query=query):
            return file.project.graph.get(query.model)
        case _:
            return None


def _is_its_own(file: FileContext, scope: Scope, model: Model) -> bool:
    """Whether the model itself, its managers or its hooks write, and so know what they pass by."""
    info = scope.function
    while info is not None and info.parent is not None:
        info = info.parent
    if info is None:
        return False
    if info.owner is not None:
        resolver = file.project.resolver
        if info.owner in resolver.mro(model.cls):
            return True
        if resolver.is_subclass(
            info.owner, "django.db.models.manager.BaseManager", "django.db.models.query.QuerySet"
        ):
            return True
    return any(receiver.function.node is info.node for receiver in receivers(file))


def _skipped(file: FileContext, scope: Scope, node: ir.Call, model: Model, operation: str) -> Hook | None:
    """The hook that would have had something to do."""
    hooks = delete_hooks(file, model) if operation == "delete" else save_hooks(file, model)
    if not hooks:
        return None
    here = _called_here(scope)
    if "send" in here or "send_robust" in here:
        return None
    columns = _columns(node, operation, model)
    given = _given(scope, node) if operation == "bulk_create" else columns or frozenset()
    for hook in hooks:
        if not (hook.calls - _ANYWAY - {"save", "delete"}).isdisjoint(here - _ANYWAY - set(_WRITES)):
            continue  # the function does it by itself
        if hook.sets and "*" not in hook.sets and hook.sets <= given:
            continue
        changes = operation in ("update", "bulk_update")
        if changes and (hook.only_new or columns is None or hook.reads.isdisjoint(columns)):
            continue
        if hook.sets or hook.calls - _VALIDATION:
            return hook
    return None


def _called_here(scope: Scope) -> set[str]:
    return {
        node.func.id if isinstance(node.func, ir.Name) else node.func.name
        for node, _ in scope.nodes(ir.Call)
        if isinstance(node.func, (ir.Name, ir.Attr))
    }


def _columns(node: ir.Call, operation: str, model: Model) -> frozenset[str] | None:
    """The columns that an update writes, under both of their names; None when they are not written out."""
    if operation == "update":
        names = [keyword.name for keyword in node.keywords]
    elif operation == "bulk_update":
        listed = node.args[1] if len(node.args) > 1 else node.keyword("fields")
        items = listed.items if isinstance(listed, ir.Display) else []
        names = [item.value if isinstance(item, ir.Const) else None for item in items]  # type: ignore[misc]
    else:
        return frozenset()
    if not names or None in names:
        return None
    fields = [model.fields.get(str(name)) for name in names]
    both = {name for field in fields if field is not None for name in (field.name, field.attname)}
    return frozenset({str(name) for name in names} | both)


def _given(scope: Scope, node: ir.Call) -> frozenset[str]:
    """Attributes that the function gives the rows it makes, by keyword or by assignment."""
    found: set[str] = set()
    for call, _ in scope.nodes(ir.Call):
        if call is not node:
            found |= {keyword.name for keyword in call.keywords if keyword.name is not None}
    for kind in (ir.Assign, ir.AugAssign):
        for statement, _ in scope.nodes(kind):
            found |= {part.name for part in walk(_left(statement)) if isinstance(part, ir.Attr)}
    return frozenset(found)


def _left(statement: ir.Assign | ir.AugAssign) -> list[ir.Expr]:
    return list(statement.targets) if isinstance(statement, ir.Assign) else [statement.target]
