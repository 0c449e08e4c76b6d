"""The default of a decimal column is a binary float."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code, Value
from djguide_analyzers.project.resolve import ValueRef
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import import_name, insert, replace
from djguide_analyzers.rules.fields import Declared, declared_fields
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.ruff import ruff_reports

RULE = Rule(
    summary="The default of a decimal column is a float",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_DECIMAL_FIELD = "django.db.models.fields.DecimalField"
_DECIMAL = "decimal.Decimal"
_TITLE = "Write the default as an exact `Decimal`"


def check(file: FileContext) -> Iterator[Hit]:
    for field in declared_fields(file):
        default = field.call.keyword("default")
        if default is None or not field.is_a(_DECIMAL_FIELD):
            continue
        inner = _converted(file, field, default)
        if inner is not None:
            if not ruff_reports(file, "RUF032"):
                yield _hit(
                    file,
                    field,
                    default,
                    "carries the float's rounding error along",
                    _quoted(file, field, inner),
                )
        elif _is_float(default):
            yield _hit(
                file,
                field,
                default,
                "stays a float until the row is read back",
                _wrapped(file, field, default),
            )
        elif _is_float(_constant(file, field, default)):
            yield _hit(
                file,
                field,
                default,
                "stays a float until the row is read back",
                _converted_name(file, field, default),
            )


def _hit(file: FileContext, field: Declared, default: ir.Expr, what: str, fix: Fix) -> Hit:
    return Hit(
        file.place(field.code, field.call),
        f"`{field.name}` is a decimal column, but its default `{file.text(field.code, default)}` {what}",
        fixes=(fix,),
    )


def _is_float(node: ir.Expr | None) -> bool:
    if isinstance(node, ir.Unary) and node.op in "+-":
        node = node.operand
    return isinstance(node, ir.Const) and isinstance(node.value, float)


def _converted(file: FileContext, field: Declared, node: ir.Expr) -> ir.Expr | None:
    """The float literal in ``Decimal(0.1)``."""
    if not isinstance(node, ir.Call) or len(node.args) != 1 or not _is_float(node.args[0]):
        return None
    return node.args[0] if file.resolve(field.code, node.func, field.cls) == _DECIMAL else None


def _constant(file: FileContext, field: Declared, node: ir.Expr) -> ir.Expr | None:
    """What a name is bound to, when only once."""
    if not isinstance(node, (ir.Name, ir.Attr)):
        return None
    symbol = file.project.resolver.expr(field.code, node, field.cls)
    return symbol.value.expr if isinstance(symbol, ValueRef) and _is_single(symbol) else None


def _is_single(symbol: ValueRef) -> bool:
    table = symbol.owner.members if symbol.owner is not None else symbol.module.symbols
    bindings = table.names.get(symbol.name, [])
    return len(bindings) == 1 and isinstance(bindings[0], Value)


def _quoted(file: FileContext, field: Declared, literal: ir.Expr) -> Fix:
    return Fix(
        _TITLE, Safety.SAFE, (replace(file, field.code.range(literal), _text(file, field.code, literal)),)
    )


def _text(file: FileContext, code: Code, literal: ir.Expr) -> str:
    return f'"{"".join(file.text(code, literal).split())}"'


def _wrapped(file: FileContext, field: Declared, literal: ir.Expr) -> Fix:
    imported = import_name(file, "decimal", "Decimal")
    if imported is None:
        return Fix(_TITLE, Safety.MANUAL)
    text = f"{imported[0]}({_text(file, field.code, literal)})"
    return Fix(_TITLE, Safety.SAFE, (replace(file, field.code.range(literal), text), *imported[1]))


def _converted_name(file: FileContext, field: Declared, name: ir.Expr) -> Fix:
    """``Decimal(str(NAME))``: the shortest text of a float is what its literal says."""
    imported = import_name(file, "decimal", "Decimal")
    if imported is None:
        return Fix(_TITLE, Safety.MANUAL)
    own = field.code.range(name)
    edits = (insert(file, own.start, f"{imported[0]}(str("), insert(file, own.end, "))"), *imported[1])
    return Fix(_TITLE, Safety.SAFE, edits)
