"""The writes of one function: calls that change rows, each of which is whole or not at all.

What Django makes atomic by itself is one unit: ``save()``, ``delete()``, ``bulk_create()``, ``set()``,
``update_or_create()`` and so on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import contains, number_of
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.atomicity import regions_of
from djguide_analyzers.rules.bodies import Body
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.nodes import parts_of
from djguide_analyzers.trace.events import Called, Context, Write
from djguide_analyzers.trace.values import QuerySetValue, Row, Site

CREATING = frozenset({"create", "bulk_create", "get_or_create", "update_or_create", "add", "set"})
REMOVING = frozenset({"delete", "clear", "remove"})
MAX_CALLS = 3
"""Calls inside one another in which the writes of a function are looked for."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One write of a function: by a call at `node` of its own, or by what that call enters.

    Attributes:
        node: The call in the function itself.
        event: What is written.
        call: The call that writes, where `event` stands in the function itself.
        made: The row that is created or saved, as far as it is known.
        given: The rows it refers to, with the names of the relations.
        repeated: Whether it runs once per item of a loop of the function.
        helper: The function that writes; None for the function itself.
        inside: The transaction in which a helper does it, told apart by where it is opened.
    """

    node: ir.Call
    event: Write
    made: Row | None
    given: tuple[tuple[str, Row], ...]
    repeated: bool
    helper: FunctionInfo | None = None
    inside: Site | None = None

    @property
    def model(self) -> str:
        return self.event.model

    @property
    def operation(self) -> str:
        return self.event.operation

    @property
    def receiver(self) -> Row | None:
        return self.event.receiver if isinstance(self.event.receiver, Row) else None

    @property
    def parent(self) -> Row | None:
        """The row on whose related manager it works."""
        receiver = self.event.receiver
        related = receiver.related if isinstance(receiver, QuerySetValue) else None
        return related.row if related is not None else None

    @property
    def creates(self) -> bool:
        """Whether it makes rows, or the entries of a many-to-many relation."""
        return self.operation in CREATING or (self.operation == "save" and is_new(self.made))

    @property
    def removes(self) -> bool:
        return self.operation in REMOVING


def is_new(row: Row | None) -> bool:
    """Whether a row was made by the code that is looked at, and has not been read from the database."""
    return (
        row is not None and row.root.query is None and row.root.related is None and not row.path
        and row.provenance_known and not row.root.many
    )  # fmt: skip


def units(file: FileContext, scope: Scope) -> list[Unit]:
    """The writes of a function in order, those of the functions that it calls included."""
    info = scope.function
    if info is None or info.parent is not None:
        return []
    body = regions_of(file.project, info).body
    found: list[Unit] = []
    for event in scope.trace.events:
        if isinstance(event, Called) and event.summary.writes and event.site.code == body.code:
            found += _of_helper(file, scope, body, event)
        elif isinstance(event, Write) and not event.context.stack and event.site.code == body.code:
            node = body.nodes.get(event.site.at)
            if isinstance(node, ir.Call) and not regions_of(file.project, info).is_deferred(node):
                made = _made(scope, body, node, event)
                found.append(Unit(node, event, made, event.given, _repeats(body, event.context)))
    return found


def _made(scope: Scope, body: Body, node: ir.Call, event: Write) -> Row | None:
    if isinstance(event.receiver, Row):
        return event.receiver
    value = scope.value(body.code, node)
    return value if isinstance(value, Row) and value.model == event.model else None


def _of_helper(file: FileContext, scope: Scope, body: Body, event: Called) -> Iterator[Unit]:
    node = body.nodes.get(event.site.at)
    if not isinstance(node, ir.Call) or event.call.callee.module.origin != "project":
        return
    given_roots = {row.root.identity for row in event.rows.values() if isinstance(row, Row)}
    seen: set[tuple[Site, str]] = set()
    for inner in scope.trace.inside(event, MAX_CALLS, (Write,)):
        if not isinstance(inner, Write) or (inner.site, inner.operation) in seen:
            continue
        seen.add((inner.site, inner.operation))
        given = tuple((name, row) for name, row in inner.given if row.root.identity in given_roots)
        receiver = inner.receiver if isinstance(inner.receiver, Row) else None
        result = scope.value(body.code, node)
        if receiver is not None and receiver.root.identity in given_roots:
            made: Row | None = receiver
        else:
            made = result if isinstance(result, Row) and result.model == inner.model else None
        # A model's own save() or delete() is still the one write that is written in the function.
        own = made is receiver is not None and event.call.callee.name.removeprefix("a") == inner.operation
        helper = None if own else event.call.callee
        repeats = _repeats(body, event.context)
        yield Unit(node, inner, made, given, repeats, helper, _opened(file.project, inner))


def _opened(project: Project, event: Write) -> Site | None:
    """Where the functions that were entered have opened the outermost transaction around a write."""
    sites = [step.site for step in event.context.stack[1:]] + [event.site]
    for step, site in zip(event.context.stack, sites, strict=True):
        if site.code != step.callee.body_code:
            continue
        opened = regions_of(project, step.callee).at(site.at)
        if opened:
            return Site(opened[0].code, opened[0].node.at)
    return None


def _repeats(body: Body, context: Context) -> bool:
    """Whether something runs once per item of a loop in the function itself."""
    return any(
        loop.depth == 0 and not loop.once and not loop.few and loop.site.code == body.code
        for loop in context.loops
    )


# --- one path --------------------------------------------------------------------------------------------


def on_one_path(statements: list[ir.Stmt], first: ir.Node, second: ir.Node) -> bool:
    """Whether `second` can run behind `first` in one go through the statements."""
    one, other = number_of(statements, first), number_of(statements, second)
    if one is None or other is None:
        return False
    if one == other:
        return _within(statements[one], first, second)
    if other < one or not _goes_on(statements[one], first):
        return False
    return not any(ends(between) for between in statements[one + 1 : other])


def _within(node: ir.Stmt, first: ir.Node, second: ir.Node) -> bool:
    parts = parts_of(node)
    one = next((part for part in parts if contains(part, first)), None)
    other = next((part for part in parts if contains(part, second)), None)
    if one is None:  # in the head: a test, what a loop runs over
        return True
    if other is None:
        return False
    if one is other:
        return on_one_path(one, first, second)
    if isinstance(node, ir.Try):
        if other is node.final:
            return True
        return one is node.body and other is node.orelse and _passes(one, first)
    return isinstance(node, (ir.For, ir.While))


def _goes_on(node: ir.Stmt, first: ir.Node) -> bool:
    """Whether control can go on behind `node` once `first` in it has run."""
    for part in parts_of(node):
        if contains(part, first):
            if isinstance(node, (ir.For, ir.While)):
                return not _leaves(part, first)
            if isinstance(node, ir.Try) and part is node.body:
                return _passes(part, first) and not ends_block(node.orelse)
            return _passes(part, first)
    return not isinstance(node, (ir.Return, ir.Raise, ir.Jump))


def _passes(block: list[ir.Stmt], first: ir.Node) -> bool:
    for number, statement in enumerate(block):
        if contains(statement, first):
            return _goes_on(statement, first) and not any(ends(later) for later in block[number + 1 :])
    return True


def _leaves(block: list[ir.Stmt], first: ir.Node) -> bool:
    """Whether the function always ends behind `first` in a loop's body."""
    for number, statement in enumerate(block):
        if contains(statement, first):
            rest = block[number + 1 :]
            own = isinstance(statement, (ir.Return, ir.Raise)) or any(
                _leaves(p, first) for p in parts_of(statement)
            )
            return own or any(ends(later, jumps=False) for later in rest)
    return False


def ends(node: ir.Stmt, *, jumps: bool = True) -> bool:
    """Whether control never goes on behind a statement; with `jumps`, ``break`` and ``continue`` count."""
    match node:
        case ir.Return() | ir.Raise():
            return True
        case ir.Jump(kind=kind):
            return jumps and kind != "pass"
        case ir.If(body=body, orelse=orelse):
            return ends_block(body, jumps=jumps) and ends_block(orelse, jumps=jumps)
        case ir.With(body=body):
            return ends_block(body, jumps=jumps)
        case ir.Try(body=body, handlers=handlers, orelse=orelse, final=final):
            if ends_block(final, jumps=jumps):
                return True
            through = ends_block(body, jumps=jumps) or ends_block(orelse, jumps=jumps)
            return through and all(ends_block(handler.body, jumps=jumps) for handler in handlers)
        case _:
            return False


def ends_block(block: list[ir.Stmt], *, jumps: bool = True) -> bool:
    return any(ends(node, jumps=jumps) for node in block)
