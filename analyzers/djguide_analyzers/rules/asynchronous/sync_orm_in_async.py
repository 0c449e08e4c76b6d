"""Synchronous database calls in asynchronous code."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.async_calls import database_calls, is_async
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Fix, Place, Safety, Severity
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.trace.values import QuerySetValue

RULE = Rule(
    summary="A synchronous query in an `async` function raises SynchronousOnlyOperation",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)

_CONSUMING = frozenset({"list", "len", "set", "tuple", "sorted", "bool", "sum", "max", "min"})


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if not is_async(scope):
        return
    read = {node.value.at for node, _ in scope.nodes(ir.Attr)} | {
        node.value.at for node, _ in scope.nodes(ir.Subscript)
    }
    awaited = {node.value.at for node, _ in scope.nodes(ir.Await)}
    for node, func, code in database_calls(scope, asynchronous=False):
        if node.at in awaited:
            continue
        name = code.name_range(func)
        edits = [insert(file, name.start, "a"), insert(file, code.range(node).start, "await ")]
        if node.at in read:
            whole = code.range(node)
            edits = [
                insert(file, name.start, "a"),
                insert(file, whole.start, "(await "),
                insert(file, whole.end, ")"),
            ]
        fix = Fix(f"Await `a{func.name}()`", Safety.SAFE, tuple(edits))
        yield _hit(file.place(code, node), f"`{func.name}()`", fix)
    yield from _loops(file, scope)


def _loops(file: FileContext, scope: Scope) -> Iterator[Hit]:
    """Loops over querysets, and functions that go through all of one."""
    known = _loaded(scope)
    for node, code in scope.nodes(ir.For):
        if not node.is_async and _is_queryset(scope, code, node.iter, known):
            fix = Fix("Use `async for`", Safety.SAFE, (insert(file, code.range(node).start, "async "),))
            yield _hit(file.place(code, node.iter), "A loop over a queryset", fix)
    for node, code in scope.nodes(ir.Comp):
        for number, clause in enumerate(node.clauses):
            if not clause.is_async and _is_queryset(scope, code, clause.iter, known):
                fix = Fix("Use `async for`", Safety.MANUAL)
                if number == 0 and node.kind != "generator":  # an asynchronous generator is another thing
                    fix = Fix("Use `async for`", Safety.SAFE, (_before_for(file, code, clause),))
                yield _hit(file.place(code, clause.iter), "A loop over a queryset", fix)
    for node, code in scope.nodes(ir.Call):
        if isinstance(node.func, ir.Name) and node.func.id in _CONSUMING and len(node.args) == 1:
            if not _is_queryset(scope, code, node.args[0], known):
                continue
            fix = Fix("Write `[row async for row in ...]`", Safety.MANUAL)
            if node.func.id == "list" and not node.keywords:
                rows = file.text(code, node.args[0])
                edit = replace(file, code.range(node), f"[row async for row in {rows}]")
                fix = Fix("Use `async for`", Safety.SAFE, (edit,)) if "row" not in rows else fix
            yield _hit(file.place(code, node), f"`{node.func.id}()` of a queryset", fix)


def _before_for(file: FileContext, code: Code, clause: ir.Clause) -> Edit:
    """Put ``async`` before the ``for`` of a comprehension, the last word in front of its variable."""
    start = file.lines.offset(code.range(clause.target).start)
    position = file.lines.position(file.lines.text.rindex("for", 0, start))
    return insert(file, position, "async ")


def _loaded(scope: Scope) -> set[str]:
    """Names of querysets that an ``async for`` goes through: they hold their rows afterwards."""
    nodes = [node.iter for node, _ in scope.nodes(ir.For) if node.is_async]
    nodes += [clause.iter for node, _ in scope.nodes(ir.Comp) for clause in node.clauses if clause.is_async]
    return {node.id for node in nodes if isinstance(node, ir.Name)}


def _is_queryset(scope: Scope, code: Code, node: ir.Expr, known: set[str]) -> bool:
    if isinstance(node, ir.Name) and node.id in known:
        return False
    value = scope.value(code, node)
    if not isinstance(value, QuerySetValue) or value.cached or value.query.fetch_mode is not None:
        return False
    return not any(link.name == "none" for link in value.query.chain)


def _hit(place: Place, what: str, fix: Fix) -> Hit:
    return Hit(
        place,
        f"{what} in an `async` function raises SynchronousOnlyOperation: Django's connections cannot be used from "
        "the event loop",
        fixes=(fix,),
    )
