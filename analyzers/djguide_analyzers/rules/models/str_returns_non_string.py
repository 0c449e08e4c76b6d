"""``__str__`` returns something that is no text."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.model_text import column, is_looked_at, returned, text_methods
from djguide_analyzers.rules.places import name_place

RULE = Rule(
    summary="`__str__` returns a number, a row or None",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)

_KINDS = {
    "AutoField": "a number",
    "BigAutoField": "a number",
    "SmallAutoField": "a number",
    "IntegerField": "a number",
    "BigIntegerField": "a number",
    "SmallIntegerField": "a number",
    "PositiveIntegerField": "a number",
    "PositiveBigIntegerField": "a number",
    "PositiveSmallIntegerField": "a number",
    "FloatField": "a number",
    "DecimalField": "a number",
    "BooleanField": "a truth value",
    "DateField": "a date",
    "DateTimeField": "a date",
    "TimeField": "a time",
    "DurationField": "a duration",
    "UUIDField": "a UUID",
    "FileField": "a file",
    "ImageField": "a file",
}
_NUMBERS = frozenset({"int", "len", "float", "round", "sum", "bool"})
_LAZY = frozenset(
    f"django.utils.translation.{name}"
    for name in ("gettext_lazy", "ngettext_lazy", "pgettext_lazy", "npgettext_lazy")
)


def check(file: FileContext) -> Iterator[Hit]:
    for cls, info in () if file.is_test else text_methods(file):
        for node in returned(info):
            what = _what(file, cls, info, node)
            if what is not None:
                yield _hit(file, info, node, what)
        yield from _nothing(file, info)


def _hit(file: FileContext, info: FunctionInfo, node: ir.Expr, what: str) -> Hit:
    own = info.body_code.range(node)
    fix = Fix(
        "Make it text with `str()`",
        Safety.SAFE,
        (insert(file, own.start, "str("), insert(file, own.end, ")")),
    )
    if what == "None":
        fix = Fix("Return a text", Safety.MANUAL)
    return Hit(
        file.place(info.body_code, node),
        f"`__str__` returns {what} here, and Python raises a TypeError wherever the row is printed",
        fixes=(fix,),
    )


def _what(file: FileContext, cls: ClassInfo, info: FunctionInfo, node: ir.Expr) -> str | None:
    """What a returned expression certainly is, where that is no text."""
    match node:
        case ir.Const(value=None):
            return "None"
        case ir.Const(value=value):
            return None if isinstance(value, str) else "a number"
        case ir.Call(func=ir.Name(id=name)) if name in _NUMBERS:
            return "a number" if name not in file.module.symbols.names else None
        case ir.Call(func=func) if (symbol := file.project.resolver.expr(info.body_code, func)) is not None:
            return "a lazy translation" if symbol.dotted in _LAZY else None
        case ir.Display(kind=kind):
            return f"a {kind}"
        case ir.Attr():
            field = column(file.project, cls, info, node)
            if field is None or is_looked_at(info, node):
                return None
            if field.is_forward_one and field.attname != field.name and node.name == field.name:
                return "a row"
            return _KINDS.get(field.django_base or "") if field.class_name.startswith("django.") else None
        case _:
            return None


def _nothing(file: FileContext, info: FunctionInfo) -> Iterator[Hit]:
    """A method that may end without returning anything."""
    bare = [n for n in walk(info.statements) if isinstance(n, ir.Return) and n.value is None]
    if not bare and (_ends(info.statements) or _only_explains(info)):
        return
    place = file.place(info.body_code, bare[0]) if bare else name_place(file, info.code, info.node)
    yield Hit(
        place,
        "`__str__` may end without a text: it returns None then, and Python raises a TypeError wherever the row is "
        "printed",
        fixes=(Fix("Return a text", Safety.MANUAL),),
    )


def _only_explains(info: FunctionInfo) -> bool:
    """Whether the body is a docstring, ``...`` or ``pass``: an interface for others to fill in."""
    return all(
        (isinstance(node, ir.ExprStmt) and isinstance(node.value, (ir.Const, ir.Opaque)))
        or isinstance(node, ir.Jump)
        for node in info.statements
    )


def _ends(block: list[ir.Stmt]) -> bool:
    """Whether a block certainly returns or raises, or may do so in a way that is not followed."""
    if not block:
        return False
    match block[-1]:
        case ir.Return() | ir.Raise() | ir.While() | ir.Match():
            return True
        case ir.If(body=body, orelse=orelse):
            return _ends(body) and _ends(orelse)
        case ir.With(body=body):
            return _ends(body)
        case ir.Try(body=body, handlers=handlers, orelse=orelse, final=final):
            inner = _ends(body) or _ends(orelse)
            return _ends(final) or (inner and all(_ends(handler.body) for handler in handlers))
        case _:
            return False
