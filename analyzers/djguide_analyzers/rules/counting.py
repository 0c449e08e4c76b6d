"""Comparisons that ask of a number whether it is zero."""

from __future__ import annotations

from djguide_analyzers.facts import ir

_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
_ANY = {(">", 0), ("!=", 0), (">=", 1)}
_NONE = {("==", 0), ("<", 1), ("<=", 0)}


def compared_with_none(test: ir.Expr) -> tuple[ir.Expr, bool] | None:
    """The number that `test` asks about, and whether `test` is true when it is positive, or when it is zero.

    None for tests that ask something else. Numbers are taken not to be negative.
    """
    if not isinstance(test, ir.Compare) or len(test.ops) != 1:
        return None
    left, op, right = test.left, test.ops[0], test.rights[0]
    if isinstance(left, ir.Const):
        left, right, op = right, left, _MIRRORED.get(op, op)
    if not isinstance(right, ir.Const) or type(right.value) is not int:
        return None
    shape = (op, right.value)
    return (left, shape in _ANY) if shape in _ANY or shape in _NONE else None
