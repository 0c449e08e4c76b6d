"""Where the rows that a function works on come from, and whether the function has taken them itself."""

from __future__ import annotations

from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.rules.flow import enclosing
from djguide_analyzers.rules.row_bodies import TracedBody
from djguide_analyzers.trace.events import QueryRun
from djguide_analyzers.trace.values import Query, Row, Sequence

_GETS_OR_CREATES = ("get_or_create", "update_or_create", "aget_or_create", "aupdate_or_create")


@dataclass(frozen=True, slots=True)
class Load:
    """A row is loaded at `node`: a call, the iterable of a loop, or a subscript.

    `query` is what runs; None for ``get_or_create()`` and its like, where `created` is the variable that tells
    whether the row is new.
    """

    node: ir.Expr
    query: Query | None
    created: str | None = None


def load_of(body: TracedBody, row: Row) -> Load | None:
    """Where `row` is loaded, if that is in this function."""
    if (made := _got_or_created(body, row.root.identity)) is not None or row.root.query is None:
        return made
    sites = {
        event.site.at
        for event in body.scope.trace.events
        if isinstance(event, QueryRun) and event.site.code == body.code and event.query == row.root.query
    }
    for node in walk(body.statements):
        if isinstance(node, (ir.Call, ir.Name, ir.Attr, ir.Subscript)) and node.at in sites:
            return Load(node, row.root.query)
        if isinstance(node, (ir.For, ir.Clause)) and (node.at in sites or node.iter.at in sites):
            return Load(node.iter, row.root.query)
    return None


def _got_or_created(body: TracedBody, identity: int) -> Load | None:
    for node in walk(body.statements):
        call, target = _assigned(node)
        if call is None or not isinstance(call.func, ir.Attr) or call.func.name not in _GETS_OR_CREATES:
            continue
        value = body.scope.value(body.code, call)
        first = value.items[0] if isinstance(value, Sequence) and value.items else None
        if isinstance(first, Row) and first.root.identity == identity:
            names = target.items if isinstance(target, ir.Display) else []
            created = names[1].id if len(names) == 2 and isinstance(names[1], ir.Name) else None
            return Load(call, None, created)
    return None


def _assigned(node: ir.Node) -> tuple[ir.Call | None, ir.Expr | None]:
    """A call that is the value of an assignment, or its first item, and what it is assigned to."""
    if not isinstance(node, ir.Assign) or node.value is None:
        return None, None
    value = node.value.value if isinstance(node.value, (ir.Await, ir.Subscript)) else node.value
    return (value, node.targets[0]) if isinstance(value, ir.Call) else (None, None)


def is_from_database(body: TracedBody, node: ir.Expr, row: Row, use: ir.Node) -> bool:
    """Whether the row that `node` holds at `use` was there before, and this function has loaded it.

    Not so for new rows and copies, and for what other methods keep in ``self``.
    """
    load = load_of(body, row)
    if row.root.query is None and (load is None or row.path):
        return False
    if load is not None and load.created is not None and _is_new(body, load.created, use):
        return False
    if load is not None and load.node is node:
        return True
    base = node
    while isinstance(base, (ir.Attr, ir.Subscript)):
        base = base.value
    if not isinstance(base, ir.Name) or (load is None and not _is_assigned(body, base.id)):
        return False
    return not _is_copied(body, row)


def _is_new(body: TracedBody, created: str, use: ir.Node) -> bool:
    """Whether `use` runs only when the row has just been created."""
    for statement in enclosing(body.statements, use):
        if isinstance(statement, ir.If):
            in_body = any(part is use for part in walk(statement.body))
            match statement.test:
                case ir.Name(id=name) if name == created:
                    return in_body
                case ir.Unary(op="not", operand=ir.Name(id=name)) if name == created:
                    return not in_body
                case _:
                    pass
    return False


def _is_assigned(body: TracedBody, name: str) -> bool:
    """Whether the function binds a variable itself."""
    for node in walk(body.statements):
        match node:
            case ir.Assign(targets=targets):
                parts = [part for target in targets for part in walk(target)]
            case ir.For(target=target) | ir.Clause(target=target):
                parts = list(walk(target))
            case ir.Walrus(target=target):
                parts = [ir.Name(node.at, target)]
            case _:
                continue
        if any(isinstance(part, ir.Name) and part.id == name for part in parts):
            return True
    return False


def _is_copied(body: TracedBody, row: Row) -> bool:
    """Whether the row is saved as a new one: its key is set."""
    for node in walk(body.statements):
        for target in node.targets if isinstance(node, ir.Assign) else ():
            key = isinstance(target, ir.Attr) and target.name in ("pk", "id", "_state")
            if key and isinstance(target, ir.Attr) and body.key(target.value) == row.key:
                return True
    return False
