"""A task is given something that does not travel: a row, a queryset, a request, a form."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, Code
from djguide_analyzers.project.resolve import External
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.celery_tasks import Dispatch, Task, dispatches, tasks_of
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.names import Names, of_function, of_scope
from djguide_analyzers.rules.places import line_start, name_place
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Range
from djguide_analyzers.trace.values import (
    AbstractValue,
    FunctionValue,
    LambdaValue,
    ManagerValue,
    ObjectValue,
    QuerySetValue,
    RequestValue,
    Row,
    Sequence,
)

RULE = Rule(
    summary="A task is given a model instance, a queryset, a request or a form",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)

_FORM = "django.forms.forms.BaseForm"
_REQUESTS = frozenset({"django.http.request.HttpRequest", "rest_framework.request.Request"})


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    for task in tasks_of(file.project.resolver, file.module):
        yield from _annotated(file, task)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test or not any(isinstance(call.func, ir.Attr) for call, _ in scope.nodes(ir.Call)):
        return
    for sent in dispatches(of_scope(file, scope)):
        if not _converts(sent.task):
            yield from _check(file, scope, sent)


def _check(file: FileContext, scope: Scope, sent: Dispatch) -> Iterator[Hit]:
    values = [*enumerate(sent.args), *sent.kwargs]
    for key, node in values:
        what = _what(file, scope.value(sent.code, node), node)
        if what is None:
            continue
        yield Hit(
            file.place(sent.code, sent.call),
            f"`{sent.task.function.name}` is given {what}, which does not travel: the serializer refuses it, or "
            "the worker gets a copy as it was then",
            related=(Related("this argument", file.place(sent.code, node)),),
            fixes=(_fix(file, scope, sent, key, node),),
        )
        return


def _what(file: FileContext, value: AbstractValue, node: ir.Expr) -> str | None:
    """What is handed over, when it certainly cannot be serialised as JSON."""
    match value:
        case Row(model=label):
            return f"a `{label.rpartition('.')[2]}` instance"
        case QuerySetValue() | ManagerValue():
            return "a queryset"
        case RequestValue():
            return "a request"
        case ObjectValue(cls=cls) if file.project.resolver.is_subclass(cls, _FORM):
            return "a form"
        case Sequence(element=element) if not isinstance(node, ir.Display) or node.kind != "set":
            inner = _what(file, element, ir.Opaque(0))
            return f"a list with {inner}" if inner is not None and isinstance(element, Row) else None
        case FunctionValue() | LambdaValue():
            return "a function"
    is_set = isinstance(node, (ir.Display, ir.Comp)) and node.kind == "set"
    is_set |= (
        isinstance(node, ir.Call) and isinstance(node.func, ir.Name) and node.func.id in ("set", "frozenset")
    )
    if is_set:
        return "a set"
    return "a function" if isinstance(node, ir.Lambda) else None


def _annotated(file: FileContext, task: Task) -> Iterator[Hit]:
    """Parameters that say by their annotation that they are rows, querysets or requests."""
    if _converts(task):
        return
    for param in task.parameters:
        node = param.annotation
        if isinstance(node, ir.Const) or node is None:
            continue
        symbol = file.project.resolver.expr(task.function.code, node)
        what = _annotation(file, symbol)
        if what is not None:
            yield Hit(
                name_place(file, task.function.code, task.function.node),
                f"`{param.name}` is to be {what}, which does not travel to a worker: take its primary key",
                related=(Related("the parameter", file.place(task.function.code, node)),),
                fixes=(Fix("Take the primary key, and fetch the row in the task", Safety.MANUAL),),
            )
            return


def _converts(task: Task) -> bool:
    """Whether the task may turn keys into rows on the way: by a class of its own, or by pydantic."""
    options = task.options
    return options is not None and any(
        keyword.name in ("base", "pydantic", None) for keyword in options.keywords
    )


def _annotation(file: FileContext, symbol: object) -> str | None:
    if isinstance(symbol, External):
        return "a request" if symbol.dotted in _REQUESTS else None
    if not isinstance(symbol, ClassInfo):
        return None
    if file.project.graph.of_class(symbol) is not None:
        return f"a `{symbol.name}` instance"
    if symbol.dotted in _REQUESTS:
        return "a request"
    return "a queryset" if symbol.dotted == "django.db.models.query.QuerySet" else None


# --- the fix ---------------------------------------------------------------------------------------------


def _fix(file: FileContext, scope: Scope, sent: Dispatch, key: int | str, node: ir.Expr) -> Fix:
    title = "Pass the primary key, and fetch the row in the task"
    value = scope.value(sent.code, node)
    model = file.project.graph.get(value.model) if isinstance(value, Row) else None
    if model is None or not isinstance(node, (ir.Name, ir.Attr)):
        return Fix(title, Safety.MANUAL)
    task = sent.task
    param = _parameter(task, key)
    if param is None or not _is_only_dispatch(file, sent):
        return Fix(title, Safety.MANUAL)
    edits = _task_edits(file, task, param, model.cls)
    if edits is None:
        return Fix(title, Safety.MANUAL)
    own = insert(file, sent.code.range(node).end, ".pk")
    return Fix(title, Safety.REVIEW, (own, *edits))


def _parameter(task: Task, key: int | str) -> ir.Param | None:
    """The parameter that an argument fills, when it can be renamed freely: given by position."""
    if isinstance(key, str):
        return None
    params = task.parameters
    return params[key] if key < len(params) and params[key].kind in ("pos", "any") else None


def _is_only_dispatch(file: FileContext, sent: Dispatch) -> bool:
    """Whether nobody else calls or dispatches the task."""
    name = sent.task.function.name
    found = 0
    for module in file.project.modules.values():
        found += sum(1 for _ in _mentions(module, name))
        if found > 1:
            return False
    return found == 1


def _mentions(module, name: str) -> Iterator[ir.Node]:
    """Uses of a name other than its definition and its imports."""
    for chunk in module.facts.chunks:
        for node in walk(chunk.outline):
            if (isinstance(node, ir.Name) and node.id == name) or (
                isinstance(node, ir.Attr) and node.name == name
            ):
                yield node
    for info in module.functions():
        for node in walk(info.statements):
            if (isinstance(node, ir.Name) and node.id == name) or (
                isinstance(node, ir.Attr) and node.name == name
            ):
                yield node


def _task_edits(file: FileContext, task: Task, param: ir.Param, model: ClassInfo) -> list[Edit] | None:
    """Take the key under the name ``<parameter>_id``, and fetch the row first."""
    info = task.function
    home = file if info.module is file.module else file.sibling(info.module)
    written = _bound_name(home, model)
    statements = [s for s in info.statements if not _is_docstring(s)]
    names: Names = of_function(file.project.resolver, info)
    key = f"{param.name}_id"
    if written is None or not statements or key in names.bound or len(names.bound.get(param.name, ())) != 1:
        return None
    start = line_start(home, info.body_code, statements[0])
    place = _param_range(home, info.code, task, param)
    if start is None or place is None or param.annotation is not None or param.default is not None:
        return None
    line = f"{start[0]}{param.name} = {written}.objects.get(pk={key})\n"
    if "objects" not in _managers(file, model):
        return None
    return [replace(home, place, key), insert(home, start[1], line)]


def _managers(file: FileContext, model: ClassInfo) -> set[str]:
    found = file.project.graph.of_class(model)
    return set(found.managers) if found is not None else set()


def _bound_name(home: FileContext, model: ClassInfo) -> str | None:
    """How the task's module calls the model."""
    for name in home.module.symbols.names:
        if home.project.resolver.name(home.module, name) is model:
            return name
    return None


def _is_docstring(statement: ir.Stmt) -> bool:
    return isinstance(statement, ir.ExprStmt) and isinstance(statement.value, ir.Const)


def _param_range(home: FileContext, code: Code, task: Task, param: ir.Param) -> Range | None:
    """Where the parameter's name stands in the signature."""
    info = task.function
    text = home.lines.text
    start = home.lines.offset(code.range(info.node.decorators[-1]).end)
    at = text.find(f"def {info.name}", start)
    opening = text.find("(", at)
    closing = text.find(")", opening)
    signature = text[opening + 1 : closing]
    parts = signature.split(",")
    position = opening + 1
    for part in parts:
        if part.strip() == param.name:
            begin = position + part.index(param.name)
            return Range(home.lines.position(begin), home.lines.position(begin + len(param.name)))
        position += len(part) + 1
    return None
