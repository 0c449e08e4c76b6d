"""Rows that are written one by one in a loop."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import contains, walk
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo, Code
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.receivers import receivers
from djguide_analyzers.source.positions import Position
from djguide_analyzers.trace.events import Loop, Write
from djguide_analyzers.trace.values import AbstractValue, QuerySetValue, Row, Sequence

_SEEDING = frozenset({"migrations", "factories", "sampledata"})
_SAMPLES = re.compile(r"(^|_)(seeds?|demo|dummy|fake|samples?|fixtures?)(_|$)")
_ONCE = re.compile(
    r"(import|seed|load|populate|demo|sample|fixture|setup|init|install|restore|backfill|migrate)"
)
_COMMANDS = "/management/commands/"
FEW = 10
"""Rounds of a loop that are hardly worth a bulk form."""


@dataclass(frozen=True, slots=True)
class Written:
    """A row written in each round of a ``for`` loop of the same function.

    Attributes:
        event: What is written.
        call: The call that writes.
        loop: The innermost loop around it; None inside a comprehension.
        statement: The call as a statement of its own in the loop, or the assignment of its result.
    """

    event: Write
    call: ir.Call
    code: Code
    loop: ir.For | None
    statement: ir.Stmt | None


def loop_writes(file: FileContext, scope: Scope, *operations: str) -> Iterator[Written]:
    """The writes called `operations` that run once per round, apart from those that have to stay alone.

    Left out are rows whose errors are handled one by one, that are committed one by one, or that few rounds
    write, and calls that write rows of several models.
    """
    if file.is_test or is_seeding(file):
        return
    sites = {
        (event.site.code, event.site.at): event
        for event in scope.trace.events
        if isinstance(event, Write) and event.operation in operations and event.context.loops
    }
    if not sites:
        return
    for call, code in scope.nodes(ir.Call):
        event = sites.get((code, call.at))
        if event is None:
            continue
        running = event.context.loops[-1]
        if running.once or running.site.code != code or _is_one_of_several(scope, code, call, event):
            continue
        loop = next((n for n, c in scope.nodes(ir.For) if c == code and n.at == running.site.at), None)
        if loop is None and not running.comprehension:
            continue
        if loop is not None and (_is_alone(loop, call) or _is_short(scope, code, loop.iter, running)):
            continue
        yield Written(event, call, code, loop, _statement(loop, call) if loop is not None else None)


def _is_one_of_several(scope: Scope, code: Code, call: ir.Call, event: Write) -> bool:
    """Whether the same call writes rows of other models in other rounds: not all of them have what one has."""
    if not isinstance(event.receiver, Row) or not isinstance(call.func, ir.Attr):
        return False
    return not isinstance(scope.value(code, call.func.value), Row)


def is_seeding(file: FileContext) -> bool:
    """Whether the file fills a database once: a migration, a factory, sample data."""
    parts = file.path[len(file.project.root) :].replace(".py", "").split("/")
    return not _SEEDING.isdisjoint(parts) or any(_SAMPLES.search(part) for part in parts)


def runs_once(file: FileContext) -> bool:
    """Whether the code has the database to itself since it fills it, as a command that imports or sets up does."""
    folder, _, name = file.path.rpartition("/")
    return is_seeding(file) or (f"{folder}/".endswith(_COMMANDS) and _ONCE.search(name) is not None)


def _is_alone(loop: ir.For, call: ir.Call) -> bool:
    """Whether errors or the transaction of each row stand inside the loop, or it stops at the first one."""
    for node in walk(loop.body):
        if isinstance(node, (ir.Try, ir.With)) and contains(node.body, call):
            return True
        if isinstance(node, (ir.While, ir.Yield)) or (isinstance(node, ir.Jump) and node.kind == "break"):
            return True
        if isinstance(node, ir.Return):
            return True
    return loop.is_async


def _is_short(scope: Scope, code: Code, iterated: ir.Expr, running: Loop) -> bool:
    """Whether what a loop runs over is known to be short."""
    size = _size(iterated, scope.value(code, iterated))
    return size <= FEW if size is not None else running.few


def _size(iterated: ir.Expr, value: AbstractValue) -> int | None:
    """How many rounds there are at most, where they can be counted."""
    match iterated:
        case ir.Display(items=items):
            return len(items)
        case ir.Call(func=ir.Name(id="range"), args=[*_, ir.Const(value=int() as last)]):
            return last
    match value:
        case QuerySetValue(query=query):
            return 1 if query.single else query.limit
        case Sequence(items=tuple() as items):
            return len(items)
        case _:
            return None


def _statement(loop: ir.For, call: ir.Call) -> ir.Stmt | None:
    for node in walk(loop.body):
        if isinstance(node, ir.ExprStmt) and (node.value is call or _awaits(node.value, call)):
            return node
        if isinstance(node, ir.Assign) and node.value is call:
            return node
    return None


def _awaits(node: ir.Expr, call: ir.Call) -> bool:
    return isinstance(node, ir.Await) and node.value is call


def is_hooked(file: FileContext, model: Model, method: str) -> bool:
    """Whether the project hangs something on ``save()`` or ``delete()`` of single rows, as far as can be seen.

    Signals count for ``save`` only: the bulk form of ``delete()`` sends them.
    """
    found = file.project.resolver.class_attribute(model.cls, method)
    if found is None or not found[0].module.name.startswith("django.db.models"):
        return True
    if method == "delete":
        return False
    signals = ("pre_save", "post_save", "m2m_changed")
    for receiver in receivers(file):
        if receiver.signal.rpartition(".")[2] in signals[:2]:
            sender = receiver.sender
            if not isinstance(sender, ClassInfo) or sender in file.project.resolver.mro(model.cls):
                return True
    return False


_HARMLESS = frozenset(
    {
        "append", "add", "extend", "update", "setdefault", "write", "print", "debug", "info", "warning", "error",
        "exception", "log", "discard", "pop", "remove", "set_postfix", "create", "full_clean", "clean",
    }
)  # fmt: skip


def does_more(loop: ir.For, call: ir.Call) -> bool:
    """Whether the loop calls something else for its effect in each round, such as sending a mail."""
    for node in walk(loop.body):
        if isinstance(node, ir.ExprStmt):
            value = node.value.value if isinstance(node.value, ir.Await) else node.value
            if isinstance(value, ir.Call) and value is not call:
                func = value.func
                name = (
                    func.id if isinstance(func, ir.Name) else func.name if isinstance(func, ir.Attr) else ""
                )
                if name not in _HARMLESS:
                    return True
    return False


def names_used(node: ir.Node | list[ir.Stmt], name: str) -> int:
    """How often the variable `name` stands in some code."""
    return sum(isinstance(inner, ir.Name) and inner.id == name for inner in walk(node))


def fresh_name(scope: Scope, *wanted: str) -> str | None:
    """The first of the names `wanted` that the function does not use."""
    used = {node.id for node, _ in scope.nodes(ir.Name)}
    if scope.function is not None:
        used |= {param.name for param in scope.function.node.params.items}
    return next((name for name in wanted if name not in used), None)


def indent_of(file: FileContext, code: Code, node: ir.Node) -> str | None:
    """White space in front of a statement that begins its line."""
    start = code.range(node).start
    before = file.lines.line(start.line)[: start.column]
    return None if before.strip() else before


def end_of_line(file: FileContext, position: Position) -> Position:
    """The end of the line at `position`, behind a comment that follows."""
    return Position(position.line, len(file.lines.line(position.line).rstrip("\r\n")))
