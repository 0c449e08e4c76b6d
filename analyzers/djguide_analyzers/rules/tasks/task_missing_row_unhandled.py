"""A task fetches the row it was queued for and has no path for one that is gone."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.celery_tasks import Task, task_scopes
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.names import Names
from djguide_analyzers.rules.queryset_calls import QuerySetCall, queryset_calls

RULE = Rule(
    summary="A task has no path for a row that is gone",
    severity=Severity.INFO,
    safety=Safety.MANUAL,
    default=False,
)

_GONE = frozenset({"DoesNotExist", "ObjectDoesNotExist", "Http404", "Exception", "BaseException"})
_HARMLESS = ("celery.", "django.db.transaction.", "django.utils.", "functools.wraps")


def check(file: FileContext) -> Iterator[Hit]:
    tasks = list(task_scopes(file.project, file.module))
    if not tasks or file.is_test:
        return
    for task, names in tasks:
        scope = _scope(file, task)
        if scope is None or _is_declared(task) or not _has_plain_decorators(names, task):
            continue
        for call in queryset_calls(scope, "get"):
            if call.code != task.function.body_code or not _is_named(names, call, task):
                continue
            if call.model == file.project.graph.auth_user or _is_handled(task.function.statements, call.node):
                continue  # users are hardly ever deleted
            yield _hit(file, call)
            break


def _scope(file: FileContext, task: Task) -> Scope | None:
    return file.scope_of(task.function.body_code)


def _is_declared(task: Task) -> bool:
    """Whether the task's options name the exception: it is retried, expected, or ignored on purpose."""
    if task.options is None:
        return False
    for name in ("autoretry_for", "throws", "dont_autoretry_for"):
        value = task.options.keyword(name)
        if value is not None and any(
            (isinstance(node, ir.Attr) and node.name in ("DoesNotExist", "ObjectDoesNotExist"))
            or (isinstance(node, ir.Name) and node.id == "ObjectDoesNotExist")
            for node in walk(value)
        ):
            return True
    return False


def _has_plain_decorators(names: Names, task: Task) -> bool:
    """Whether no decorator of the project's own may catch the exception."""
    for decorator in task.function.node.decorators:
        if decorator is task.decorator:
            continue
        func = decorator.func if isinstance(decorator, ir.Call) else decorator
        dotted = names.dotted(task.function.code, func)
        if dotted is None or not dotted.startswith(_HARMLESS):
            return False
    return True


def _is_named(names: Names, call: QuerySetCall, task: Task) -> bool:
    """Whether the row is looked up by an argument of the task."""
    params = {param.name for param in task.parameters}
    if call.node.args or len(call.node.keywords) != 1:
        return False
    value = call.node.keywords[0].value
    if isinstance(value, ir.Call) and len(value.args) == 1 and not value.keywords:
        value = value.args[0]  # int(ticket_id)
    if not isinstance(value, ir.Name):
        return False
    bound = names.bindings(value.id)
    return value.id in params and len(bound) == 1 and bound[0].how == "parameter"


def _is_handled(block: list[ir.Stmt], target: ir.Node) -> bool:
    """Whether an ``except`` around a call, or ``suppress``, takes the exception."""
    for node in walk(block):
        match node:
            case ir.Try(body=body, handlers=handlers) if any(part is target for part in walk(body)):
                if any(_takes(handler) for handler in handlers):
                    return True
            case ir.With(items=items, body=body) if any(part is target for part in walk(body)):
                if any(_suppresses(item.context) for item in items):
                    return True
    return False


def _takes(handler: ir.Handler) -> bool:
    if handler.type is None:
        return True
    types = handler.type.items if isinstance(handler.type, ir.Display) else [handler.type]
    names = {getattr(each, "id", getattr(each, "name", "")) for each in types}
    if names.isdisjoint(_GONE):
        return any(not isinstance(each, (ir.Name, ir.Attr)) for each in types)
    return True


def _suppresses(node: ir.Expr) -> bool:
    return isinstance(node, ir.Call) and any(
        isinstance(part, (ir.Name, ir.Attr))
        and "suppress" in (part.id if isinstance(part, ir.Name) else part.name)
        for part in walk(node.func)
    )


def _hit(file: FileContext, call: QuerySetCall) -> Hit:
    model = call.model.rpartition(".")[2]
    return Hit(
        file.place(call.code, call.node),
        f"The `{model}` may be gone by the time a worker gets here: `DoesNotExist` then fails the task, again "
        "at every retry",
        fixes=(Fix("Return early when the row is gone", Safety.MANUAL),),
    )
