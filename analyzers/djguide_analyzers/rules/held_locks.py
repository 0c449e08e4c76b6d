"""Whether a row is kept from others while a function works on it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.flow import enclosing
from djguide_analyzers.trace.decorators import decorator_names
from djguide_analyzers.trace.events import Called, QueryRun
from djguide_analyzers.trace.values import AtomicValue, QuerySetValue

ATOMIC = "django.db.transaction.atomic"
_WORDS = frozenset({"lock", "locks", "locked", "locking", "mutex", "semaphore", "acquire", "exclusive"})
_SQL = re.compile(
    r"\bFOR (NO KEY )?UPDATE\b|\bLOCK TABLE\b|advisory_(xact_)?lock|\bBEGIN (IMMEDIATE|EXCLUSIVE)\b", re.I
)
_NAME = re.compile(r"[a-z]+|[A-Z][a-z]*")


def is_protected(
    file: FileContext, scope: Scope, code: Code, statements: list[ir.Stmt], node: ir.Node
) -> bool:
    """Whether a lock is held at `node`: on rows (of whatever table, taken before), or of the code's own kind.

    A lock on rows lasts as long as the transaction in which it was taken.
    """
    if any(is_lock_by_name(part) for part in enclosing(statements, node)):
        return True
    info = scope.function
    if info is not None and any(_is_word(decorator) for decorator in info.node.decorators):
        return True
    order = {part.at: number for number, part in enumerate(walk(statements))}
    for part in walk(statements):
        if order[part.at] >= order[node.at]:
            break
        if isinstance(part, ir.Const) and isinstance(part.value, str) and _SQL.search(part.value):
            return True
        if isinstance(part, ir.Call) and _is_word(part.func):
            return True
    return any(
        order.get(at, len(order)) < order[node.at] and is_open(file, scope, code, statements, at, node)
        for at in _locking(scope, code)
    )


def _locking(scope: Scope, code: Code) -> Iterator[int]:
    """Nodes of the function that take locks on rows: queries, and calls of functions that run some."""
    trace = scope.trace
    for event in trace.events:
        if isinstance(event, (QueryRun, Called)) and event.site.code == code:
            events = trace.inside(event, kinds=(QueryRun,)) if isinstance(event, Called) else (event,)
            if any(isinstance(each, QueryRun) and each.query.locked for each in events):
                yield event.site.at
    for call, own in scope.nodes(ir.Call):
        if own != code or not isinstance(call.func, ir.Attr):
            continue
        method = call.func.name
        given = call.keyword("from_queryset") if method.endswith("refresh_from_db") else None
        if given is None and method in ("get_or_create", "aget_or_create"):
            given = call.func.value
        value = scope.value(code, given) if given is not None else None
        if isinstance(value, QuerySetValue) and value.query.locked:
            yield call.at


def is_open(
    file: FileContext, scope: Scope, code: Code, statements: list[ir.Stmt], at: int, node: ir.Node
) -> bool:
    """Whether the transaction that is open at the node numbered `at` still is at `node`, for all that is known."""
    if is_atomic(file, scope.function):
        return True
    taken = next((part for part in walk(statements) if part.at == at), None)
    if taken is None:
        return True
    blocks = [part for part in enclosing(statements, taken) if is_atomic_block(scope, code, part)]
    return not blocks or blocks[0] in enclosing(statements, node) or _marks(blocks[0])


def _marks(block: ir.Stmt) -> bool:
    """Whether a row is marked as taken while it is locked, which keeps others out when the lock is gone."""
    marked = any(
        isinstance(node, ir.Assign)
        and isinstance(node.value, ir.Const)
        and isinstance(node.targets[0], ir.Attr)
        for node in walk(block)
    )
    return marked and any(
        isinstance(node, ir.Call)
        and isinstance(node.func, ir.Attr)
        and node.func.name in ("save", "asave", "update")
        for node in walk(block)
    )


def is_atomic(file: FileContext, info: FunctionInfo | None) -> bool:
    """Whether a function is decorated with ``atomic``."""
    return info is not None and ATOMIC in decorator_names(file.project, info)


def is_atomic_block(scope: Scope, code: Code, statement: ir.Stmt) -> bool:
    """Whether a statement is a ``with atomic():`` block."""
    return isinstance(statement, ir.With) and any(
        isinstance(scope.value(code, item.context), AtomicValue) for item in statement.items
    )


def mentions_lock(statements: list[ir.Stmt]) -> bool:
    """Whether a function takes a lock, or asks for one, as far as names say."""
    for part in walk(statements):
        if isinstance(part, ir.Attr) and part.name == "select_for_update":
            return True
        if isinstance(part, ir.Call) and _is_word(part.func):
            return True
    return False


def is_lock_by_name(statement: ir.Stmt) -> bool:
    """Whether a ``with`` block holds something that is called a lock."""
    return isinstance(statement, ir.With) and any(_is_word(item.context) for item in statement.items)


def _is_word(node: ir.Expr) -> bool:
    """Whether a name in `node` says that it locks; queries that lock rows are looked at by themselves."""
    for part in walk(node):
        name = part.id if isinstance(part, ir.Name) else part.name if isinstance(part, ir.Attr) else ""
        if name and not _WORDS.isdisjoint(word.lower() for word in _NAME.findall(name)):
            return True
    return False
