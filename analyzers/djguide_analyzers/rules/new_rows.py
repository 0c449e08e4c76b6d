"""Rows that were made a moment ago, so that nobody else can have anything to do with them yet."""

from __future__ import annotations

import re

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.context import Scope
from djguide_analyzers.rules.flow import enclosing
from djguide_analyzers.rules.nodes import alike
from djguide_analyzers.rules.write_units import is_new
from djguide_analyzers.trace.values import Row

_SAYS_NEW = re.compile(r"(^|_)(new|created|creating|creation|adding)($|_)")
_FOUND_OR_MADE = frozenset({"get_or_create", "update_or_create", "aget_or_create", "aupdate_or_create"})


def is_just_made(scope: Scope, code: Code, statements: list[ir.Stmt], node: ir.Expr, use: ir.Node) -> bool:
    """Whether the row that the variable `node` holds at `use` is new: made before, or tested to be so.

    `statements`, in the table `code`, are those of the function.
    """
    if not isinstance(node, ir.Name):
        return False
    if _is_copy(statements, node):
        return True
    value = scope.value(code, node)
    if isinstance(value, Row) and is_new(value) and _is_made_here(statements, node.id):
        return True
    return any(
        isinstance(statement, ir.If)
        and any(part is use for part in walk(statement.body))
        and _says_new(statement.test, node)
        for statement in enclosing(statements, use)
    )


def _is_copy(statements: list[ir.Stmt], node: ir.Name) -> bool:
    """Whether the function takes the row's key away, so that it is stored as another one."""
    return any(
        isinstance(target, ir.Attr) and target.name in ("pk", "id") and alike(target.value, node)
        for each in walk(statements)
        if isinstance(each, ir.Assign) and isinstance(each.value, ir.Const) and each.value.value is None
        for target in each.targets
    )


def _is_made_here(statements: list[ir.Stmt], name: str) -> bool:
    """Whether a function assigns nothing but new rows to a variable."""
    values = [
        node.value
        for node in walk(statements)
        if isinstance(node, ir.Assign)
        for target in node.targets
        if any(isinstance(part, ir.Name) and part.id == name for part in walk(target))
    ]
    return bool(values) and not any(
        isinstance(part, ir.Attr) and part.name in _FOUND_OR_MADE
        for value in values
        if value is not None
        for part in walk(value)
    )


def _says_new(test: ir.Expr, row: ir.Name) -> bool:
    """Whether a test is true for new rows only: ``is_new``, ``created``, ``not row.pk``, ``row._state.adding``."""
    match test:
        case ir.Name(id=name):
            return bool(_SAYS_NEW.search(name))
        case ir.Attr(value=ir.Attr(value=owner, name="_state"), name="adding"):
            return alike(owner, row)
        case ir.Unary(op="not", operand=ir.Attr(value=owner, name="pk" | "id")):
            return alike(owner, row)
        case ir.Compare(
            left=ir.Attr(value=owner, name="pk" | "id"), ops=["is"], rights=[ir.Const(value=None)]
        ):
            return alike(owner, row)
        case ir.Bool(op="and", values=values):
            return any(_says_new(value, row) for value in values)
        case _:
            return False
