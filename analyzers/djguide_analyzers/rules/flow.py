"""What may run after what, as far as one function's own control flow says."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import contains, walk
from djguide_analyzers.rules.guards import falls_through
from djguide_analyzers.rules.nodes import parts_of

_LOOPS = (ir.For, ir.While)


def reaches(block: list[ir.Stmt], one: ir.Node, other: ir.Node) -> bool:
    """Whether `other` may run after `one`: in the same round of the loops around both, or in a later one."""
    return follows(block, one, other) or any(
        contains(loop.body, one) and contains(loop.body, other) and goes_round(loop.body, one)
        for loop in walk(block)
        if isinstance(loop, _LOOPS)
    )


def follows(block: list[ir.Stmt], one: ir.Node, other: ir.Node) -> bool:
    """Whether `other` may run after `one` without a loop going round in between."""
    for number, statement in enumerate(block):
        has_one = contains(statement, one)
        if contains(statement, other):
            return has_one and _inside(statement, one, other)
        if has_one:
            rest = block[number + 1 :]
            return _goes_on(statement, one) and any(contains(each, other) for each in rest)
    return False


def innermost_loop(block: list[ir.Stmt], node: ir.Node) -> ir.For | ir.While | None:
    """The loop whose body `node` stands in; comprehensions don't count."""
    found: ir.For | ir.While | None = None
    for loop in walk(block):
        if isinstance(loop, _LOOPS) and contains(loop.body, node):
            found = loop
    return found


def enclosing(block: list[ir.Stmt], node: ir.Node) -> list[ir.Stmt]:
    """The compound statements that `node` stands in, outermost first; the statement itself is left out."""
    return [
        each
        for each in walk(block)
        if isinstance(each, (ir.If, ir.For, ir.While, ir.With, ir.Try, ir.Match))
        and each is not node
        and contains(each, node)
    ]


def _inside(statement: ir.Stmt, one: ir.Node, other: ir.Node) -> bool:
    """The same for two nodes of one statement."""
    for block in parts_of(statement):
        if contains(block, one):
            if contains(block, other):
                return follows(block, one, other)
            return _continues(statement, block, other) and _ends_open(block, one)
    # `one` stands in the head: what follows it in the head, or anything in the blocks, comes later.
    if any(contains(block, other) for block in parts_of(statement)):
        return True
    order = {part.at: number for number, part in enumerate(walk(statement))}
    return order[one.at] < order[other.at]


def _continues(statement: ir.Stmt, block: list[ir.Stmt], other: ir.Node) -> bool:
    """Whether a compound statement goes on from `block` to the block that `other` stands in."""
    if isinstance(statement, ir.Try):
        if contains(statement.final, other):
            return block is not statement.final
        in_handler = any(contains(handler.body, other) for handler in statement.handlers)
        return block is statement.body and (in_handler or contains(statement.orelse, other))
    return isinstance(statement, _LOOPS) and contains(statement.orelse, other)


def _goes_on(statement: ir.Stmt, one: ir.Node) -> bool:
    """Whether what stands behind `statement` may run after `one` in it."""
    for block in parts_of(statement):
        if contains(block, one):
            return _ends_open(block, one) or isinstance(statement, _LOOPS)
    return not isinstance(statement, (ir.Return, ir.Raise))


def _ends_open(block: list[ir.Stmt], one: ir.Node) -> bool:
    """Whether the end of `block` may be reached after `one`."""
    for number, statement in enumerate(block):
        if contains(statement, one):
            return _goes_on(statement, one) and falls_through(block[number + 1 :])
    return True


def goes_round(body: list[ir.Stmt], one: ir.Node) -> bool:
    """Whether a loop may go into another round after `one`."""
    if _ends_open(body, one):
        return True
    return any(isinstance(part, ir.Jump) and part.kind == "continue" for part in walk(body))
