"""Walking the intermediate form."""

from __future__ import annotations

from collections.abc import Iterator
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


_CHILDREN: dict[type, tuple[str, ...]] = {
    cls: _child_fields(cls) for cls in vars(ir).values() if isinstance(cls, type) and issubclass(cls, Struct)
}


def walk(node: Any) -> Iterator[ir.Node]:
    """`node` (a node, or a list of nodes) and everything below it, in source order.

    Bodies of functions are tables of their own and not entered; lambdas and class bodies are.
    """
    stack: list[Any] = [node]
    pop, push = stack.pop, stack.append
    children, base, containers = _CHILDREN, ir.Node, list
    while stack:
        current = pop()
        if current is None:
            continue
        if type(current) is containers:
            stack += reversed(current)
            continue
        if isinstance(current, base):
            yield current
        for name in reversed(children[type(current)]):
            push(getattr(current, name))


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
