"""Executing statements abstractly. Each executor returns whether control can go on behind the statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.trace import (
    annotations,
    attributes,
    branches,
    calls,
    iteration,
    memoisation,
    narrowing,
    storing,
)
from djguide_analyzers.trace import evaluate as expressions
from djguide_analyzers.trace.decorators import keeps_calls
from djguide_analyzers.trace.events import Loop, TransactionBoundary
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.values import (
    UNKNOWN,
    AbstractValue,
    Assumed,
    AtomicValue,
    ClassValue,
    Constant,
    FunctionValue,
    QuerySetValue,
    Scalar,
    Sequence,
    Unknown,
)

MAX_ROUNDS = 30
"""Rounds of a loop over things that the code spells out, up to which each is followed by itself."""


def execute(frame: Frame, statements: list[ir.Stmt]) -> bool:
    """Execute a block."""
    loops = frame.loops
    if loops and (ending := _ending(statements)) is not None:
        frame.loops = _ended(frame, ending)
    try:
        for number, node in enumerate(statements):
            if (
                number
                and isinstance(node, ir.If)
                and memoisation.looked_into(statements[number - 1], node.test)
            ):
                frame.missed.add(node.at)
            if not _EXECUTORS[type(node)](frame, node):
                return False
        return True
    finally:
        frame.loops = loops


def _ending(statements: list[ir.Stmt]) -> ir.Stmt | None:
    """The statement with which a block leaves the loop it stands in, when it always does."""
    last = statements[-1] if statements else None
    leaves = isinstance(last, (ir.Return, ir.Raise)) or (isinstance(last, ir.Jump) and last.kind == "break")
    return last if leaves and not _continues(statements) else None


def _ended(frame: Frame, ending: ir.Stmt) -> tuple[Loop, ...]:
    """The running loops, those that `ending` leaves marked as in their last round: this one is the only one."""
    own = [number for number, loop in enumerate(frame.loops) if loop.depth == len(frame.stack)]
    left = own[-1:] if isinstance(ending, ir.Jump) else own
    return tuple(replace(loop, once=True) if n in left else loop for n, loop in enumerate(frame.loops))


def assign(frame: Frame, target: ir.Expr, value: AbstractValue) -> None:
    """Bind `target` to `value`."""
    match target:
        case ir.Name(id=name):
            frame.bind(name, value)
        case ir.Display(items=items):
            parts = _unpack(frame, target, value, len(items))
            for item, part in zip(items, parts, strict=True):
                if isinstance(item, ir.Star):
                    rest = value.element if isinstance(value, Sequence) else part
                    assign(frame, item.value, Sequence(rest))
                else:
                    assign(frame, item, part)
        case ir.Attr():
            attributes.set_attribute(frame, target, expressions.evaluate(frame, target.value), value)
        case ir.Subscript(value=base, index=index):
            expressions.evaluate(frame, base)
            storing.store_item(frame, base, expressions.evaluate(frame, index), value)
        case ir.Star(value=inner):
            assign(frame, inner, value)
        case _:
            expressions.evaluate(frame, target)


def _unpack(frame: Frame, target: ir.Expr, value: AbstractValue, count: int) -> list[AbstractValue]:
    if isinstance(value, QuerySetValue):
        element, _ = iteration.iterate(frame, value, target, target.at)
        value = Sequence(element)
    if isinstance(value, Sequence):
        if value.items is not None and len(value.items) == count:
            return list(value.items)
        return [value.element] * count
    return [UNKNOWN] * count


def _expr_stmt(frame: Frame, node: ir.ExprStmt) -> bool:
    expressions.evaluate(frame, node.value)
    return True


def _assign(frame: Frame, node: ir.Assign) -> bool:
    value = UNKNOWN if node.value is None else expressions.evaluate(frame, node.value)
    if value is UNKNOWN and node.annotation is not None:
        value = annotations.annotated(frame, node.annotation, frame.code)
    if node.value is None and value is UNKNOWN:
        return True
    for target in node.targets:
        assign(frame, target, value)
    return True


def _aug_assign(frame: Frame, node: ir.AugAssign) -> bool:
    binary = ir.Binary(node.at, node.target, node.op, node.value)
    value = expressions.evaluate(frame, binary)
    added = frame.value_at(node.value)
    if value is UNKNOWN and node.op == "+" and isinstance(added, QuerySetValue):  # a list takes any iterable
        element, _ = iteration.iterate(frame, added, node.value, node.at)
        value = Sequence(element)
    if isinstance(node.target, ir.Name):
        frame.env[node.target.id] = value
    return True


def _return(frame: Frame, node: ir.Return) -> bool:
    frame.returns.append(Constant(None) if node.value is None else expressions.evaluate(frame, node.value))
    return False


def _raise(frame: Frame, node: ir.Raise) -> bool:
    for part in (node.exc, node.cause):
        if part is not None:
            expressions.evaluate(frame, part)
    return False


def _delete(frame: Frame, node: ir.Delete) -> bool:
    for target in node.targets:
        if isinstance(target, ir.Name):
            frame.env[target.id] = UNKNOWN
        elif isinstance(target, (ir.Attr, ir.Subscript)):
            expressions.evaluate(frame, target.value)
    return True


def _assert(frame: Frame, node: ir.Assert) -> bool:
    expressions.evaluate_test(frame, node.test)
    if node.message is not None:
        expressions.evaluate(frame, node.message)
    return True


def _if(frame: Frame, node: ir.If) -> bool:
    test = expressions.evaluate_test(frame, node.test)
    if isinstance(test, Assumed):
        return execute(frame, node.body if test.value else node.orelse)
    if (holds := branches.taken(frame, node.test)) is not None:
        return execute(frame, node.body if holds else node.orelse)
    before, memoised = dict(frame.env), frame.memoised
    once = memoisation.read_once_per_key(frame, node.test)
    frame.run.once |= once
    remembered = memoisation.tested(node.test) or memoisation.not_handed_in(frame, node.test)
    if remembered is None and node.at in frame.missed:
        remembered = "missing"
    frame.memoised = memoised or remembered == "missing"
    frame.env |= narrowing.narrowed(frame, node.test, holds=True)
    body_goes_on = execute(frame, node.body)
    frame.run.once -= once
    after_body, frame.env = frame.env, before
    frame.env |= narrowing.narrowed(frame, node.test, holds=False)
    frame.memoised = memoised or remembered == "there"
    else_goes_on = execute(frame, node.orelse)
    # Behind a branch that returns what is remembered, the rest runs only when nothing is.
    frame.memoised = memoised or (remembered == "there" and not body_goes_on)
    if body_goes_on and else_goes_on:
        narrowing.exchanged(frame, node.test, after_body, frame.env)
        frame.join_env(after_body, frame.env)
    elif body_goes_on:
        frame.env = after_body
    return body_goes_on or else_goes_on


def _for(frame: Frame, node: ir.For) -> bool:
    iterated = expressions.evaluate(frame, node.iter)
    element, loop = iteration.iterate(frame, iterated, node.iter, node.at, once=_ends_at_once(node.body))
    return _loop(frame, node, _rounds(iterated, element), loop)


def _rounds(iterated: AbstractValue, element: AbstractValue) -> list[AbstractValue]:
    """What the rounds of a loop are about: `element` for all, or each of a few things of different kinds."""
    if not isinstance(iterated, Sequence) or iterated.items is None:
        return [element]
    mixed = element is UNKNOWN or (isinstance(element, Sequence) and element.items is None)
    telling = mixed and any(map(_tells, iterated.items))
    return list(iterated.items) if telling and len(iterated.items) <= MAX_ROUNDS else [element]


def _tells(item: AbstractValue) -> bool:
    """Whether anything is known of what stands for a thing itself, and not of its members alone."""
    if isinstance(item, Sequence) and item.items is not None:
        return any(map(_tells, item.items))
    return not isinstance(item, (Unknown, Scalar, Constant))


def _while(frame: Frame, node: ir.While) -> bool:
    expressions.evaluate_test(frame, node.test)
    loop = iteration.plain_loop(frame, node.at)
    endless = isinstance(node.test, ir.Const) and bool(node.test.value)
    goes_on = _loop(frame, node, [UNKNOWN], loop)
    return goes_on if not endless else True


def _loop(frame: Frame, node: ir.For | ir.While, rounds: list[AbstractValue], loop: Loop) -> bool:
    """Execute the body of a loop: once for all rounds, or once for each of a few."""
    before, memoised = dict(frame.env), frame.memoised
    frame.loops = (*frame.loops, loop)
    for element in rounds:
        frame.exits.append([])
        if isinstance(node, ir.For):
            assign(frame, node.target, element)
        goes_on = execute(frame, node.body)
        ends = frame.exits.pop()
        if goes_on:
            ends.append(frame.env)
        frame.join_env(before, *ends)
        before = dict(frame.env)
    frame.loops = frame.loops[:-1]
    if not any(isinstance(part, ir.Return) for part in walk(node.body)):
        frame.memoised = memoised  # a round that passes by what is remembered passes by no more than itself
    execute(frame, node.orelse)
    return True


def _ends_at_once(body: list[ir.Stmt]) -> bool:
    """Whether the first round is always the last."""
    return _ending(body) is not None


def _continues(body: list[ir.Stmt]) -> bool:
    for node in body:
        match node:
            case ir.Jump(kind="continue"):
                return True
            case ir.If(body=inner, orelse=orelse):
                if _continues(inner) or _continues(orelse):
                    return True
            case ir.With(body=inner):
                if _continues(inner):
                    return True
            case ir.Try():
                if any(_continues(b) for b in (node.body, node.orelse, node.final)):
                    return True
                if any(_continues(h.body) for h in node.handlers):
                    return True
            case _:
                pass
    return False


def _with(frame: Frame, node: ir.With) -> bool:
    opened = 0
    for item in node.items:
        context = expressions.evaluate(frame, item.context)
        if isinstance(context, AtomicValue):
            frame.emit(TransactionBoundary(frame.site(item.context), frame.context, True, context.using))
            frame.transactions = (*frame.transactions, context.using)
            opened += 1
        if item.target is not None:
            # A generator is what a context manager made by ``contextlib.contextmanager`` comes from.
            assign(frame, item.target, context.element if isinstance(context, Sequence) else UNKNOWN)
    goes_on = execute(frame, node.body)
    for _ in range(opened):
        using = frame.transactions[-1]
        frame.transactions = frame.transactions[:-1]
        frame.emit(TransactionBoundary(frame.site(node), frame.context, False, using))
    return goes_on


def _try(frame: Frame, node: ir.Try) -> bool:
    before = dict(frame.env)
    goes_on = execute(frame, node.body)
    after_body, memoised = frame.env, frame.memoised
    if goes_on:
        goes_on = execute(frame, node.orelse)
    ends = [frame.env] if goes_on else []
    remembered = memoisation.looked_up(node.body)
    for handler in node.handlers:
        frame.memoised = True  # what a handler does is not done in every round
        frame.join_env(before, after_body)
        if handler.type is not None:
            expressions.evaluate(frame, handler.type)
        if handler.name:
            frame.env[handler.name] = UNKNOWN
        if execute(frame, handler.body):
            ends.append(frame.env)
    # Behind a lookup that returned what it found, the rest runs only when it found nothing.
    frame.memoised = memoised or (remembered and not goes_on)
    if ends:
        frame.join_env(*ends)
    else:
        frame.join_env(before, after_body)
    return execute(frame, node.final) and bool(ends)


def _match(frame: Frame, node: ir.Match) -> bool:
    expressions.evaluate(frame, node.subject)
    before = dict(frame.env)
    ends = [before]
    for case in node.cases:
        frame.env = dict(before)
        frame.forget(case.names)
        if case.guard is not None:
            expressions.evaluate_test(frame, case.guard)
        if execute(frame, case.body):
            ends.append(frame.env)
    frame.join_env(*ends)
    return True


def _import(frame: Frame, node: ir.Import | ir.ImportFrom) -> bool:
    for name, value in expressions.resolve_import(frame, node):
        frame.env[name] = value
    return True


def _function(frame: Frame, node: ir.FunctionDef) -> bool:
    info = _defined(frame, node)
    for decorator in node.decorators:
        expressions.evaluate(frame, decorator)
    value = FunctionValue(info, frame)
    frame.env[node.name] = value if not node.decorators or keeps_calls(frame.project, info) else UNKNOWN
    calls.explore(frame, value)
    return True


def _defined(frame: Frame, node: ir.FunctionDef) -> FunctionInfo:
    if frame.function is None:
        return FunctionInfo(node, frame.code, frame.owner)
    known = (info for info in frame.function.nested if info.node is node)
    return next(known, None) or FunctionInfo(node, frame.code, None, frame.function)


def _class(frame: Frame, node: ir.ClassDef) -> bool:
    frame.env[node.name] = ClassValue(ClassInfo(node, frame.code))
    return True


def _jump(frame: Frame, node: ir.Jump) -> bool:
    if node.kind == "pass":
        return True
    if frame.exits:
        frame.exits[-1].append(dict(frame.env))
    return False


def _scope(frame: Frame, node: ir.Scope) -> bool:
    frame.forget(node.names)
    return True


_EXECUTORS: dict[type, Callable[[Frame, Any], bool]] = {
    ir.ExprStmt: _expr_stmt,
    ir.Assign: _assign,
    ir.AugAssign: _aug_assign,
    ir.Return: _return,
    ir.Raise: _raise,
    ir.Delete: _delete,
    ir.Assert: _assert,
    ir.If: _if,
    ir.For: _for,
    ir.While: _while,
    ir.With: _with,
    ir.Try: _try,
    ir.Match: _match,
    ir.Import: _import,
    ir.ImportFrom: _import,
    ir.FunctionDef: _function,
    ir.ClassDef: _class,
    ir.Jump: _jump,
    ir.Scope: _scope,
}
