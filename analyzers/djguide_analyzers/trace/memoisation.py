"""Code that looks up what it remembers, or was given, before it asks the database.

A query in such code runs once per remembered thing, not once per row of the loop that calls it. Only the shapes are
known here: a test whether something is remembered, a lookup whose failure is handled, and an optional argument that
saves a function from asking by itself.
"""

from __future__ import annotations

from typing import Literal

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.values import NONE, ObjectKey, Row

_LOOKUP_ERRORS = frozenset({"KeyError", "AttributeError", "LookupError", "IndexError"})


def tested(test: ir.Expr) -> Literal["missing", "there"] | None:
    """Whether `test` is true only when something is not remembered (missing), or only when it is (there)."""
    match test:
        case ir.Unary(op="not", operand=operand):
            inner = tested(operand)
            return {"missing": "there", "there": "missing", None: None}[inner]
        case ir.Bool(values=values):
            return next((found for value in values if (found := tested(value))), None)
        case ir.Compare(left=left, ops=[op], rights=[right]):
            return _compared(left, op, right)
        case ir.Call(func=ir.Name(id="hasattr"), args=[_, ir.Const(value=str() as name)]):
            return "there" if _is_store(name) else None
        case ir.Name(id=name) | ir.Attr(name=name):
            return "there" if "cache" in name.lower() or "memo" in name.lower() else None
    return None


def looked_into(before: ir.Stmt, test: ir.Expr) -> bool:
    """Whether `test` asks if the statement `before` has found nothing where it looked: ``x = known.get(key)``."""
    match before, test:
        case (
            ir.Assign(targets=[ir.Name(id=name)], value=value),
            ir.Compare(left=ir.Name(id=tested), ops=["is"], rights=[ir.Const(value=None)])
            | ir.Unary(op="not", operand=ir.Name(id=tested)),
        ):
            return name == tested and value is not None and _looks(value)
    return False


def _looks(value: ir.Expr) -> bool:
    """Whether an expression only looks whether something is there, in one place or in several."""
    match value:
        case ir.Call(func=ir.Attr(name="get")) | ir.Call(func=ir.Name(id="getattr"), args=[_, _, _]):
            return True
        case ir.Bool(op="or", values=values):
            return all(map(_looks, values))
    return False


def not_handed_in(frame: Frame, test: ir.Expr) -> Literal["missing", "there"] | None:
    """Whether `test` asks if an optional parameter was left out, in a call that hands something over for it."""
    match test:
        case ir.Unary(op="not", operand=ir.Name(id=name)):
            found: Literal["missing", "there"] = "missing"
        case ir.Name(id=name):
            found = "there"
        case ir.Compare(left=ir.Name(id=name), ops=["is" | "is not" as op], rights=[ir.Const(value=None)]):
            found = "missing" if op == "is" else "there"
        case _:
            return None
    if frame.function is None or not frame.stack or frame.env.get(name) == NONE:
        return None  # nobody is seen who could hand it in, or who makes the call does not
    params = {param.name: param for param in frame.function.node.params.items}
    default = params[name].default if name in params else None
    return found if isinstance(default, ir.Const) and default.value is None else None


def _compared(left: ir.Expr, op: str, right: ir.Expr) -> Literal["missing", "there"] | None:
    if op in ("in", "not in") and isinstance(right, (ir.Name, ir.Attr)):
        name = right.id if isinstance(right, ir.Name) else right.name
        if (
            isinstance(right, ir.Attr)
            or _is_store(name)
            or isinstance(left, (ir.Attr, ir.Subscript, ir.Display))
        ):
            return "missing" if op == "not in" else "there"
    if op in ("==", "!=") and any(_is_previous(side) for side in (left, right)):
        return "missing" if op == "!=" else "there"
    if op in ("is", "is not") and isinstance(right, ir.Const) and right.value is None and _is_kept(left):
        return "missing" if op == "is" else "there"
    return None


def _is_previous(node: ir.Expr) -> bool:
    """Whether `node` is what an earlier round has left: code that acts when it changes acts once per group."""
    return isinstance(node, ir.Name) and node.id.lower().startswith(("prev", "last_", "old_", "current_"))


def _is_kept(node: ir.Expr) -> bool:
    """Whether `node` looks like what a function keeps between calls."""
    match node:
        case ir.Attr(name=name):
            return name.startswith("_") or _is_store(name)
        case ir.Name(id=name):
            return _is_store(name)
    return False


def _is_store(name: str) -> bool:
    lowered = name.lower()
    return any(word in lowered for word in ("cache", "memo", "seen", "known")) or name.startswith("_")


def looked_up(body: list[ir.Stmt]) -> bool:
    """Whether a ``try`` body looks something up: it ends in a subscript or an attribute of what is kept."""
    last = body[-1] if body else None
    value = last.value if isinstance(last, (ir.Return, ir.Assign)) else None
    return isinstance(value, (ir.Subscript, ir.Attr)) and not any(
        isinstance(part, ir.Call) for part in walk(value)
    )


def is_lookup_error(type_: ir.Expr | None) -> bool:
    """Whether a handler catches that nothing was found."""
    if type_ is None:
        return False
    return any(isinstance(part, ir.Name) and part.id in _LOOKUP_ERRORS for part in walk(type_))


def read_once_per_key(frame: Frame, test: ir.Expr) -> set[tuple[ObjectKey, str]]:
    """Relations whose key `test` compares with one seen before: ``row.author_id not in cache``, ``!= last_id``.

    What such a branch loads it loads once per related row, not once per row.
    """
    found: set[tuple[ObjectKey, str]] = set()
    for part in test.values if isinstance(test, ir.Bool) else [test]:
        if isinstance(part, ir.Compare) and part.ops[0] in ("!=", "not in"):
            for side in (part.left, part.rights[0]):
                row = frame.value_at(side.value) if isinstance(side, ir.Attr) else None
                model = frame.project.models.get(row.model) if isinstance(row, Row) else None
                field = model.field_of_attname(side.name) if model and isinstance(side, ir.Attr) else None
                if isinstance(row, Row) and field is not None and field.is_forward_one:
                    found.add((row.key, field.name))
    return found
