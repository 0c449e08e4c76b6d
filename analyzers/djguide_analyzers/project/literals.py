"""Lists, mappings and constants written in classes and modules, followed through names.

``fields = Parent.Meta.fields + ("total",)`` is read as one list. Each text comes with its place.
"""

from __future__ import annotations

from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, Code, SymbolTable
from djguide_analyzers.project.resolve import Resolver, ValueRef

_MAX_DEPTH = 12
_CHANGING = frozenset(
    {"append", "extend", "insert", "remove", "pop", "clear", "sort", "update", "setdefault"}
)


@dataclass(frozen=True, slots=True)
class Written:
    """An expression, with the table it belongs to and the class it stands in."""

    node: ir.Expr
    code: Code
    owner: ClassInfo | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A text literal in a list."""

    value: str
    written: Written


def follow(resolver: Resolver, written: Written, depth: int = 0) -> Written | None:
    """The expression behind names: itself unless it is one; None when a name cannot be followed.

    Names that are bound more than once, or changed in place, cannot.
    """
    node = written.node
    if not isinstance(node, (ir.Name, ir.Attr)):
        return written
    if depth > _MAX_DEPTH:
        return None
    symbol = resolver.expr(written.code, node, written.owner)
    if not isinstance(symbol, ValueRef) or symbol.value.expr is None or _is_changed(symbol):
        return None
    return follow(resolver, Written(symbol.value.expr, symbol.value.code, symbol.owner), depth + 1)


def texts(resolver: Resolver, written: Written, depth: int = 0) -> list[Text] | None:
    """The texts of a list, tuple or set in order; None unless all of it is known."""
    found = follow(resolver, written, depth)
    if found is None or depth > _MAX_DEPTH:
        return None
    match found.node:
        case ir.Display(items=items):
            result: list[Text] = []
            for item in items:
                part = _item(resolver, Written(item, found.code, found.owner), depth)
                if part is None:
                    return None
                result += part
            return result
        case ir.Binary(left=left, op="+", right=right):
            one = texts(resolver, Written(left, found.code, found.owner), depth + 1)
            other = texts(resolver, Written(right, found.code, found.owner), depth + 1)
            return None if one is None or other is None else one + other
        case ir.Call(func=ir.Name(id="list" | "tuple" | "set" | "frozenset"), args=[], keywords=[]):
            return []
        case ir.Call(func=ir.Name(id="list" | "tuple" | "set" | "frozenset"), args=[argument], keywords=[]):
            return texts(resolver, Written(argument, found.code, found.owner), depth + 1)
    return None


def _item(resolver: Resolver, item: Written, depth: int) -> list[Text] | None:
    if isinstance(item.node, ir.Star):
        return texts(resolver, Written(item.node.value, item.code, item.owner), depth + 1)
    found = follow(resolver, item, depth)
    if found is not None and isinstance(found.node, ir.Const) and isinstance(found.node.value, str):
        return [Text(found.node.value, found if found is item else item)]
    return None


def mapping(resolver: Resolver, written: Written) -> dict[str, Written] | None:
    """A dictionary display with text keys; None unless all its keys are known."""
    found = follow(resolver, written)
    if found is None or not isinstance(found.node, ir.Dict):
        return None
    result: dict[str, Written] = {}
    for key, value in zip(found.node.keys, found.node.values, strict=True):
        if key is None:
            inner = mapping(resolver, Written(value, found.code, found.owner))
            if inner is None:
                return None
            result |= inner
        elif isinstance(key, ir.Const) and isinstance(key.value, str):
            result[key.value] = Written(value, found.code, found.owner)
        else:
            return None
    return result


def constant(resolver: Resolver, written: Written) -> ir.Const | None:
    """The literal that an expression is."""
    found = follow(resolver, written)
    return found.node if found is not None and isinstance(found.node, ir.Const) else None


def _is_changed(symbol: ValueRef) -> bool:
    """Whether a name is bound again, or what it holds is changed in place, where it is defined."""
    table = symbol.owner.members if symbol.owner is not None else symbol.module.symbols
    return is_changed(table, symbol.name)


def is_changed(table: SymbolTable, name: str) -> bool:
    """Whether a module or class binds `name` more than once, or changes in place what it holds."""
    return len(table.names.get(name, ())) != 1 or any(_changes(node, name) for node, _ in table.loose)


def _changes(node: ir.Stmt, name: str) -> bool:
    """Whether a statement changes what `name` holds in place."""
    match node:
        case ir.AugAssign(target=ir.Name(id=target)):
            return target == name
        case ir.ExprStmt(value=ir.Call(func=ir.Attr(value=ir.Name(id=target), name=method))):
            return target == name and method in _CHANGING
        case ir.Assign(targets=[ir.Subscript(value=ir.Name(id=target))]):
            return target == name
        case ir.Delete(targets=[ir.Subscript(value=ir.Name(id=target))]):
            return target == name
    return False
