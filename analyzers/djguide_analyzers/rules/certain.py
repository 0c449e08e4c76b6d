"""What a queryset expression is on every path, where the trace joins what branches make of it."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.context import Scope


def origins(scope: Scope, code: Code, node: ir.Expr) -> Iterator[ir.Expr]:
    """`node` and what it is made from, step by step: receivers of calls, and the one value of a variable.

    Ends where a variable may hold something else.
    """
    seen: set[str] = set()
    current: ir.Expr | None = node
    while current is not None:
        yield current
        match current:
            case ir.Call(func=ir.Attr(value=value)):
                current = value
            case ir.Subscript(value=value, index=ir.Slice()):
                current = value
            case ir.Await(value=value) | ir.Walrus(value=value):
                current = value
            case ir.Name(id=name) if name not in seen:
                seen.add(name)
                current = _only_value(scope, code, name)
            case _:
                return


def _only_value(scope: Scope, code: Code, name: str) -> ir.Expr | None:
    """What a variable of the function is set to, when just one statement sets it."""
    if scope.function is None or any(p.name == name for p in scope.function.node.params.items):
        return None
    values: list[ir.Expr | None] = []
    for node, where in scope.nodes(ir.Assign):
        for target in node.targets:
            if isinstance(target, ir.Name) and target.id == name:
                values.append(node.value if where == code else None)
            elif not isinstance(target, ir.Name) and _binds(target, name):
                values.append(None)
    for node, where in scope.nodes(ir.Walrus):
        if node.target == name:
            values.append(node.value if where == code else None)
    for kind in (ir.For, ir.Clause, ir.AugAssign):
        values += [None for node, _ in scope.nodes(kind) if _binds(node.target, name)]
    for node, _ in scope.nodes(ir.With):
        values += [None for item in node.items if item.target is not None and _binds(item.target, name)]
    for node, _ in scope.nodes(ir.Scope):
        values += [None for declared in node.names if declared == name]
    return values[0] if len(values) == 1 else None


def _binds(target: ir.Expr, name: str) -> bool:
    match target:
        case ir.Name(id=own):
            return own == name
        case ir.Display(items=items):
            return any(_binds(item, name) for item in items)
        case ir.Star(value=value):
            return _binds(value, name)
        case _:
            return False


def probing(scope: Scope) -> set[tuple[Code, int]]:
    """Expressions inside ``try`` with a handler: they may be there to see whether they fail."""
    return {
        (code, node.at)
        for attempt, code in scope.nodes(ir.Try)
        if attempt.handlers
        for statement in attempt.body
        for node in walk(statement)
    }
