"""Queries that a loop asks in every round with the same words, and moving them before the loop."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Fix, Safety
from djguide_analyzers.rules.loop_writes import indent_of, names_used
from djguide_analyzers.rules.loops import node_at, statements_of
from djguide_analyzers.rules.repeated import Round
from djguide_analyzers.rules.varying import called, loop_names, mentions_any
from djguide_analyzers.source.positions import Position, Range
from djguide_analyzers.trace.events import Called, CallMade, Write

_ADVICE = Fix("Ask once, before the loop", Safety.MANUAL)
_HARMLESS = frozenset(
    {"append", "extend", "add", "setdefault", "format", "join", "strip", "lower", "upper", "get",
     "items", "keys", "values", "split", "replace", "startswith", "endswith", "write", "info",
     "debug", "warning", "error", "isoformat", "strftime", "quantize", "len", "str", "int",
     "float", "print", "sum", "round", "bool", "list", "dict", "set", "tuple", "sorted", "range",
     "zip", "enumerate", "isinstance", "Decimal", "min", "max", "any", "all", "hasattr", "getattr"}
)  # fmt: skip
"""Calls, by the last part of their name, that leave the database as it is."""


def is_invariant(found: Round) -> bool:
    """Whether the query asks the same in every round, and no round can change what it gets."""
    item = found.item
    if not item.direct or item.loop.site.code != item.site.code:
        return False
    statements = statements_of(found.file, found.trace, item.context, item.site.code)
    loop, node = node_at(statements, item.loop.site.at), node_at(statements, item.site.at)
    if not isinstance(loop, (ir.For, ir.Clause)) or not isinstance(node, ir.Call):
        return False
    inside: list[ir.Stmt] | ir.Node = loop.body if isinstance(loop, ir.For) else node
    if not _is_fixed(node) or mentions_any(node, loop_names(loop)):
        return False
    if isinstance(loop, ir.For) and (loop.is_async or _may_end(loop) or not _always_runs(loop, node)):
        return False
    return not _may_write(found, inside, node)


def _is_fixed(node: ir.Call) -> bool:
    """Whether a query is written from its class on, with names, attributes and literals as arguments."""
    current: ir.Expr = node
    while isinstance(current, ir.Call):
        for argument in (*current.args, *(keyword.value for keyword in current.keywords)):
            if not _is_plain(argument):
                return False
        if not isinstance(current.func, ir.Attr):
            return called(current) == "get_object_or_404"
        current = current.func.value
    return isinstance(current, ir.Attr) and isinstance(current.value, (ir.Name, ir.Attr))


def _is_plain(node: ir.Expr) -> bool:
    """A literal, a name, or an attribute of one (of the project's constants or a local object)."""
    return isinstance(node, (ir.Const, ir.Name)) or (
        isinstance(node, ir.Attr) and isinstance(node.value, ir.Name)
    )


def _may_end(loop: ir.For) -> bool:
    return any(
        isinstance(node, (ir.Return, ir.Yield)) or (isinstance(node, ir.Jump) and node.kind == "break")
        for node in walk(loop.body)
    )


def _always_runs(loop: ir.For, query: ir.Call) -> bool:
    """Whether every round gets to the query: it stands in the body itself, behind no branch that goes on."""
    for statement in loop.body:
        if any(node is query for node in walk(statement)):
            match statement:
                case ir.For(iter=header) | ir.If(test=header):
                    return any(node is query for node in walk(header))
            return not isinstance(statement, (ir.While, ir.Try, ir.Match))
        if any(isinstance(node, ir.Jump) and node.kind == "continue" for node in walk(statement)):
            return False
    return False


def _may_write(found: Round, inside: list[ir.Stmt] | ir.Node, query: ir.Call) -> bool:
    """Whether a round may write to the table: as far as known, or in code that cannot be looked into."""
    for event in found.trace.events:
        if not isinstance(event, (Write, Called, CallMade)):
            continue
        if not any(running.site == found.item.loop.site for running in event.context.loops):
            continue
        if isinstance(event, Write) and event.model == found.item.query.model:
            return True
        if isinstance(event, Called) and event.summary.writes:
            return True
    own = {id(node) for node in walk(query)}
    return any(
        isinstance(node, ir.Call) and id(node) not in own and not _is_harmless(found, node)
        for node in walk(inside)
    )


def _is_harmless(found: Round, node: ir.Call) -> bool:
    if called(node) in _HARMLESS:
        return True
    sites = {event.site.at for event in found.trace.events if isinstance(event, Write)}
    return node.at in sites  # a write, and one to another table


def hoist_fix(found: Round) -> tuple[Fix, ...]:
    """The assignment of the answer moved before the loop."""
    item, file, code = found.item, found.file, found.item.site.code
    statements = statements_of(file, found.trace, item.context, code)
    loop, node = node_at(statements, item.loop.site.at), node_at(statements, item.site.at)
    if not isinstance(loop, ir.For):
        return (_ADVICE,)
    made = next((s for s in loop.body if isinstance(s, ir.Assign) and s.value is node), None)
    target = made.targets[0] if made is not None and len(made.targets) == 1 else None
    outside = indent_of(file, code, loop)
    if made is None or not isinstance(target, ir.Name) or outside is None or len(loop.body) < 2:
        return (_ADVICE,)
    before = loop.body[: loop.body.index(made)]
    if _changes(loop, target.id) or names_used(loop.iter, target.id) or names_used(before, target.id):
        return (_ADVICE,)
    own = code.range(made)
    start, after = Position(own.start.line, 0), Position(own.end.line + 1, 0)
    line = file.slice(Range(start, after))
    rest = line.strip().removeprefix(file.text(code, made)).lstrip()
    if own.start.line != own.end.line or (rest and not rest.startswith("#")):
        return (_ADVICE,)
    edits = (
        insert(file, code.range(loop).start, f"{line.strip()}\n{outside}"),
        replace(file, Range(start, after), ""),
    )
    return (Fix("Ask once, before the loop", Safety.REVIEW, edits),)


def _changes(loop: ir.For, name: str) -> bool:
    """Whether the body binds the name elsewhere, or changes what it stands for."""
    bound = 0
    for node in walk(loop.body):
        match node:
            case ir.Assign(targets=targets):
                for target in targets:
                    bound += isinstance(target, ir.Name) and target.id == name
                    if isinstance(target, (ir.Attr, ir.Subscript)) and names_used(target, name):
                        return True
            case ir.AugAssign(target=target) | ir.For(target=target):
                if names_used(target, name):
                    return True
            case ir.Call(func=ir.Attr(value=ir.Name(id=own))) if own == name:
                return True
    return bound != 1
