"""One list or dict is the default of every row."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code, Value
from djguide_analyzers.project.resolve import ValueRef
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.default_functions import as_function
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.fields import Declared, declared_fields, redefines
from djguide_analyzers.rules.finding import Fix, Safety, Severity

RULE = Rule(
    summary="A list, dict or set is the default of a field: all rows share it",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_KINDS = ("list", "dict", "set")
_MAKERS = {
    "builtins.list": "list",
    "builtins.dict": "dict",
    "builtins.set": "set",
    "collections.OrderedDict": "dict",
    "collections.defaultdict": "dict",
}

_COPYING = ("get_default", "_get_default")
"""Where a field class has one of these of its own, rows may get something else than the default itself."""


def check(file: FileContext) -> Iterator[Hit]:
    for field in declared_fields(file):
        default = field.call.keyword("default")
        kind = _kind(file, field, field.code, default) or _constant(file, field, default)
        if (
            kind is not None
            and default is not None
            and not redefines(file.project, field.bases[0], *_COPYING)
        ):
            yield Hit(
                file.place(field.code, field.call),
                f"All rows share the one {kind} that is the default of `{field.name}`: what one row adds to it, "
                "the next new row starts with",
                fixes=(_fix(file, field, default, kind),),
            )


def _kind(file: FileContext, field: Declared, code: Code, node: ir.Expr | None) -> str | None:
    """``list``, ``dict`` or ``set`` for an expression that makes one."""
    match node:
        case ir.Display(kind=kind) | ir.Comp(kind=kind) if kind in _KINDS:
            return kind
        case ir.Dict():
            return "dict"
        case ir.Call(func=ir.Name(id=name) as func):
            resolved = file.project.resolver.expr(code, func, field.cls)
            dotted = resolved.dotted if resolved is not None else f"builtins.{name}"
            return _MAKERS.get(dotted)
        case ir.Call(func=ir.Attr(value=ir.Name(), name="copy") as func, args=[]):
            return _constant(file, field, func.value)
        case ir.Call(func=ir.Attr() as func):
            return _MAKERS.get(file.resolve(code, func, field.cls) or "")
        case _:
            return None


def _constant(file: FileContext, field: Declared, node: ir.Expr | None) -> str | None:
    """What a name is bound to, when only once."""
    if not isinstance(node, (ir.Name, ir.Attr)):
        return None
    symbol = file.project.resolver.expr(field.code, node, field.cls)
    if not isinstance(symbol, ValueRef):
        return None
    table = symbol.owner.members if symbol.owner is not None else symbol.module.symbols
    bindings = table.names.get(symbol.name, [])
    if len(bindings) != 1 or not isinstance(bindings[0], Value):
        return None
    return _kind(file, field, symbol.value.code, symbol.value.expr)


def _fix(file: FileContext, field: Declared, default: ir.Expr, kind: str) -> Fix:
    if _is_empty(default) and not {kind}.intersection(field.cls.members.names, file.module.symbols.names):
        edit = replace(file, field.code.range(default), kind)
        return Fix(f"Make a new one for each row with `{kind}`", Safety.SAFE, (edit,))
    title = "Make a new one for each row in a function"
    if isinstance(default, (ir.Name, ir.Attr)):
        return Fix(title, Safety.MANUAL)  # perhaps one that holds others: how deep to copy it?
    edits = as_function(file, field, default)
    return Fix(title, Safety.SAFE if edits else Safety.MANUAL, edits or ())


def _is_empty(node: ir.Expr) -> bool:
    match node:
        case ir.Display(items=[]) | ir.Dict(keys=[]):
            return True
        case ir.Call(func=ir.Name(id="list" | "dict" | "set"), args=[], keywords=[]):
            return True
        case _:
            return False
