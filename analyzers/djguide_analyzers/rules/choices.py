"""The choices of a column, where they are written out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Field
from djguide_analyzers.project.modules import ClassInfo, Code, Value
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.resolve import ValueRef

_CHOICES = "django.db.models.enums.Choices"
_TEXT_CHOICES = "django.db.models.enums.TextChoices"
_COLUMNS = frozenset(
    {"CharField", "TextField", "SlugField", "IntegerField", "SmallIntegerField", "BigIntegerField",
     "PositiveIntegerField", "PositiveSmallIntegerField", "PositiveBigIntegerField"}
)  # fmt: skip
_MAX_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Choices:
    """The values a column may hold, with their labels where these are literal."""

    values: dict[str | int, str | None]


class _NotStatic(Exception):
    """A part of the choices is computed."""


def static_choices(project: Project, field: Field) -> Choices | None:
    """The choices of `field`; None when it has none, or not all are written out.

    Only for Django's own text and integer columns: classes of a project's own may hold several values at once.
    """
    if field.call is None or field.code is None or not field.class_name.startswith("django.db.models"):
        return None
    given = field.call.keyword("choices")
    if given is None or field.django_base not in _COLUMNS:
        return None
    values: dict[str | int, str | None] = {}
    try:
        for value, label in _of(project, field.code, given, field.owner, 0):
            values.setdefault(value, label)
    except _NotStatic:
        return None
    number = isinstance(next(iter(values), None), int)
    if not values or any(isinstance(value, int) is not number for value in values):
        return None
    if number is field.django_base.endswith(("CharField", "TextField", "SlugField")):
        return None  # stored in another form than it is written
    return Choices(values)


Pairs = Iterator[tuple[str | int, str | None]]


def _of(project: Project, code: Code, node: ir.Expr, owner: ClassInfo | None, depth: int) -> Pairs:
    if depth > _MAX_DEPTH:
        raise _NotStatic
    match node:
        case ir.Display(kind="list" | "tuple", items=items):
            for item in items:
                yield from _item(project, code, item, owner, depth + 1)
        case ir.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                yield from _pair(project, code, key, value, owner, depth + 1)
        case ir.Binary(left=left, op="+", right=right):
            yield from _of(project, code, left, owner, depth + 1)
            yield from _of(project, code, right, owner, depth + 1)
        case ir.Call(func=ir.Name(id="list" | "tuple"), args=[inner]):
            yield from _of(project, code, inner, owner, depth + 1)
        case ir.Attr(value=value, name="choices"):
            symbol = project.resolver.expr(code, value, owner)
            if not isinstance(symbol, ClassInfo):
                yield from _named(project, code, node, owner, depth)
            else:
                yield from _members(project, symbol)
        case ir.Name() | ir.Attr():
            symbol = project.resolver.expr(code, node, owner)
            if isinstance(symbol, ClassInfo):
                yield from _members(project, symbol)
            else:
                yield from _named(project, code, node, owner, depth)
        case _:
            raise _NotStatic


def _named(project: Project, code: Code, node: ir.Expr, owner: ClassInfo | None, depth: int) -> Pairs:
    """What a name stands for that is assigned once, and nowhere added to."""
    symbol = project.resolver.expr(code, node, owner)
    if not isinstance(symbol, ValueRef) or symbol.value.expr is None:
        raise _NotStatic
    table = symbol.owner.members if symbol.owner is not None else symbol.module.symbols
    if len(table.names.get(symbol.name, [])) != 1 or any(
        isinstance(part, ir.Name) and part.id == symbol.name
        for statement, _ in table.loose
        for part in walk(statement)
    ):
        raise _NotStatic
    yield from _of(project, symbol.value.code, symbol.value.expr, symbol.owner, depth + 1)


def _item(project: Project, code: Code, item: ir.Expr, owner: ClassInfo | None, depth: int) -> Pairs:
    if isinstance(item, ir.Star):
        yield from _of(project, code, item.value, owner, depth)
        return
    if isinstance(item, ir.Display) and len(item.items) == 2:
        yield from _pair(project, code, item.items[0], item.items[1], owner, depth)
        return
    raise _NotStatic


def _pair(
    project: Project, code: Code, key: ir.Expr | None, label: ir.Expr, owner: ClassInfo | None, depth: int
) -> Pairs:
    """A value with its label, or the name of a group with its choices."""
    if key is None:
        raise _NotStatic
    if isinstance(label, (ir.Display, ir.Dict)) or (isinstance(label, ir.Attr) and label.name == "choices"):
        yield from _of(project, code, label, owner, depth)
        return
    if isinstance(label, (ir.Name, ir.Attr)):
        symbol = project.resolver.expr(code, label, owner)
        if isinstance(symbol, ValueRef) and isinstance(symbol.value.expr, (ir.Display, ir.Dict, ir.Comp)):
            yield from _of(project, code, label, owner, depth)
            return
    value = _value(project, code, key, owner, depth)
    if value is not None:
        yield value, _label(label)


def _label(node: ir.Expr) -> str | None:
    if isinstance(node, ir.Call) and len(node.args) == 1:
        node = node.args[0]  # a translated one
    return node.value if isinstance(node, ir.Const) and isinstance(node.value, str) else None


def _value(
    project: Project, code: Code, node: ir.Expr, owner: ClassInfo | None, depth: int
) -> str | int | None:
    """A literal, or a name or enumeration member that stands for one; None for None."""
    if depth > _MAX_DEPTH:
        raise _NotStatic
    match node:
        case ir.Const(value=None):
            return None
        case ir.Const(value=value) if isinstance(value, (str, int)) and not isinstance(value, bool):
            return value
        case ir.Unary(op="-", operand=ir.Const(value=int() as value)):
            return -value
        case ir.Attr(value=value, name="value"):
            return _value(project, code, value, owner, depth + 1)
        case ir.Name() | ir.Attr():
            symbol = project.resolver.expr(code, node, owner)
            if isinstance(symbol, ValueRef) and symbol.value.expr is not None:
                bindings = (symbol.owner.members if symbol.owner else symbol.module.symbols).names
                if len(bindings.get(symbol.name, [])) == 1:
                    inner = symbol.value.expr
                    if isinstance(inner, ir.Display) and inner.items:
                        inner = inner.items[0]  # a member of an enumeration with its label
                    return _value(project, symbol.value.code, inner, symbol.owner, depth + 1)
    raise _NotStatic


def _members(project: Project, cls: ClassInfo) -> Pairs:
    """The members of an enumeration of choices."""
    resolver = project.resolver
    if not resolver.is_subclass(cls, _CHOICES) or any(not isinstance(b, ClassInfo) and "." in b.dotted
                                                      and not b.dotted.startswith(("builtins.", "enum.", "?"))
                                                      for b in resolver.mro(cls)):  # fmt: skip
        raise _NotStatic
    if any(
        name in cls.members.names for name in ("_generate_next_value_", "choices", "_missing_", "__new__")
    ):
        raise _NotStatic
    for name, bindings in cls.members.names.items():
        binding = bindings[-1]
        if name.startswith("_") or not isinstance(binding, Value):
            continue
        expr = binding.expr
        if isinstance(expr, ir.Call):
            auto = isinstance(expr.func, (ir.Name, ir.Attr)) and _last(expr.func) == "auto"
            if auto and resolver.is_subclass(cls, _TEXT_CHOICES):
                yield name, None
                continue
            expr = None
        if isinstance(expr, ir.Display):
            if len(expr.items) != 2:
                raise _NotStatic
            value = _value(project, binding.code, expr.items[0], cls, 0)
            if value is not None:
                yield value, _label(expr.items[1])
        elif expr is not None:
            value = _value(project, binding.code, expr, cls, 0)
            if value is not None:
                yield value, None
        else:
            raise _NotStatic


def _last(node: ir.Name | ir.Attr) -> str:
    return node.id if isinstance(node, ir.Name) else node.name
