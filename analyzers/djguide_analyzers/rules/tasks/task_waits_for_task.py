"""A task waits for the result of another task."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.celery_tasks import task_named, task_scopes
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.names import Names

RULE = Rule(
    summary="A task waits for the result of another task",
    severity=Severity.ERROR,
    safety=Safety.MANUAL,
)

_WAITING = frozenset({"get", "join", "join_native", "wait", "collect", "iter_native"})
_SENDING = frozenset({"delay", "apply_async"})
_CANVAS = frozenset({"group", "chord", "chain", "xmap", "starmap", "chunks"})
_RESULTS = frozenset({"AsyncResult", "GroupResult", "ResultSet"})
_MAX_DEPTH = 6


def check(file: FileContext) -> Iterator[Hit]:
    for task, names in task_scopes(file.project, file.module):
        if _allows_joining(task.function.statements):
            continue
        for node in walk(task.function.statements):
            if (
                not isinstance(node, ir.Call)
                or not isinstance(node.func, ir.Attr)
                or node.func.name not in _WAITING
            ):
                continue
            if node.keyword("disable_sync_subtasks") is not None:
                continue
            code = task.function.body_code
            if _is_result(names, code, node.func.value, 0):
                yield Hit(
                    file.place(code, node),
                    f"The worker of `{task.function.name}` waits here for another worker: with all of them "
                    "waiting, nothing moves any more, and Celery raises a RuntimeError",
                    fixes=(Fix("Go on in a callback: `chain`, `chord` or `link=`", Safety.MANUAL),),
                )


def _allows_joining(block: list[ir.Stmt]) -> bool:
    """Whether the task says that it wants to wait."""
    return any(
        (isinstance(node, ir.Name) and node.id == "allow_join_result")
        or (isinstance(node, ir.Attr) and node.name == "allow_join_result")
        for node in walk(block)
    )


def _is_result(names: Names, code: Code, node: ir.Expr, depth: int) -> bool:
    """Whether an expression certainly is the result of something sent off."""
    if depth > _MAX_DEPTH:
        return False
    match node:
        case ir.Name(id=name):
            bound = names.bindings(name)
            if len(bound) != 1 or bound[0].value is None:
                return False
            if bound[0].how == "assigned":
                return _is_result(names, bound[0].code, bound[0].value, depth + 1)
            return bound[0].how == "loop" and _holds_results(names, bound[0].code, bound[0].value, depth + 1)
        case ir.Subscript(value=value):
            return _holds_results(names, code, value, depth + 1)
        case ir.Call(func=ir.Attr(value=value, name=name)) if name in _SENDING:
            return task_named(names, code, value) is not None or _is_canvas(names, code, value, depth + 1)
        case ir.Call(func=ir.Attr(name=name)) if name in _RESULTS:
            assert isinstance(node.func, ir.Attr)
            dotted = names.dotted(code, node.func) or ""
            return dotted.startswith("celery.") or task_named(names, code, node.func.value) is not None
        case ir.Call(func=ir.Name()):
            dotted = names.dotted(code, node.func) or ""
            return dotted.startswith("celery.") and dotted.rpartition(".")[2] in _RESULTS
        case ir.Call(func=func):
            # Calling a group or a chain sends it off.
            return _is_canvas(names, code, func, depth + 1)
    return False


def _holds_results(names: Names, code: Code, node: ir.Expr, depth: int) -> bool:
    """Whether an expression is a list of results."""
    if depth > _MAX_DEPTH:
        return False
    match node:
        case ir.Comp(element=element):
            return _is_result(names, code, element, depth + 1)
        case ir.Display(items=[first, *_]):
            return _is_result(names, code, first, depth + 1)
        case ir.Name(id=name):
            bound = names.bindings(name)
            if len(bound) == 1 and bound[0].how == "assigned" and bound[0].value is not None:
                value = bound[0].value
                if isinstance(value, ir.Display) and not value.items:
                    return _is_filled(names, name, depth)
                return _holds_results(names, bound[0].code, value, depth + 1)
    return False


def _is_filled(names: Names, name: str, depth: int) -> bool:
    """Whether a list that starts empty gets results appended."""
    for node, code in names.nodes():
        match node:
            case ir.Call(func=ir.Attr(value=ir.Name(id=target), name="append"), args=[item]) if (
                target == name
            ):
                return _is_result(names, code, item, depth + 1)
    return False


def _is_canvas(names: Names, code: Code, node: ir.Expr, depth: int) -> bool:
    """Whether an expression is a signature or a composition of some."""
    if depth > _MAX_DEPTH:
        return False
    match node:
        case ir.Name(id=name):
            bound = names.bindings(name)
            if len(bound) == 1 and bound[0].how == "assigned" and bound[0].value is not None:
                return _is_canvas(names, bound[0].code, bound[0].value, depth + 1)
            return False
        case ir.Binary(left=left, op="|"):
            return _is_canvas(names, code, left, depth + 1)
        case ir.Call(func=ir.Attr(value=value, name="s" | "si" | "signature")):
            return task_named(names, code, value) is not None
        case ir.Call(func=func):
            dotted = names.dotted(code, func) or ""
            return dotted.startswith("celery.") and dotted.rpartition(".")[2].lstrip("_") in _CANVAS
    return False
