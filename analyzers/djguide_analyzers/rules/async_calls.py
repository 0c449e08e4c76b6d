"""Asynchronous functions and the database calls that Django has in two forms."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.context import Scope
from djguide_analyzers.trace.values import BuiltinMethod, ManagerValue, QuerySetValue, Row

ON_QUERYSETS = frozenset(
    {"get", "create", "get_or_create", "update_or_create", "bulk_create", "bulk_update", "count", "in_bulk",
     "latest", "earliest", "first", "last", "aggregate", "exists", "contains", "update", "delete", "explain"}
)  # fmt: skip
ON_RELATED = frozenset({"add", "remove", "set", "clear"})
ON_ROWS = frozenset({"save", "delete", "refresh_from_db"})
"""Methods that run queries, each with a form for asynchronous code that starts with an ``a``."""


def is_async(scope: Scope) -> bool:
    """Whether the statements of a scope run in an event loop."""
    return scope.function is not None and scope.function.node.is_async


def database_calls(scope: Scope, *, asynchronous: bool) -> Iterator[tuple[ir.Call, ir.Attr, Code]]:
    """Calls of methods of querysets, managers and rows that run queries, in one form or the other.

    What stands in a lambda is left out: it runs wherever that is called.
    """
    later = {
        inner.at
        for node, _ in scope.nodes(ir.Lambda)
        for inner in walk(node.body)
        if isinstance(inner, ir.Call)
    }
    for node, code in scope.nodes(ir.Call):
        func = node.func
        if node.at in later:
            continue
        if not isinstance(func, ir.Attr) or (asynchronous and not func.name.startswith("a")):
            continue
        plain = func.name[1:] if asynchronous else func.name
        if plain in _methods_of(scope, code, func):
            yield node, func, code


def _methods_of(scope: Scope, code: Code, func: ir.Attr) -> frozenset[str]:
    """The methods with two forms that the receiver of a call has, as far as it is known."""
    method = scope.value(code, func)
    receiver = method.receiver if isinstance(method, BuiltinMethod) else None
    match receiver:
        case QuerySetValue():
            return frozenset() if receiver.cached else ON_QUERYSETS
        case ManagerValue(related=None):
            return ON_QUERYSETS
        case ManagerValue():
            return ON_QUERYSETS | ON_RELATED
        case Row():
            return ON_ROWS
    return frozenset()
