"""Saving a row saves it again, and again."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.guards import conditions
from djguide_analyzers.rules.model_classes import assigned, is_name, method, self_name
from djguide_analyzers.rules.receivers import POST_SAVE, PRE_SAVE, receivers
from djguide_analyzers.rules.saving import parent_calls, save_methods

RULE = Rule(
    summary="`save()` calls itself, or a receiver saves the very row it is told about",
    severity=Severity.ERROR,
    safety=Safety.REVIEW,
)

_SAVES = frozenset({"save", "asave"})
_MAX_DEPTH = 3


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    for cls, info in save_methods(file):
        own = self_name(info)
        if own is not None:
            for node, code in _saves(file, info, own, cls, 0):
                fix = _fix(file, cls, info, node, code)
                what = f"This is called by the `save()` of {cls.name} and calls it again without an end"
                if code == info.body_code:
                    what = f"This `save()` of {cls.name} calls itself without an end"
                yield Hit(file.place(code, node), f"{what}: a RecursionError", fixes=(fix,))
    seen: set[tuple[str, int]] = set()
    for receiver in receivers(file):
        info, instance = receiver.function, receiver.instance
        if receiver.signal not in (PRE_SAVE, POST_SAVE) or info.module.path != file.path or instance is None:
            continue
        sender = receiver.sender if isinstance(receiver.sender, ClassInfo) else None
        for node, code in _saves(file, info, instance, sender, 0):
            if (code.module.path, node.at) not in seen:
                seen.add((code.module.path, node.at))
                title = "Store the columns with `update()`, which sends no signal"
                yield Hit(
                    file.place(code, node),
                    f"`{info.name}` is called whenever the row is saved and saves it again, without an end: "
                    "a RecursionError",
                    fixes=(Fix(title, Safety.MANUAL),),
                )


def _saves(
    file: FileContext, info: FunctionInfo, instance: str, cls: ClassInfo | None, depth: int
) -> Iterator[tuple[ir.Call, Code]]:
    """Calls that certainly save `instance` again each time `info` runs.

    Helpers are looked into; what they do is told at their call.
    """
    if info.node.is_generator or (info.node.is_async and depth):
        return
    for node in _run_now(info.statements):
        if not isinstance(node, ir.Call) or _is_guarded(info, node, instance):
            continue
        func = node.func
        direct = isinstance(func, ir.Attr) and func.name in _SAVES and is_name(func.value, instance)
        if direct or (depth < _MAX_DEPTH and _helper_saves(file, info, node, instance, cls, depth)):
            yield node, info.body_code


def _helper_saves(
    file: FileContext, info: FunctionInfo, node: ir.Call, instance: str, cls: ClassInfo | None, depth: int
) -> bool:
    func = node.func
    if isinstance(func, ir.Attr) and is_name(func.value, instance):
        helper = method(file.project, cls, func.name) if cls is not None else None
        own = self_name(helper) if helper is not None else None
        if helper is None or own is None or helper.name == "save" or helper.node.decorators:
            return False
        return any(True for _ in _saves(file, helper, own, cls, depth + 1))
    symbol = file.project.resolver.expr(info.body_code, func)
    if not isinstance(symbol, FunctionInfo) or symbol.node.decorators or symbol.module.origin != "project":
        return False
    for number, arg in enumerate(node.args):
        params = symbol.node.params.items
        if is_name(arg, instance) and number < len(params) and params[number].kind in ("pos", "any"):
            return any(True for _ in _saves(file, symbol, params[number].name, cls, depth + 1))
    for keyword in node.keywords:
        if keyword.name is not None and is_name(keyword.value, instance):
            return any(True for _ in _saves(file, symbol, keyword.name, cls, depth + 1))
    return False


def _run_now(statements: list[ir.Stmt]) -> Iterator[ir.Node]:
    """Nodes that run with the function: not the bodies of lambdas, nor arguments that are called later."""
    later = {
        id(inner) for node in walk(statements) if isinstance(node, ir.Lambda) for inner in walk(node.body)
    }
    loops = {
        id(inner)
        for node in walk(statements)
        if isinstance(node, (ir.For, ir.While, ir.Comp))
        for inner in walk(node)
    }
    return (node for node in walk(statements) if id(node) not in later and id(node) not in loops)


def _is_guarded(info: FunctionInfo, node: ir.Call, instance: str) -> bool:
    """Whether a condition may end it: one about anything but attributes that the function leaves as they are."""
    changed = assigned(info, instance)
    for test in conditions(info.statements, node):
        for part in walk(test):
            if isinstance(part, ir.Name) and part.id != instance:
                return True
            if isinstance(part, (ir.Call, ir.Walrus, ir.Await, ir.Opaque)):
                return True
            own = part.name if isinstance(part, ir.Attr) and is_name(part.value, instance) else None
            if own is not None and (own in changed or "*" in changed or own in ("pk", "id", "_state")):
                return True
    return _is_prevented(info, instance)


def _is_prevented(info: FunctionInfo, instance: str) -> bool:
    """Whether the function takes a receiver off its signal, or removes an attribute it looks at."""
    for node in walk(info.statements):
        if isinstance(node, ir.Call) and isinstance(node.func, ir.Attr) and node.func.name == "disconnect":
            return True
        if isinstance(node, (ir.With, ir.Try, ir.Match)) and not _is_atomic(node):
            return True  # a context that switches signals off, an error that is expected
        if isinstance(node, ir.Assign) and any(is_name(target, instance) for target in node.targets):
            return True
    return False


def _is_atomic(node: ir.With | ir.Try | ir.Match) -> bool:
    if not isinstance(node, ir.With):
        return False
    calls = [item.context for item in node.items]
    return all(
        isinstance(call, ir.Call)
        and ((isinstance(call.func, ir.Attr) and call.func.name == "atomic") or is_name(call.func, "atomic"))
        for call in calls
    )


def _fix(file: FileContext, cls: ClassInfo, info: FunctionInfo, node: ir.Call, code: Code) -> Fix:
    """``super().save(...)``, where the override has no call of its parent and clearly means that."""
    func = node.func
    direct = code == info.body_code and isinstance(func, ir.Attr) and func.name == "save"
    if direct and isinstance(func, ir.Attr) and not any(True for _ in parent_calls(file, cls, info)):
        edit = replace(file, code.range(func.value), "super()")
        return Fix("Call the parent's `super().save()`", Safety.REVIEW, (edit,))
    return Fix("Store the columns with `update()`, or call the parent once", Safety.MANUAL)
