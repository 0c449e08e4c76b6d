"""Under which conditions a chain of calls comes to what it does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.rules.flow import enclosing
from djguide_analyzers.rules.nodes import alike, block_of, statement_of
from djguide_analyzers.trace.events import CallSite
from djguide_analyzers.trace.values import Site

_KINDS = 5
"""Kinds from which on the rows of one of them are few among all."""

_DEFAULTS = re.compile(r"(^|_)(default|fallback)($|_)")


def conditional_steps(calls: tuple[CallSite, ...], end: Site) -> int:
    """How many of the functions that `calls` enter, up to `end`, go on only under a condition."""
    return sum(is_conditional(statements, at) for statements, at in _steps(calls, end))


def is_default(calls: tuple[CallSite, ...], end: Site) -> bool:
    """Whether one of the functions that `calls` enter, up to `end`, goes on only for want of something else.

    So is what a lambda does that is handed over as a ``default=`` or ``fallback=``.
    """
    return any(
        isinstance(node, ir.Call)
        and any(
            isinstance(keyword.value, ir.Lambda)
            and _DEFAULTS.search(keyword.name or "")
            and _has(keyword.value, at)
            for keyword in node.keywords
        )
        for statements, at in _steps(calls, end)
        for node in walk(statements)
    )


def is_of_one_kind(calls: tuple[CallSite, ...], end: Site) -> bool:
    """Whether one of the functions that `calls` enter, up to `end`, goes on only for one kind of several.

    Kinds are told by comparing one value: an ``if`` with several ``elif``, or a ``match``.
    """
    return any(_is_of_kind(statements, at) for statements, at in _steps(calls, end))


def _is_of_kind(block: list[ir.Stmt], at: int) -> bool:
    for node in walk(block):
        match node:
            case ir.If() if _number_of_kinds(node) >= _KINDS and not _has(
                [test for test, _ in _chain(node)], at
            ):
                if any(_has(body, at) for _, body in _chain(node)):
                    return True
            case ir.Match(cases=cases) if len(cases) >= _KINDS:
                if any(_has(case.body, at) for case in cases):
                    return True
            case _:
                pass
    return False


def _chain(node: ir.If) -> Iterator[tuple[ir.Expr, list[ir.Stmt]]]:
    """The tests of an ``if`` and its ``elif``, each with what it guards."""
    yield node.test, node.body
    match node.orelse:
        case [ir.If() as inner]:
            yield from _chain(inner)
        case _:
            pass


def _number_of_kinds(node: ir.If) -> int:
    """How many tests of a chain compare what the first one compares."""
    subject = _compared(node.test)
    if subject is None:
        return 0
    others = (_compared(test) for test, _ in _chain(node))
    return sum(other is not None and alike(other, subject) for other in others)


def _compared(test: ir.Expr) -> ir.Expr | None:
    """What a test compares with a value to tell its kind, whatever else it asks."""
    match test:
        case ir.Compare(left=ir.Attr() as left, ops=["==" | "in"]):
            return left
        case ir.Bool(op="and", values=[first, *_]):
            return _compared(first)
    return None


def is_of_error(calls: tuple[CallSite, ...], end: Site) -> bool:
    """Whether one of the functions that `calls` enter, up to `end`, goes on only to raise: it words a message."""
    return any(raises_behind(statements, at) for statements, at in _steps(calls, end))


def raises_behind(block: list[ir.Stmt], at: int) -> bool:
    """Whether the statement of the node `at` of `block` leads to nothing but a ``raise``."""
    read = next((node for node in walk(block) if node.at == at), None)
    own = statement_of(block, read) if read is not None else None
    found = block_of(block, own) if own is not None else None
    rest = found[0][found[1] :] if found is not None else []
    return bool(rest) and isinstance(rest[-1], ir.Raise) and all(map(_is_plain, rest[:-1]))


def _is_plain(node: ir.Stmt) -> bool:
    return isinstance(node, (ir.Assign, ir.AugAssign, ir.ExprStmt))


def _steps(calls: tuple[CallSite, ...], end: Site) -> Iterator[tuple[list[ir.Stmt], int]]:
    """The statements of each function entered, and the node in them that leads on."""
    steps = [*((call.site, call.callee) for call in calls), (end, None)]
    for (_, callee), (site, _) in pairwise(steps):
        if callee is not None and site.code == callee.body_code:
            yield callee.statements, site.at


def is_conditional(block: list[ir.Stmt], at: int) -> bool:
    """Whether the node `at` of `block` is come to only under a condition.

    What is raised, and loops that may have no rounds, count as none.
    """
    left_before = False
    for node in block:
        if _has(node, at):
            return left_before or _is_conditional_in(node, at)
        left_before |= isinstance(node, ir.If) and (_leaves(node.body) or _leaves(node.orelse))
    return False


def is_passed_by(block: list[ir.Stmt], at: int, known: frozenset[str], *, early: bool = True) -> bool:
    """Whether the attribute at `at` is only read where one of the relations `known` of the same row is missing.

    So is the second one of ``self.category or self.project``, for the products of a category. With `early`, what
    comes behind a branch that leaves counts as well.
    """
    read = next((node for node in walk(block) if node.at == at), None)
    own = statement_of(block, read) if isinstance(read, ir.Attr) else None
    if not isinstance(read, ir.Attr) or own is None:
        return False

    def is_there(test: ir.Expr) -> bool:
        match test:
            case ir.Compare(left=left, ops=["is not"], rights=[ir.Const(value=None)]):
                return is_there(left)
            case ir.Attr(value=value, name=name):
                return name in known and alike(value, read.value)
        return False

    for node in walk(own):
        match node:
            case ir.Bool(op="or", values=values):
                if any(map(is_there, values[: _number_of(values, at)])):
                    return True
            case ir.IfExp(test=test, orelse=orelse) if _has(orelse, at) and is_there(test):
                return True
    for statement in [*enclosing(block, read), own]:
        if isinstance(statement, ir.If) and _has(statement.orelse, at) and is_there(statement.test):
            return True
        found = block_of(block, statement) if early else None
        for earlier in found[0][: found[1]] if found is not None else ():
            if isinstance(earlier, ir.If) and is_there(earlier.test) and _ends(earlier.body):
                return True
    return False


def is_fallback(block: list[ir.Stmt], at: int, loop: int, optional: frozenset[str]) -> bool:
    """Whether the node `at`, in the loop at node `loop`, is only come to for want of what could be handed in.

    That is a mapping for all rounds, one of the parameters `optional`, or an object where a key is given instead.
    """
    around = next((node for node in walk(block) if node.at == loop), None)
    if not isinstance(around, ir.For):
        return False
    for node in walk(around.body):
        if isinstance(node, ir.If):
            there, lacking = node.body, node.orelse
            test = node.test
            if isinstance(test, ir.Unary) and test.op == "not":
                there, lacking, test = lacking, there, test.operand
            elif isinstance(test, ir.Compare) and test.ops == ["is"]:
                there, lacking = lacking, there
            if _has(lacking, at) and _is_there(test, there, optional):
                return True
    return False


def _is_there(test: ir.Expr, block: list[ir.Stmt], optional: frozenset[str]) -> bool:
    """Whether `test` asks for an object, or for a parameter that `block` looks into."""
    match test:
        case ir.Call(func=ir.Name(id="isinstance"), args=[ir.Name(), _]):
            return True
        case (
            ir.Name(id=name)
            | ir.Compare(left=ir.Name(id=name), ops=["is" | "is not"], rights=[ir.Const(value=None)])
        ):
            return name in optional and any(_looks_into(node, name) for node in walk(block))
    return False


def _looks_into(node: ir.Node, name: str) -> bool:
    match node:
        case (
            ir.Subscript(value=ir.Name(id=found)) | ir.Call(func=ir.Attr(value=ir.Name(id=found), name="get"))
        ):
            return found == name
        case ir.Compare(ops=["in" | "not in"], rights=[ir.Name(id=found)]):
            return found == name
    return False


def _number_of(values: list[ir.Expr], at: int) -> int:
    """Which of `values` holds the node; 0 when none does."""
    return next((number for number, value in enumerate(values) if _has(value, at)), 0)


def _is_conditional_in(node: ir.Stmt, at: int) -> bool:
    match node:
        case ir.If(test=test):
            return not _has(test, at) or _is_conditional_part(test, at)
        case ir.Match(subject=subject):
            return not _has(subject, at)
        case ir.Try(body=body, orelse=orelse, final=final):
            return not any(_has(each, at) for each in (body, orelse, final)) or any(
                is_conditional(each, at) for each in (body, orelse, final)
            )
        case ir.For(body=body) | ir.While(body=body) | ir.With(body=body) if _has(body, at):
            return is_conditional(body, at)
    return _is_conditional_part(node, at)


def _is_conditional_part(whole: ir.Node, at: int) -> bool:
    """Whether the node is a part of an expression in `whole` that another part of it may leave out."""
    for node in walk(whole):
        match node:
            case ir.Bool(values=[_, *rest]) if _has(rest, at):
                return True
            case ir.IfExp(body=body, orelse=orelse) if _has([body, orelse], at):
                return True
    return False


def _has(where: ir.Node | Iterable[ir.Node], at: int) -> bool:
    return any(node.at == at for node in walk(where))


def _leaves(block: list[ir.Stmt]) -> bool:
    return bool(block) and isinstance(block[-1], (ir.Return, ir.Jump))


def _ends(block: list[ir.Stmt]) -> bool:
    return bool(block) and isinstance(block[-1], (ir.Return, ir.Raise, ir.Jump))
