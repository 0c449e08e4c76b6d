"""``handle()`` returns something that Django cannot write to the output."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.management import COMMAND, command_of
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.trace.values import (
    BoundMethod,
    BuiltinMethod,
    Constant,
    FunctionValue,
    ManagerValue,
    Mapping,
    QuerySetValue,
    Row,
    Sequence,
)

RULE = Rule(
    summary="`handle()` returns a value that is no text, which Django fails to write",
    severity=Severity.ERROR,
    safety=Safety.REVIEW,
)

_HANDLERS = ("handle", "handle_label", "handle_app_config")
_NUMBERS = frozenset({"count", "update", "bulk_update"})
_TUPLES = frozenset({"delete", "get_or_create", "update_or_create"})
_CALLS = {
    "builtins.len": "a number",
    "builtins.int": "a number",
    "builtins.float": "a number",
    "builtins.sum": "a number",
    "builtins.bool": "a truth value",
    "builtins.any": "a truth value",
    "builtins.all": "a truth value",
    "builtins.list": "a list",
    "builtins.dict": "a dictionary",
    "builtins.set": "a set",
    "builtins.tuple": "a tuple",
    "builtins.sorted": "a list",
}


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    info = scope.function
    if info is None or info.name not in _HANDLERS or info.parent is not None or info.node.is_generator:
        return
    command = command_of(file, info)
    if command is None or not _is_djangos(file, info):
        return
    names = of_scope(file, scope)
    for node, code in scope.nodes(ir.Return):
        what = _what(scope, names, code, node.value, 0) if node.value is not None else None
        if node.value is not None and what is not None:
            yield Hit(
                file.place(code, node),
                f"`{info.name}()` returns {what}: Django writes what it returns to the output, and "
                "fails with an "
                "AttributeError unless it is text",
                fixes=_fix(file, code, node, node.value),
            )


def _is_djangos(file: FileContext, info: FunctionInfo) -> bool:
    """Whether Django's own ``execute()`` takes what the command returns."""
    if info.owner is None:
        return False
    found = file.project.resolver.class_attribute(info.owner, "execute")
    return found is not None and found[0].dotted == COMMAND


def _what(scope: Scope, names: Names, code: Code, node: ir.Expr, depth: int) -> str | None:
    """What a value is that is no text, and not always false; None where it may be text or nothing."""
    if depth > 4:
        return None
    match node:
        case ir.Const(value=value):
            return _of_constant(value)
        case ir.Display(kind=kind, items=items):
            return f"a {kind}" if items else None
        case ir.Dict(keys=keys):
            return "a dictionary" if keys else None
        case ir.Comp(kind=kind):
            return "a dictionary" if kind == "dict" else f"a {kind}"
        case ir.Compare() | ir.Unary(op="not"):
            return "a truth value"
        case ir.IfExp(body=body, orelse=orelse):
            return _what(scope, names, code, body, depth + 1) or _what(scope, names, code, orelse, depth + 1)
        case ir.Bool(values=values) if all(isinstance(value, ir.Compare) for value in values):
            return "a truth value"
        case ir.Name(id=name):
            return _of_variable(scope, names, name, depth) or _of_value(scope, code, node)
        case ir.Call():
            return _of_call(scope, names, code, node, depth)
        case _:
            return _of_value(scope, code, node)


def _of_constant(value: object) -> str | None:
    if value is True:
        return "a truth value"
    if isinstance(value, (int, float)) and value:
        return "a number"
    return None


def _of_variable(scope: Scope, names: Names, name: str, depth: int) -> str | None:
    """What a variable holds in the end, if all its assignments agree that it is no text."""
    bound = names.bindings(name)
    found: list[str | None] = []
    for each in bound:
        if each.how == "assigned" and each.value is not None:
            zero = isinstance(each.value, ir.Const) and each.value.value in (0, False)
            found.append("a number" if zero else _what(scope, names, each.code, each.value, depth + 1))
        elif each.how != "changed" or not found or found[0] != "a number":
            return None
    return found[0] if found and all(found) else None


def _of_call(scope: Scope, names: Names, code: Code, node: ir.Call, depth: int) -> str | None:
    called = names.called(code, node)
    if called in _CALLS:
        return _CALLS[called]
    func = scope.value(code, node.func)
    if isinstance(func, BuiltinMethod) and isinstance(func.receiver, (QuerySetValue, ManagerValue)):
        if func.name in _NUMBERS:
            return "a number"
        if func.name in _TUPLES:
            return "a tuple"
        if func.name == "exists":
            return "a truth value"
    if isinstance(func, (FunctionValue, BoundMethod)):
        info = func.info
        if info.module.origin == "project" and not info.node.decorators and not info.node.is_generator:
            annotated = _of_annotation(info)
            if annotated is not None:
                return annotated
            if info.module is code.module and info.node.returns is None:
                return _of_function(scope, names.resolver, info, depth)
    return _of_value(scope, code, node)


def _of_annotation(info: FunctionInfo) -> str | None:
    returns = info.node.returns
    name = returns.id if isinstance(returns, ir.Name) else ""
    return {"int": "a number", "float": "a number", "bool": "a truth value", "dict": "a dictionary",
            "list": "a list"}.get(name)  # fmt: skip


def _of_function(scope: Scope, resolver: object, info: FunctionInfo, depth: int) -> str | None:
    """What a function of the same module returns, by the literals in its own returns."""
    returns = [node for node in walk(info.statements) if isinstance(node, ir.Return)]
    found = [_of_constant(node.value.value) if isinstance(node.value, ir.Const) else None for node in returns]
    return next(filter(None, found), None)


def _of_value(scope: Scope, code: Code, node: ir.Expr) -> str | None:
    match scope.value(code, node):
        case Constant(value=value):
            return _of_constant(value)
        case QuerySetValue(query=query):
            return f"a queryset of `{query.model}`"
        case Row(model=model):
            return f"an instance of `{model}`"
        case Sequence():
            return "a sequence of rows" if not isinstance(node, ir.Call) else None
        case Mapping(entries=entries) if entries:
            return "a dictionary"
    return None


def _fix(file: FileContext, code: Code, node: ir.Return, value: ir.Expr) -> tuple[Fix, ...]:
    does_something = any(isinstance(part, (ir.Call, ir.Await, ir.Yield, ir.Name)) for part in walk(value))
    if not does_something:
        return (Fix("Return nothing", Safety.REVIEW, (replace(file, code.range(node), "return"),)),)
    if isinstance(value, ir.Name):
        edits = (replace(file, code.range(value), f"str({value.id})"),)
        return (Fix("Return it as text", Safety.REVIEW, edits),)
    range_ = code.range(value)
    text = file.text(code, value)
    if "\n" in text or "\r" in text:
        return (Fix("Return it as text, or nothing", Safety.MANUAL),)
    edits = (insert(file, range_.start, "str("), insert(file, range_.end, ")"))
    return (Fix("Return it as text", Safety.REVIEW, edits),)
