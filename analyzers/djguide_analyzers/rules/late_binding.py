"""Names that a callback reads when it is called, not when it is made."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import contains, walk
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.rules.flow import goes_round, reaches


def free_names(node: ir.Lambda | FunctionInfo) -> list[str]:
    """Variables of the function around that a lambda or nested function reads, in order."""
    if isinstance(node, FunctionInfo):
        params, body = node.node.params, node.statements
        own = {name for part in walk(body) for name in bound_by(part)}
    else:
        params, body = node.params, node.body
        own = set[str]()
    own |= {param.name for param in params.items}
    read = [part.id for part in walk(body) if isinstance(part, ir.Name)]
    for part in walk(body):
        if isinstance(part, ir.Comp):
            own |= {name for clause in part.clauses for name in target_names(clause.target)}
        elif isinstance(part, ir.Lambda):
            own |= {param.name for param in part.params.items}
    return [name for name in dict.fromkeys(read) if name not in own]


def bound_by(node: ir.Node) -> Iterator[str]:
    """Variables that a statement or expression binds anew."""
    match node:
        case ir.Assign(targets=targets, value=value) if value is not None:
            for target in targets:
                yield from target_names(target)
        case ir.For(target=target):
            yield from target_names(target)
        case ir.With(items=items):
            for item in items:
                if item.target is not None:
                    yield from target_names(item.target)
        case ir.Walrus(target=name):
            yield name
        case _:
            pass


def target_names(target: ir.Expr) -> Iterator[str]:
    match target:
        case ir.Name(id=name):
            yield name
        case ir.Display(items=items):
            for item in items:
                yield from target_names(item)
        case ir.Star(value=value):
            yield from target_names(value)
        case _:
            pass


def bound_again(block: list[ir.Stmt], call: ir.Call, name: str) -> bool:
    """Whether the variable `name` may be bound once more after `call`, further on or in a later round of a loop."""
    for node in walk(block):
        if isinstance(node, ir.Comp):
            if contains(node, call) and any(name in target_names(clause.target) for clause in node.clauses):
                return True
        elif isinstance(node, ir.For) and contains(node.body, call):
            if name in bound_by(node) and goes_round(node.body, call):
                return True
        elif name in bound_by(node) and not contains(node, call) and reaches(block, call, node):
            return True
    return False
