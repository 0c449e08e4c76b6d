"""``lru_cache`` around a database read keeps the first answer for the life of the process."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, FunctionInfo, Module
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.names import of_scope
from djguide_analyzers.trace.events import QueryRun, RelationLoad

RULE = Rule(
    summary="A function that reads the database is memoised for the life of the process",
    severity=Severity.INFO,
    safety=Safety.MANUAL,
)

_MEMOS = frozenset({"functools.lru_cache", "functools.cache"})
_FIXED = frozenset({"contenttypes.ContentType", "auth.Permission"})
"""Rows that change with migrations only."""
_SHORT_LIVED = ("/management/commands/", "/migrations/")


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test or any(folder in file.path for folder in _SHORT_LIVED):
        return
    info = scope.function
    if info is None:
        return
    memo = _memo(file, scope, info)
    if memo is None:
        return
    read = _read(file, scope)
    if read is None or _is_cleared(file, info):
        return
    code, node = memo
    yield Hit(
        file.place(code, node),
        f"`{info.name}` reads the database once and then answers from memory as long as the process lives: "
        "changed rows never show, and each worker process has its own version",
        related=(Related("reads the database", read),),
        fixes=(Fix("Use Django's cache with a timeout, or clear it when rows change", Safety.MANUAL),),
    )


def _memo(file: FileContext, scope: Scope, info: FunctionInfo) -> tuple[Code, ir.Expr] | None:
    """The decorator that memoises `info`, or the call that wraps it at the module's top level."""
    outer = info.parent
    names = of_scope(file, scope).outer if outer is not None else None
    for node in info.node.decorators:
        target = node.func if isinstance(node, ir.Call) else node
        dotted = names.dotted(info.code, target) if names is not None else file.resolve(info.code, target)
        if dotted in _MEMOS:
            # Inside a function, the memo lives as long as that function's own call.
            return (info.code, node) if outer is None else None
    if outer is not None or info.owner is not None:
        return None
    return _wrapping(file, info)


def _wrapping(file: FileContext, info: FunctionInfo) -> tuple[Code, ir.Expr] | None:
    """``name = lru_cache(maxsize=None)(function)``."""
    top = file.top
    for node, code in top.nodes(ir.Assign):
        call = node.value
        if not isinstance(call, ir.Call) or len(call.args) != 1 or not isinstance(call.args[0], ir.Name):
            continue
        target = call.func.func if isinstance(call.func, ir.Call) else call.func
        if call.args[0].id == info.name and file.resolve(code, target) in _MEMOS:
            return code, call
    return None


def _read(file: FileContext, scope: Scope) -> Place | None:
    """Where the function, or what it calls, reads rows that may change."""
    function = scope.function
    assert function is not None
    for event in scope.trace.everything():
        if isinstance(event, QueryRun) and not event.cached:
            model = event.query.model
        elif isinstance(event, RelationLoad):
            model = event.row.model
        else:
            continue
        if model in _FIXED:
            continue
        return file.place_of(event.site)
    return None


def _is_cleared(file: FileContext, info: FunctionInfo) -> bool:
    """Whether somebody calls ``cache_clear()`` of the function anywhere in the project."""
    for module in file.project.modules.values():
        for chunk in module.facts.chunks:
            if _clears(module, chunk.outline, info.name):
                return True
        for function in module.functions():
            if _clears(module, function.statements, info.name):
                return True
    return False


def _clears(module: Module, block: list[ir.Stmt], name: str) -> bool:
    for node in walk(block):
        if not isinstance(node, ir.Attr) or node.name != "cache_clear":
            continue
        target = node.value
        if isinstance(target, ir.Attr):
            if target.name == name:
                return True
        elif not isinstance(target, ir.Name) or target.id == name or target.id not in module.symbols.names:
            return True  # a loop over several memoised functions names none of them
    return False
