"""A stored file is removed before the transaction that no longer needs it is committed."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.rules.after_commit import after_commit
from djguide_analyzers.rules.atomicity import COMPUTED, Atomic, regions_of
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.bodies import Body
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.entry_points import IN_TRANSACTION
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.loop_writes import is_seeding
from djguide_analyzers.rules.receivers import receivers
from djguide_analyzers.trace.values import Row

RULE = Rule(
    summary="A stored file is removed before the transaction is committed",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)

_DEFAULT_STORAGE = frozenset(
    {f"django.core.files.storage.{name}.delete" for name in ("default_storage", "DefaultStorage")}
)
_REMOVES = frozenset({"os.remove", "os.unlink"})
_FILE_FIELDS = frozenset({"FileField", "ImageField"})


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test or is_seeding(file):
        return
    calls = [node for node, _ in scope.nodes(ir.Call) if _removes_something(node)]
    if scope.function is None or not calls:
        return
    body = regions_of(file.project, scope.function).body
    for call in calls:
        if _removes_stored(file, scope, body, call):
            where = _transaction(file, scope.function, call)
            if where is not None:
                yield _hit(file, body, call, where)


def _removes_something(node: ir.Call) -> bool:
    name = node.func.name if isinstance(node.func, ir.Attr) else getattr(node.func, "id", "")
    return name in ("delete", "remove", "unlink")


def _removes_stored(file: FileContext, scope: Scope, body: Body, call: ir.Call) -> bool:
    """Whether a call certainly removes a file that rows refer to."""
    func = call.func
    dotted = body.dotted(func)
    if dotted in _DEFAULT_STORAGE:
        return True
    if dotted in _REMOVES:
        return any(
            isinstance(part, ir.Attr) and part.name == "path" and _is_field(file, scope, body, part.value)
            for arg in call.args
            for part in walk(arg)
        )
    if not isinstance(func, ir.Attr) or func.name != "delete":
        return False
    target = func.value
    if isinstance(target, ir.Attr) and target.name == "storage":
        target = target.value
    return _is_field(file, scope, body, target)


def _is_field(file: FileContext, scope: Scope, body: Body, node: ir.Expr) -> bool:
    """Whether an expression is the file of a row: ``invoice.document``."""
    if not isinstance(node, ir.Attr):
        return False
    value = scope.value(body.code, node.value)
    model = file.project.models.get(value.model) if isinstance(value, Row) else None
    models = [model] if model is not None else _models_of_instance(file, scope.function, node.value)
    fields = [each.fields.get(node.name) for each in models]
    return bool(fields) and all(field is not None and field.django_base in _FILE_FIELDS for field in fields)


def _models_of_instance(file: FileContext, info: FunctionInfo | None, node: ir.Expr) -> list[Model]:
    """The models whose rows a signal handler gets as ``instance``."""
    found: list[Model] = []
    for receiver in receivers(file):
        if receiver.function is info and isinstance(node, ir.Name) and node.id == receiver.instance:
            sender = receiver.sender
            model = file.project.graph.of_class(sender) if isinstance(sender, ClassInfo) else None
            if model is None:
                return []
            found.append(model)
    return found


def _transaction(file: FileContext, info: FunctionInfo, call: ir.Call) -> Atomic | str | None:
    """The transaction that is certainly open at a call: where, or whose."""
    regions = regions_of(file.project, info)
    if regions.is_deferred(call):
        return None
    certain = [atomic for atomic in regions.at(call) if atomic.certain]
    if certain:
        return certain[0]
    for receiver in receivers(file):
        if receiver.function is info and receiver.signal in IN_TRANSACTION:
            return f"the transaction in which Django sends `{receiver.signal.rpartition('.')[2]}`"
    return None


def _hit(file: FileContext, body: Body, call: ir.Call, where: Atomic | str) -> Hit:
    whose = where if isinstance(where, str) else "the transaction"
    return Hit(
        file.place(body.code, call),
        f"The file is gone before {whose} is committed: after a rollback the row is back and its file is not",
        fixes=(_fix(file, body, call, where),),
    )


def _fix(file: FileContext, body: Body, call: ir.Call, where: Atomic | str) -> Fix:
    alias = where.using if isinstance(where, Atomic) else None
    saves = isinstance(call.func, ir.Attr) and not call.args and not call.keywords
    if saves or alias == COMPUTED:
        return Fix("Remove the file with `on_commit()`", Safety.MANUAL)
    return after_commit(file, body.statements, body.code, call, f'"{alias}"' if alias is not None else None)
