"""A task works for a while and then saves a whole row as it was at the start."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.celery_tasks import Task, task_scopes
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import arguments_range, insert
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.names import Names, of_function
from djguide_analyzers.trace.values import Row

RULE = Rule(
    summary="A task saves a whole row after slow work, and undoes what happened meanwhile",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)

_SLOW = (
    "requests.", "httpx.", "urllib.request.", "urllib3.", "aiohttp.", "subprocess.", "smtplib.", "ftplib.",
    "paramiko.", "boto3.", "socket.", "imaplib.", "time.sleep", "asyncio.sleep", "django.core.mail.send",
    "django.core.mail.message.EmailMessage.send",
)  # fmt: skip
_NOT_SLOW = frozenset(
    {"Session", "Request", "PreparedRequest", "Client", "RequestException", "HTTPError", "Timeout"}
)
_LOADING = frozenset(
    {"get", "first", "last", "earliest", "latest", "aget", "afirst", "get_object_or_404", "in_bulk"}
)
_LOCK = "select_for_update"


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    for task, names in task_scopes(file.project, file.module):
        scope = file.scope_of(task.function.body_code)
        if scope is None:
            continue
        for name, loaded in _loads(scope, names):
            yield from _check(file, scope, names, task, name, loaded)


def _loads(scope: Scope, names: Names) -> Iterator[tuple[str, ir.Expr]]:
    """Names bound once in the task to a row that is read from the database, with what they are bound to."""
    for name, bound in names.bound.items():
        if len(bound) != 1 or bound[0].how not in ("assigned", "loop") or bound[0].value is None:
            continue
        node = bound[0].value
        if _is_locked(node):
            continue
        if bound[0].how == "loop" or (isinstance(node, ir.Call) and _is_loading(node)):
            yield name, node


def _is_loading(node: ir.Call) -> bool:
    func = node.func
    return (
        isinstance(func, (ir.Attr, ir.Name))
        and (func.name if isinstance(func, ir.Attr) else func.id) in _LOADING
    )


def _is_locked(node: ir.Expr) -> bool:
    return any(isinstance(part, ir.Attr) and part.name == _LOCK for part in walk(node))


def _check(
    file: FileContext, scope: Scope, names: Names, task: Task, name: str, loaded: ir.Expr
) -> Iterator[Hit]:
    code = task.function.body_code
    order = {node.at: number for number, node in enumerate(walk(task.function.statements))}
    for node in walk(task.function.statements):
        if not isinstance(node, ir.Call) or not isinstance(node.func, ir.Attr) or node.func.name != "save":
            continue
        receiver = node.func.value
        if not isinstance(receiver, ir.Name) or receiver.id != name or node.args:
            continue
        if any(keyword.name in ("update_fields", None) for keyword in node.keywords):
            continue
        row = scope.value(code, receiver)
        slow = _slow_between(names, task, order, loaded, node, name) if isinstance(row, Row) else None
        if slow is not None and isinstance(row, Row):
            yield _hit(file, task, name, node, slow, row)


def _slow_between(
    names: Names, task: Task, order: dict[int, int], loaded: ir.Expr, save: ir.Call, name: str
) -> ir.Call | None:
    """The slow work between loading a row and saving it, unless the row is read again behind it."""
    slow: ir.Call | None = None
    for node in walk(task.function.statements):
        if not isinstance(node, ir.Call) or not order[loaded.at] < order[node.at] < order[save.at]:
            continue
        match node.func:
            case ir.Attr(value=ir.Name(id=target), name="refresh_from_db" | "arefresh_from_db") if (
                target == name
            ):
                slow = None
            case ir.Attr(value=ir.Name(id=target), name="save") if target == name:
                pass
            case _:
                if slow is None and _is_slow(names, task.function.body_code, node, helpers=True):
                    slow = node
    return slow if slow is not None and not _apart(task.function.statements, slow, save) else None


def _is_slow(names: Names, code: Code, call: ir.Call, *, helpers: bool) -> bool:
    symbol = names.symbol(code, call.func)
    if isinstance(symbol, FunctionInfo) and symbol.module.origin == "project":
        return helpers and _helper_is_slow(names, symbol)
    dotted = symbol if isinstance(symbol, str) else symbol.dotted if symbol is not None else None
    if dotted is None or dotted.rpartition(".")[2] in _NOT_SLOW:
        return False
    return dotted.startswith(_SLOW)


def _helper_is_slow(names: Names, info: FunctionInfo) -> bool:
    inner = of_function(names.resolver, info)
    return any(
        isinstance(node, ir.Call) and _is_slow(inner, code, node, helpers=False)
        for node, code in inner.nodes()
    )


def _apart(block: list[ir.Stmt], one: ir.Node, other: ir.Node) -> bool:
    """Whether two nodes stand in different branches, so that only one of them runs."""
    for node in walk(block):
        if isinstance(node, ir.If):
            sides = [{part.at for part in walk(side)} for side in (node.body, node.orelse)]
            if any(one.at in a and other.at in b for a, b in (sides, sides[::-1])):
                return True
            if one.at in sides[0] and other.at not in sides[0] | sides[1] and _ends(node.body):
                return True
    return False


def _ends(block: list[ir.Stmt]) -> bool:
    return bool(block) and (
        isinstance(block[-1], (ir.Return, ir.Raise))
        or (isinstance(block[-1], ir.Jump) and block[-1].kind in ("continue", "break"))
    )


def _hit(file: FileContext, task: Task, name: str, save: ir.Call, slow: ir.Call, row: Row) -> Hit:
    code = task.function.body_code
    model = file.project.graph.get(row.model)
    return Hit(
        file.place(code, save),
        f"`{name}` is as it was before the slow work, and all of its columns are saved: what others changed "
        "meanwhile is written back",
        related=(Related("the slow work", file.place(code, slow)),),
        fixes=(_fix(file, task, name, save, model),),
    )


def _fix(file: FileContext, task: Task, name: str, save: ir.Call, model: Model | None) -> Fix:
    title = "Save the changed columns only"
    columns = _changed(task, name, model)
    if not columns:
        return Fix(title, Safety.MANUAL)
    listed = ", ".join(f'"{column}"' for column in columns)
    inside = arguments_range(file, task.function.body_code, save)
    separator = ", " if save.keywords else ""
    edit = insert(file, inside.end, f"{separator}update_fields=[{listed}]")
    return Fix(title, Safety.REVIEW, (edit,))


def _changed(task: Task, name: str, model: Model | None) -> list[str] | None:
    """The columns that the task sets on a row, those that each save sets included; None when it may set others."""
    if model is None:
        return None
    columns: dict[str, None] = {}
    for node in walk(task.function.statements):
        targets: list[ir.Expr] = []
        match node:
            case ir.Assign(targets=targets):
                pass
            case ir.AugAssign(target=target):
                targets = [target]
            case ir.Call(func=ir.Attr(value=ir.Name(id=owner), name=method)) if owner == name:
                if method not in ("save", "refresh_from_db") and not method.startswith("get_"):
                    return None
            case ir.Call(args=args) if any(isinstance(arg, ir.Name) and arg.id == name for arg in args):
                return None
        for target in targets:
            for part in walk(target):
                if isinstance(part, ir.Attr) and isinstance(part.value, ir.Name) and part.value.id == name:
                    field = model.fields.get(part.name) or model.field_of_attname(part.name)
                    if part is not target or field is None:
                        return None
                    columns[field.name] = None
    if columns:
        columns |= dict.fromkeys(field.name for field in model.fields.values() if _is_automatic(field.call))
    return list(columns)


def _is_automatic(call: ir.Call | None) -> bool:
    value = call.keyword("auto_now") if call is not None else None
    return isinstance(value, ir.Const) and value.value is True
