"""A management command reads ``sys.argv``, or asks at the terminal whether it may go on."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.guards import conditions
from djguide_analyzers.rules.management import command_scopes
from djguide_analyzers.rules.names import Names, of_function, of_scope

RULE = Rule(
    summary="A management command reads `sys.argv`, or calls `input()` with no option to skip the question",
    severity=Severity.WARNING,
    safety=Safety.MANUAL,
)

_MAX_CALLERS = 3
_BEFORE_OPTIONS = frozenset({"add_arguments", "create_parser", "run_from_argv"})


def check(file: FileContext) -> Iterator[Hit]:
    for scope, info in command_scopes(file):
        names = of_scope(file, scope)
        if not _makes_parser(info, 0):
            yield from _argv(file, scope, names)
        for call, code in scope.nodes(ir.Call):
            if names.called(code, call) == "builtins.input" and not _is_guarded(file, info, call, 0):
                yield Hit(
                    file.place(code, call),
                    "`input()` waits for an answer that `call_command()`, cron and tests cannot give, and no "
                    "option skips the question",
                    fixes=(Fix("Add an option such as `--no-input` that skips the question", Safety.MANUAL),),
                    severity=Severity.INFO,
                )


def _makes_parser(info: FunctionInfo, depth: int) -> bool:
    """Whether a method runs before the arguments are parsed, so that there are no options yet."""
    if info.name in _BEFORE_OPTIONS:
        return True
    callers = [caller for caller, _ in _callers(info)]
    return bool(callers) and depth < _MAX_CALLERS and all(_makes_parser(each, depth + 1) for each in callers)


def _argv(file: FileContext, scope: Scope, names: Names) -> Iterator[Hit]:
    harmless = {id(node.value) for node, _ in scope.nodes(ir.Subscript) if _is_zero(node.index)}
    for node, _ in scope.nodes(ir.Assign):
        harmless |= {id(part) for target in node.targets for part in walk(target)}
        harmless |= {id(part) for part in walk(node.value) if _is_put_back(node, part)}
    for with_, _ in scope.nodes(ir.Call):
        if isinstance(with_.func, ir.Attr):  # sys.argv.append(...) and its like prepare it for something else
            harmless.add(id(with_.func.value))
    for kind in (ir.Attr, ir.Name):
        for node, code in scope.nodes(kind):
            if id(node) not in harmless and names.dotted(code, node) == "sys.argv":
                if isinstance(node, ir.Name) and "argv" not in (node.id, node.id[-4:]):
                    continue
                yield Hit(
                    file.place(code, node),
                    "`sys.argv` holds the arguments of whatever started the process: under `call_command()` and in "
                    "tests they are not this command's",
                    fixes=(Fix("Declare the argument in `add_arguments()`", Safety.MANUAL),),
                )


def _is_zero(node: ir.Expr) -> bool:
    return isinstance(node, ir.Const) and node.value == 0


def _is_put_back(node: ir.Assign, part: ir.Node) -> bool:
    """Whether ``old = sys.argv`` only keeps the list to put it back."""
    return part is node.value and isinstance(part, ir.Attr)


# --- questions -------------------------------------------------------------------------------------------


def _is_guarded(file: FileContext, info: FunctionInfo, node: ir.Node, depth: int) -> bool:
    """Whether an option, or something told by the caller, decides whether `node` is reached."""
    names = of_function(file.project.resolver, info)
    tests = conditions(info.statements, node)
    if any(_is_told(names, info.body_code, info, part) for test in tests for part in walk(test)):
        return True
    callers = list(_callers(info))
    if not callers or depth >= _MAX_CALLERS:
        return False
    return all(_is_guarded(file, caller, call, depth + 1) for caller, call in callers)


def _is_told(names: Names, code: Code, info: FunctionInfo, node: ir.Node, depth: int = 0) -> bool:
    """Whether the value of `node` comes from an option, a caller, an attribute of the command or a terminal."""
    if isinstance(node, ir.Attr):
        if node.name in ("isatty", "interactive"):
            return True
        return isinstance(node.value, ir.Name) and node.value.id == "self" and not _is_stream(node.name)
    if not isinstance(node, ir.Name) or node.id in ("self", "args") or depth > 3:
        return False
    for bound in names.bindings(node.id):
        if bound.how == "parameter":
            return True
        value = bound.value
        if value is not None and any(
            _is_told(names, code, info, part, depth + 1) for part in walk(value) if part is not node
        ):
            return True
    return False


def _is_stream(name: str) -> bool:
    return name in ("stdout", "stderr", "style")


def _callers(info: FunctionInfo) -> Iterator[tuple[FunctionInfo, ir.Call]]:
    """Calls of a method by its name, on whatever object, or of a function, within the module."""
    for function in info.module.functions():
        for node in walk(function.statements):
            if not isinstance(node, ir.Call) or function is info:
                continue
            func = node.func
            if (isinstance(func, ir.Attr) and info.owner is not None and func.name == info.name) or (
                isinstance(func, ir.Name) and info.owner is None and func.id == info.name
            ):
                yield function, node
