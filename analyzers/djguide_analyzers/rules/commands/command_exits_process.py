"""A management command ends the process instead of raising ``CommandError``."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import contains, walk
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import bound_name, drop_import, import_name, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.management import command_of, command_scopes
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.rules.nodes import block_of
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Range

RULE = Rule(
    summary="A management command ends the process with `sys.exit()` instead of raising `CommandError`",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)

_EXITS = frozenset({"sys.exit", "builtins.exit", "builtins.quit", "os._exit"})
_ERROR_MODULES = ("django.core.management.base", "django.core.management")


def check(file: FileContext) -> Iterator[Hit]:
    for scope, info in command_scopes(file):
        names = of_scope(file, scope)
        in_method = command_of(file, info) is not None
        for statement, code in scope.nodes(ir.ExprStmt):
            call = statement.value
            if isinstance(call, ir.Call) and names.called(code, call) in _EXITS:
                yield _hit(file, names, code, info, statement, call, in_method=in_method)
        for statement, code in scope.nodes(ir.Raise):
            raised = statement.exc
            target = raised.func if isinstance(raised, ir.Call) else raised
            if target is not None and names.dotted(code, target) == "builtins.SystemExit":
                call = raised if isinstance(raised, ir.Call) else None
                yield _hit(file, names, code, info, statement, call, in_method=in_method)


def _hit(
    file: FileContext,
    names: Names,
    code: Code,
    info: FunctionInfo,
    statement: ir.Stmt,
    call: ir.Call | None,
    *,
    in_method: bool,
) -> Hit:
    written = file.text(code, statement).split("(")[0]
    fix = _fix(file, names, code, info, statement, call) if in_method else None
    if fix is not None and fix.edits and written.startswith("sys."):
        fix = Fix(fix.title, fix.safety, (*fix.edits, *drop_import(file, "sys", 1)))
    what = "`SystemExit`" if written.startswith("raise") else f"`{written}()`"
    instead = (
        "`return` ends the command alone"
        if _is_success(call)
        else "`CommandError` ends `manage.py` with the same status and can be caught elsewhere"
    )
    return Hit(
        file.place(code, statement),
        f"{what} ends whoever called the command: tests, a scheduler, another command; {instead}",
        fixes=(fix or Fix("Raise `CommandError`, or return", Safety.MANUAL),),
    )


def _is_success(call: ir.Call | None) -> bool:
    """Whether the process ends as if all went well."""
    if call is None or not call.args:
        return True
    first = call.args[0]
    return isinstance(first, ir.Const) and first.value in (0, None, False)


def _fix(
    file: FileContext,
    names: Names,
    code: Code,
    info: FunctionInfo,
    statement: ir.Stmt,
    call: ir.Call | None,
) -> Fix | None:
    """Raise `CommandError` with the same status; or return where the command has simply done its work."""
    if _would_be_caught(names, info, statement):
        return None
    arg = call.args[0] if call is not None and len(call.args) == 1 and not call.keywords else None
    if call is not None and arg is None and (call.args or call.keywords):
        return None
    if arg is None or _is_success(call):
        if info.name != "handle" or info.parent is not None:
            return None
        return Fix("Return instead", Safety.REVIEW, (replace(file, code.range(statement), "return"),))
    error = _error_name(file)
    if error is None:
        return None
    name, imports = error
    title = "Raise `CommandError`"
    if isinstance(arg, ir.FString) or (isinstance(arg, ir.Const) and isinstance(arg.value, str)):
        edit = replace(file, code.range(statement), f"raise {name}({file.text(code, arg)})")
        return Fix(title, Safety.REVIEW, (edit, *imports))
    if not isinstance(arg, ir.Const) or not isinstance(arg.value, int):
        return None
    status = "" if arg.value is True or arg.value == 1 else f", returncode={arg.value}"
    return Fix(title, Safety.REVIEW, (*_with_message(file, info, code, statement, name, status), *imports))


def _with_message(
    file: FileContext, info: FunctionInfo, code: Code, statement: ir.Stmt, name: str, status: str
) -> list[Edit]:
    """Raise with the message that the statement before writes to the error stream, or with one to be filled in."""
    found = block_of(info.statements, statement)
    before = found[0][found[1] - 1] if found is not None and found[1] else None
    message = _written_message(before)
    if before is not None and message is not None:
        start, end = code.range(before).start, code.range(statement).end
        if "#" not in file.slice(Range(code.range(before).end, code.range(statement).start)):
            return [replace(file, Range(start, end), f"raise {name}({file.text(code, message)}{status})")]
    return [replace(file, code.range(statement), f'raise {name}("The command failed"{status})')]


def _written_message(node: ir.Stmt | None) -> ir.Expr | None:
    """The message of ``self.stderr.write(message)``, or of one in the style of errors on any stream."""
    match node:
        case ir.ExprStmt(
            value=ir.Call(
                func=ir.Attr(
                    value=ir.Attr(value=ir.Name(id="self"), name="stderr" | "stdout" as stream), name="write"
                ),
                args=args,
                keywords=keywords,
            )
        ):
            given = [*args, *(keyword.value for keyword in keywords if keyword.name == "msg")]
            if len(given) != 1 or len(args) + len(keywords) != 1:
                return None
            message = given[0]
            match message:  # a style is added by whoever prints the error
                case ir.Call(
                    func=ir.Attr(value=ir.Attr(value=ir.Name(id="self"), name="style"), name=style),
                    args=[inner],
                    keywords=[],
                ) if stream == "stderr" or style == "ERROR":
                    return inner
            return message if stream == "stderr" else None
    return None


def _would_be_caught(names: Names, info: FunctionInfo, statement: ir.Stmt) -> bool:
    """Whether a ``try`` around would stop `CommandError`, or stops `SystemExit` now."""
    for node in walk(info.statements):
        if isinstance(node, ir.Try) and node.handlers and contains(node.body, statement):
            return True
        if isinstance(node, ir.With) and contains(node.body, statement):
            called = [item.context for item in node.items if isinstance(item.context, ir.Call)]
            if any((names.called(info.body_code, call) or "").endswith("suppress") for call in called):
                return True
    return False


def _error_name(file: FileContext) -> tuple[str, list[Edit]] | None:
    for module in _ERROR_MODULES:
        if (bound := bound_name(file, module, "CommandError")) is not None:
            return bound, []
    return import_name(file, _ERROR_MODULES[0], "CommandError")
