"""An argument of a management command is not described, or is turned into a number by hand."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.rules import names as names_module
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.management import argument_calls, destination, is_command_class, is_runnable
from djguide_analyzers.rules.names import Names

RULE = Rule(
    summary="An argument of a command has no `help`, or is converted by hand instead of with `type=`",
    severity=Severity.INFO,
    safety=Safety.MANUAL,
)

_CASTS = frozenset({"builtins.int", "builtins.float", "decimal.Decimal", "uuid.UUID"})
_TYPED_ACTIONS = ("store", "append", "extend")


def check(file: FileContext) -> Iterator[Hit]:
    for cls in file.classes():
        if not is_command_class(file, cls) or not is_runnable(file, cls):
            continue
        casts = _casts(file, cls)
        for call, code, _ in argument_calls(cls):
            if any(keyword.name is None for keyword in call.keywords) or not call.args:
                continue
            if any(isinstance(arg, ir.Star) for arg in call.args):
                continue
            cast = casts.get(destination(call) or "") if _takes_text(call) else None
            missing = call.keyword("help") is None and not _is_version(call)
            if missing or cast is not None:
                yield _hit(file, code, call, cast, missing=missing)


def _hit(
    file: FileContext, code: Code, call: ir.Call, cast: tuple[Place, str] | None, *, missing: bool
) -> Hit:
    name = file.text(code, call.args[0]).strip("'\"")
    parts = []
    if missing:
        parts.append(f"`{name}` has no `help`, so `--help` shows its name only")
    related: tuple[Related, ...] = ()
    title = "Describe it with `help=`"
    if cast is not None:
        place, function = cast
        parts.append(
            f"`{name}` takes any text and is passed to `{function}()` later, where bad input ends in a traceback"
        )
        related = (Related(f"converted by hand with `{function}()`", place),)
        title = f"Let the parser check it with `type={function}`"
    return Hit(file.place(code, call), "; ".join(parts), related=related, fixes=(Fix(title, Safety.MANUAL),))


def _is_version(call: ir.Call) -> bool:
    action = call.keyword("action")
    return isinstance(action, ir.Const) and action.value in ("version", "help")


def _takes_text(call: ir.Call) -> bool:
    """Whether the parser hands over what was typed as it is."""
    action = call.keyword("action")
    if action is not None and not (isinstance(action, ir.Const) and action.value in _TYPED_ACTIONS):
        return False
    return call.keyword("type") is None and call.keyword("choices") is None


# --- conversions by hand ---------------------------------------------------------------------------------


def _casts(file: FileContext, cls: ClassInfo) -> dict[str, tuple[Place, str]]:
    """Where the methods of `cls` convert an option, and with what; a conversion in a ``try`` is handled."""
    found: dict[str, tuple[Place, str]] = {}
    for method in cls.methods():
        names = names_module.of_function(file.project.resolver, method)
        options = _options_name(method)
        if options is None:
            continue
        handled = {id(part) for node in walk(method.statements) if isinstance(node, ir.Try)
                   for part in walk(node.body)}  # fmt: skip
        for node in walk(method.statements):
            if isinstance(node, ir.Call) and len(node.args) == 1 and id(node) not in handled:
                function = names.called(method.body_code, node)
                option = _option(names, options, node.args[0]) if function in _CASTS else None
                if option is not None and function is not None:
                    place = file.place(method.body_code, node)
                    found.setdefault(option, (place, function.rpartition(".")[2]))
    return found


def _options_name(method: FunctionInfo) -> str | None:
    """The parameter that holds the options: ``**options`` of ``handle()``, or one called so."""
    for param in method.node.params.items:
        if (param.kind == "**" and method.name == "handle") or param.name == "options":
            return param.name
    return None


def _option(names: Names, options: str, node: ir.Expr, depth: int = 0) -> str | None:
    """The option whose value, or one of whose values, `node` is."""
    if depth > 3:
        return None
    match node:
        case ir.Subscript(value=ir.Name(id=name), index=ir.Const(value=str(key))) if name == options:
            return key
        case ir.Call(
            func=ir.Attr(value=ir.Name(id=name), name="get"), args=[ir.Const(value=str(key)), *_]
        ) if name == options:
            return key
        case ir.Name(id=name):
            bound = names.bindings(name)
            if len(bound) == 1 and bound[0].how in ("assigned", "loop") and bound[0].value is not None:
                return _option(names, options, bound[0].value, depth + 1)
    return None
