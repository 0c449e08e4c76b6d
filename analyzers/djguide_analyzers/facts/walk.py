"""Walking the intermediate form."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from operator import attrgetter
from typing import Any, get_args, get_type_hints

from msgspec import Struct

from djguide_analyzers.facts import ir


def _child_fields(cls: type[Struct]) -> tuple[str, ...]:
    """Names of the fields that can hold nodes, in order."""
    hints = get_type_hints(cls, dict(vars(ir)))
    return tuple(name for name in cls.__struct_fields__ if _holds_nodes(hints[name]))


def _holds_nodes(hint: Any) -> bool:
    inner = get_args(hint)
    if inner:
        return any(_holds_nodes(part) for part in inner)
    return isinstance(hint, type) and issubclass(hint, Struct)


_KINDS: dict[type, tuple[bool, tuple[str, ...]]] = {
    cls: (issubclass(cls, ir.Node), _child_fields(cls)[::-1])
    for cls in vars(ir).values()
    if isinstance(cls, type) and issubclass(cls, Struct)
}
"""Whether a class is one of nodes, and its fields that can hold nodes, last first: the stack turns them round."""


class Statements(list[ir.Stmt]):
    """The statements of a function, which must stay as they are: many walk through them, so what is below them is
    looked for once.
    """

    __slots__ = ("_nodes",)

    def nodes(self) -> list[ir.Node]:
        """Everything in them, in source order."""
        try:
            return self._nodes
        except AttributeError:
            self._nodes = list(_walk(list(self)))
            return self._nodes


def walk(node: Any) -> Iterator[ir.Node]:
    """`node` (a node, or a list of nodes) and everything below it, in source order.

    Bodies of functions are tables of their own and not entered; lambdas and class bodies are.
    """
    return iter(node.nodes()) if type(node) is Statements else _walk(node)


def _walk(node: Any) -> Iterator[ir.Node]:
    stack: list[Any] = [node]
    pop, push, kinds = stack.pop, stack.append, _KINDS
    while stack:
        current = pop()
        if type(current) is list:
            stack += current[::-1]
            continue
        if current is None:
            continue
        is_node, fields = kinds[type(current)]
        if is_node:
            yield current
        for name in fields:
            below = getattr(current, name)
            if below:  # neither None nor an empty list; nodes are always true
                push(below)


def contains(node: Any, part: ir.Node) -> bool:
    """Whether `part` is `node` (a node, or a list of nodes) or stands below it, in the same table.

    Nodes are numbered from the outside in, and what stands below one has the numbers that follow its own: so there
    is just one way down.
    """
    current, at = node, part.at
    while current is not None and current is not part:
        current = _nearest(current, at)
    return current is not None


def number_of(block: list[ir.Stmt], part: ir.Node) -> int | None:
    """The number of the statement of `block` that `part` is or stands below; None when it stands elsewhere."""
    number = bisect_right(block, part.at, key=attrgetter("at")) - 1
    return number if number >= 0 and contains(block[number], part) else None


def _nearest(node: Any, at: int) -> ir.Node | None:
    """The part directly below `node` that has the number `at` below it, if any part has."""
    best: ir.Node | None = None
    if isinstance(node, list):
        stack: list[Any] = list(node)
    else:
        stack = [below for name in _KINDS[type(node)][1] if (below := getattr(node, name))]
    while stack:
        current = stack.pop()
        if type(current) is list:
            stack += current
        elif current is None:
            continue
        elif not _KINDS[type(current)][0]:
            stack += [below for name in _KINDS[type(current)][1] if (below := getattr(current, name))]
        elif current.at <= at and (best is None or current.at > best.at):
            best = current
    return best


def tests(node: ir.Node) -> Iterator[ir.Expr]:
    """Expressions directly in `node` of which only the truth matters."""
    match node:
        case ir.If(test=test) | ir.While(test=test) | ir.IfExp(test=test) | ir.Assert(test=test):
            yield from truths(test)
        case ir.Unary(op="not", operand=operand):
            yield from truths(operand)
        case ir.Clause(ifs=ifs):
            for test in ifs:
                yield from truths(test)
        case ir.Call(func=ir.Name(id="bool"), args=[argument], keywords=[]):
            yield from truths(argument)


def truths(node: ir.Expr) -> Iterator[ir.Expr]:
    """The operands that decide the truth of a tested expression."""
    if isinstance(node, ir.Bool):
        for value in node.values:
            yield from truths(value)
    elif not (isinstance(node, ir.Unary) and node.op == "not"):
        yield node
