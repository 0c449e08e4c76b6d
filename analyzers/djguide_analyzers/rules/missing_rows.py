"""Branches that run only when a row was looked for and not found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import contains, walk
from djguide_analyzers.rules.context import Scope
from djguide_analyzers.rules.guards import falls_through
from djguide_analyzers.rules.nodes import block_of
from djguide_analyzers.rules.queryset_calls import QuerySetCall, queryset_calls

How = Literal["tested", "caught"]
_LOOKS = ("exists", "first", "last", "count", "filter", "update")
_NOTHING_ABOVE = {"==": 0, "<": 1, "<=": 0}
_SOMETHING = {"!=": 0, ">": 0, ">=": 1}
_CAUGHT = frozenset({"DoesNotExist", "ObjectDoesNotExist"})


@dataclass(frozen=True, slots=True)
class Missing:
    """What runs when the row that `call` looks for is not there.

    `statement` is the ``if`` or ``try`` that tells, `blocks` what runs then.
    """

    call: QuerySetCall
    how: How
    statement: ir.If | ir.Try
    blocks: tuple[list[ir.Stmt], ...]


def missing_rows(scope: Scope) -> Iterator[Missing]:
    """The look-ups of a function whose failing leads to code of its own."""
    for statements, code in scope.blocks:
        for call in queryset_calls(scope, *_LOOKS):
            if call.code == code:
                yield from _tested(statements, call)
        for call in queryset_calls(scope, "get"):
            if call.code == code:
                yield from _caught(statements, call)


def _tested(statements: list[ir.Stmt], call: QuerySetCall) -> Iterator[Missing]:
    name = _variable(statements, call.node)
    for node in walk(statements):
        if not isinstance(node, ir.If):
            continue
        blocks: list[list[ir.Stmt]] = []
        for block, other, truth in ((node.body, node.orelse, True), (node.orelse, node.body, False)):
            if implies_missing(node.test, call.node, name, truth=truth):
                blocks.append(block)
                if not falls_through(other):
                    blocks.append(_rest(statements, node))
        if any(blocks):
            yield Missing(call, "tested", node, tuple(blocks))


def _rest(statements: list[ir.Stmt], node: ir.Stmt) -> list[ir.Stmt]:
    """What stands behind a statement in its block."""
    found = block_of(statements, node)
    return found[0][found[1] + 1 :] if found is not None else []


def _variable(statements: list[ir.Stmt], call: ir.Call) -> str | None:
    """The variable that holds the result of a look-up, if it is bound once before it is tested."""
    for node in walk(statements):
        match node:
            case ir.Assign(targets=[ir.Name(id=name)], value=value) if _is(value, call):
                return name
            case ir.Walrus(target=name, value=value) if _is(value, call):
                return name
            case _:
                pass
    return None


def _is(value: ir.Expr | None, call: ir.Call) -> bool:
    return value is call or (isinstance(value, ir.Await) and value.value is call)


def implies_missing(test: ir.Expr, call: ir.Call, name: str | None, *, truth: bool) -> bool:
    """Whether nothing was found, if `test` has this truth."""
    match test:
        case ir.Unary(op="not", operand=operand):
            return implies_missing(operand, call, name, truth=not truth)
        case ir.Bool(op=op, values=values):
            answers = [implies_missing(value, call, name, truth=truth) for value in values]
            return any(answers) if (op == "and") == truth else all(answers)
        case ir.Compare(left=left, ops=[op], rights=[ir.Const(value=value)]) if _holds(left, call, name):
            if value is None or value is False:
                return op in ("is", "==") if truth else op in ("is not", "!=")
            wanted = _NOTHING_ABOVE if truth else _SOMETHING
            return type(value) is int and wanted.get(op) == value
        case _:
            return _holds(test, call, name) and not truth


def _holds(node: ir.Expr, call: ir.Call, name: str | None) -> bool:
    if isinstance(node, ir.Walrus):
        return _is(node.value, call)
    return _is(node, call) or (isinstance(node, ir.Name) and node.id == name)


def _caught(statements: list[ir.Stmt], call: QuerySetCall) -> Iterator[Missing]:
    """``try: Model.objects.get(...)  except Model.DoesNotExist:`` and what is behind a handler that sets None."""
    for node in walk(statements):
        if not isinstance(node, ir.Try) or not contains(node.body, call.node):
            continue
        blocks = [handler.body for handler in node.handlers if _catches(handler)]
        if not blocks:
            continue
        name = _variable(statements, call.node)
        for later in _rest(statements, node) if name is not None else ():
            if isinstance(later, ir.If) and implies_missing(later.test, call.node, name, truth=True):
                blocks.append(later.body)
        if all(not falls_through(block) for block in (node.body, node.orelse) if block):
            blocks.append(_rest(statements, node))
        yield Missing(call, "caught", node, tuple(blocks))


def _catches(handler: ir.Handler) -> bool:
    """Whether a handler is for rows that are not there."""
    if handler.type is None:
        return False
    return any(
        (part.id if isinstance(part, ir.Name) else getattr(part, "name", "")) in _CAUGHT
        for part in walk(handler.type)
    )
