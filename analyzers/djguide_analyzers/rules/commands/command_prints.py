"""A management command prints past its own output streams."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.support.edits import replace

RULE = Rule(
    summary="A management command uses `print()` instead of `self.stdout`",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_COMMAND = "django.core.management.base.BaseCommand"
_STREAMS = {"sys.stdout": "stdout", "sys.stderr": "stderr"}


def check(file: FileContext) -> Iterator[Hit]:
    in_commands = "/management/commands/" in file.path
    for scope in file.scopes:
        info = scope.function
        if info is None or "print" in file.module.symbols.names:
            continue
        command = _is_command_method(file, info)
        if not command and not in_commands:
            continue
        for node, code in scope.nodes(ir.Call):
            if isinstance(node.func, ir.Name) and node.func.id == "print":
                stream = _stream(file, scope, code, node)
                if stream is not None:
                    yield _hit(file, code, node, stream, info if command else None)


def _is_command_method(file: FileContext, info: FunctionInfo) -> bool:
    while info.parent is not None:
        info = info.parent
    return info.owner is not None and file.project.resolver.is_subclass(info.owner, _COMMAND)


def _stream(file: FileContext, scope: Scope, code: Code, node: ir.Call) -> str | None:
    """``stdout`` or ``stderr``; None when the line goes into a file."""
    target = node.keyword("file")
    if target is None or (isinstance(target, ir.Const) and target.value is None):
        return "stdout"
    return _STREAMS.get(file.resolve(code, target) or "")


def _hit(file: FileContext, code: Code, node: ir.Call, stream: str, command: FunctionInfo | None) -> Hit:
    call = _replacement(file, code, node, stream) if command is not None and _has_self(command) else None
    if call is not None:
        fix = Fix(f"Write to `self.{stream}`", Safety.SAFE, (replace(file, code.range(node), call),))
    else:
        fix = Fix(f"Write to the command's `self.{stream}`", Safety.MANUAL)
    return Hit(
        file.place(code, node),
        "`print()` goes past the command's own streams: `call_command(stdout=…)`, `--no-color` and tests see nothing "
        f"of it; write to `self.{stream}`",
        fixes=(fix,),
    )


def _has_self(info: FunctionInfo) -> bool:
    """Whether ``self`` is the command where the call stands."""
    while info.parent is not None:
        if any(param.name == "self" for param in info.node.params.items):
            return False
        info = info.parent
    params = info.node.params.items
    return bool(params) and params[0].name == "self"


def _replacement(file: FileContext, code: Code, node: ir.Call, stream: str) -> str | None:
    """The call of ``self.<stream>.write`` that prints the same; None where none does."""
    options = {keyword.name: keyword.value for keyword in node.keywords}
    if set(options) - {"file", "end", "sep"} or any(isinstance(arg, ir.Star) for arg in node.args):
        return None
    message = _message(file, code, node, options.get("sep"))
    if message is None:
        return None
    ending = options.get("end")
    if ending is None or (isinstance(ending, ir.Const) and ending.value in ("\n", None)):
        return f"self.{stream}.write({message})"
    return f"self.{stream}.write({message}, ending={file.text(code, ending)})"


def _message(file: FileContext, code: Code, node: ir.Call, separator: ir.Expr | None) -> str | None:
    args = node.args
    if not args:
        return '""'
    if len(args) == 1:
        text = file.text(code, args[0])
        if isinstance(args[0], ir.Const) and isinstance(args[0].value, str):
            return None if args[0].value.endswith("\n") else text
        return text if _is_text(args[0]) else f"str({text})"
    between = '" "' if separator is None else file.text(code, separator)
    items = ", ".join(file.text(code, arg) for arg in args)
    if all(_is_text(arg) for arg in args):
        return f"{between}.join([{items}])"
    return f"{between}.join(str(part) for part in ({items}))"


def _is_text(node: ir.Expr) -> bool:
    """Whether an expression is certainly a string."""
    match node:
        case ir.FString() | ir.Const(value=str()):
            return True
        case ir.Binary(op="%", left=ir.Const(value=str())):
            return True
        case ir.Call(func=ir.Attr(value=ir.Const(value=str()), name="format" | "join" | "upper" | "strip")):
            return True
        case ir.Call(func=ir.Name(id="str" | "repr")):
            return True
        case ir.Binary(op="+", left=left, right=right):
            return _is_text(left) and _is_text(right)
        case _:
            return False
