"""A management command prints past its own output streams."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import arguments_range, insert, remove_keyword, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position, Range

RULE = Rule(
    summary="A management command uses `print()` instead of `self.stdout`",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_COMMAND = "django.core.management.base.BaseCommand"
_HOLDS_LINES = re.compile(r"""\"{3}|'{3}|\\\r?\n""")
"""What may hold lines that mean something else when they are moved."""
_STREAMS = {"sys.stdout": "stdout", "sys.stderr": "stderr"}


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    in_commands = "/management/commands/" in file.path
    info = scope.function
    if info is None or "print" in file.module.symbols.names:
        return
    command = _is_command_method(file, info)
    if not command and not in_commands:
        return
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
    edits = _edits(file, code, node, stream) if command is not None and _has_self(command) else None
    if edits is not None:
        fix = Fix(f"Write to `self.{stream}`", Safety.SAFE, tuple(edits))
    else:
        fix = Fix(f"Write to the command's `self.{stream}`", Safety.MANUAL)
    return Hit(
        file.place(code, node),
        "`print()` goes past the command's own streams: `call_command(stdout=…)`, `--no-color` and tests see "
        f"nothing of it; write to `self.{stream}`",
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


def _edits(file: FileContext, code: Code, node: ir.Call, stream: str) -> list[Edit] | None:
    """What turns the call into one of ``self.<stream>.write`` that prints the same; None where nothing does."""
    options = {keyword.name: keyword for keyword in node.keywords}
    if set(options) - {"file", "end", "sep"} or any(isinstance(arg, ir.Star) for arg in node.args):
        return None
    ending = options.pop("end", None)
    plain = ending is None or (isinstance(ending.value, ir.Const) and ending.value.value in ("\n", None))
    separator = options.get("sep")
    message = _message(file, code, node, separator.value if separator else None, plain=plain)
    if message is None:
        return None
    name = f"self.{stream}.write"
    edits = [replace(file, code.range(node.func), name), *message]
    if node.args:
        edits += [remove_keyword(file, code, node, keyword) for keyword in options.values()]
        if ending is not None and plain:
            edits.append(remove_keyword(file, code, node, ending))
    if ending is not None and not plain:
        start = code.range(ending).start
        edits.append(replace(file, Range(start, start._replace(column=start.column + len("end"))), "ending"))
    return [*edits, *_aligned(file, code.range(node), " " * (len(name) - len("print")), edits)]


def _aligned(file: FileContext, whole: Range, more: str, edits: list[Edit]) -> list[Edit]:
    """Edits that move the further lines of a call along with its parenthesis, which they are aligned with."""
    numbers = range(whole.start.line + 1, whole.end.line + 1)
    column = whole.start.column + len("print(")
    lines = [file.lines.line(number) for number in numbers]
    aligned = all(not line[:column].strip() and line[column:].strip() for line in lines)
    if not aligned or _HOLDS_LINES.search(file.slice(whole)):
        return []
    starts = [Position(number, 0) for number in numbers]
    taken = [edit.range for edit in edits]
    return [insert(file, at, more) for at in starts if not any(r.overlaps(Range(at, at)) for r in taken)]


def _message(
    file: FileContext, code: Code, node: ir.Call, separator: ir.Expr | None, *, plain: bool
) -> list[Edit] | None:
    """The edits that make one text of what is printed."""
    args = node.args
    if not args:
        # A lone `end` stays behind the empty text, everything else goes.
        return [replace(file, arguments_range(file, code, node), '""')] if plain else None
    first, last = code.range(args[0]), code.range(args[-1])
    if len(args) > 1:
        if "#" in file.slice(Range(first.end, last.start)):
            return None  # perhaps a comment, which would be lost
        between = '" "' if separator is None else file.text(code, separator)
        items = ", ".join(_text(file, code, arg) for arg in args)
        texts = f"[{items}]" if all(_is_text(arg) for arg in args) else f"str(part) for part in ({items})"
        return [replace(file, Range(first.start, last.end), f"{between}.join({texts})")]
    if isinstance(args[0], ir.Comp) or (plain and _ends_line(args[0])):
        return None  # `write` adds no second line break, `print` does
    if _is_text(args[0]):
        return []
    return [insert(file, first.start, "str("), insert(file, first.end, ")")]


def _text(file: FileContext, code: Code, node: ir.Expr) -> str:
    """Source of a node, line breaks as edits have them."""
    return file.text(code, node).replace("\r\n", "\n").replace("\r", "\n")


def _ends_line(node: ir.Expr) -> bool:
    """Whether a text is known to end with a line break."""
    if isinstance(node, ir.FString):
        return bool(node.parts) and _ends_line(node.parts[-1])
    if isinstance(node, ir.Binary):
        return node.op == "+" and _ends_line(node.right)
    return isinstance(node, ir.Const) and isinstance(node.value, str) and node.value.endswith("\n")


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
        case ir.Call(func=ir.Attr(value=ir.Attr(value=ir.Name(id="self"), name="style"))):
            return True
        case ir.Binary(op="*", left=left, right=right):
            return _is_text(left) or _is_text(right)
        case ir.Binary(op="+", left=left, right=right) | ir.IfExp(body=left, orelse=right):
            return _is_text(left) and _is_text(right)
        case _:
            return False
