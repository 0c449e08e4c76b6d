"""A receiver that nothing but the signal's weak reference holds."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import append_argument
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.model_classes import nodes_within
from djguide_analyzers.rules.receivers import SIGNAL, is_receiver
from djguide_analyzers.trace.values import ClassValue, ObjectValue

RULE = Rule(
    summary="A lambda, partial or local function is connected to a signal and vanishes at once",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    for node, code in scope.nodes(ir.Call):
        if (what := _connected(file, scope, code, node)) is not None:
            yield _hit(file, code, node, what)
    for node, code in scope.nodes(ir.FunctionDef):
        if scope.function is not None:
            yield from _decorated(file, scope, code, node)


def _hit(file: FileContext, code: Code, node: ir.Call, what: str) -> Hit:
    fix = Fix(
        "Keep it alive with `weak=False`", Safety.SAFE, (append_argument(file, code, node, "weak=False"),)
    )
    return Hit(
        file.place(code, node),
        f"A signal holds its receivers by weak references, and nothing else holds {what}: it is gone before "
        "the signal is sent",
        fixes=(fix,),
    )


def _connected(file: FileContext, scope: Scope, code: Code, node: ir.Call) -> str | None:
    """What ``signal.connect(...)`` is given, if nothing will hold it."""
    if not isinstance(node.func, ir.Attr) or node.func.name != "connect":
        return None
    if len(node.args) > 2 or any(keyword.name in ("weak", None) for keyword in node.keywords):
        return None
    signal = scope.value(code, node.func.value)
    if not isinstance(signal, ObjectValue) or not file.project.resolver.is_subclass(signal.cls, SIGNAL):
        return None
    receiver = node.args[0] if node.args else node.keyword("receiver")
    match receiver:
        case ir.Lambda():
            return "this lambda"
        case ir.Call() if file.resolve(code, receiver.func) == "functools.partial":
            return "this `partial`"
        case ir.Attr(value=ir.Call(func=func)) if isinstance(scope.value(code, func), ClassValue):
            return "the object of this bound method"
        case ir.Name(id=name) if _is_local(scope, name) and not _goes_on(file, scope, code, node):
            return f"the local function `{name}`"
        case _:
            return None


def _is_local(scope: Scope, name: str) -> bool:
    """Whether `name` is a function, lambda or partial of this function that nothing holds once it returns."""
    info = scope.function
    if info is None or info.node.is_generator:
        return False  # a generator's variables live on while it waits
    made = [n for n, _ in scope.nodes(ir.FunctionDef) if n.name == name]
    assigned = [
        n.value
        for n, _ in scope.nodes(ir.Assign)
        if any(isinstance(target, ir.Name) and target.id == name for target in n.targets)
    ]
    if not made and not (assigned and all(isinstance(value, ir.Lambda) for value in assigned)):
        return False
    if any(isinstance(n, ir.Scope) and name in n.names for n, _ in scope.nodes(ir.Scope)):
        return False
    uses = [n for n, _ in scope.nodes(ir.Name) if n.id == name]
    handed = sum(1 for node, _ in scope.nodes(ir.Call) if _hands_over(node, name))
    return len(uses) - len(assigned) == handed and not _used_inside(scope, name)


def _goes_on(file: FileContext, scope: Scope, code: Code, node: ir.Node) -> bool:
    """Whether the function does more after `node`: its variables live on, and the signal may be sent meanwhile.

    ``AppConfig.ready()`` only prepares.
    """
    info = scope.function
    if info is None or info.name == "ready":
        return False
    decorators = {id(part) for each, _ in scope.nodes(ir.FunctionDef) for part in walk(each.decorators)}
    end = code.range(node).end
    return any(
        id(call) not in decorators
        and not (isinstance(call.func, ir.Attr) and call.func.name in ("connect", "disconnect"))
        and own.body == info.body_code.body
        and own.range(call).start > end
        for call, own in scope.nodes(ir.Call)
    )


def _hands_over(node: ir.Call, name: str) -> bool:
    """Whether a call is ``signal.connect(name, ...)``."""
    if not isinstance(node.func, ir.Attr) or node.func.name != "connect":
        return False
    receiver = node.args[0] if node.args else node.keyword("receiver")
    return isinstance(receiver, ir.Name) and receiver.id == name


def _used_inside(scope: Scope, name: str) -> bool:
    """Whether a nested function mentions `name`, and so may hold it."""
    info = scope.function
    if info is None:
        return False
    own = {id(node) for node in walk(info.statements)}
    return any(
        isinstance(node, ir.Name) and node.id == name and id(node) not in own
        for node, _ in nodes_within(info)
    )


def _decorated(file: FileContext, scope: Scope, code: Code, node: ir.FunctionDef) -> Iterator[Hit]:
    """``@receiver(...)`` on a function of a function."""
    if scope.function is None or scope.function.node.is_generator:
        return
    for decorator in node.decorators:
        if not isinstance(decorator, ir.Call) or not is_receiver(file.project.resolver, code, decorator):
            continue
        if any(keyword.name in ("weak", None) for keyword in decorator.keywords):
            continue
        mentioned = any(n.id == node.name for n, _ in scope.nodes(ir.Name)) or _used_inside(scope, node.name)
        if not mentioned and not _goes_on(file, scope, code, node):
            yield _hit(file, code, decorator, f"the local function `{node.name}`")
