"""Under which conditions a statement runs, as far as its own function says."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import contains, walk

_ENDS = (ir.Return, ir.Raise)


def conditions(block: list[ir.Stmt], target: ir.Node) -> list[ir.Expr]:
    """Tests that decide whether `target` is reached: those around it, and those that end the function before."""
    found: list[ir.Expr] = []
    _search(block, target, found)
    return found


def _search(block: list[ir.Stmt], target: ir.Node, found: list[ir.Expr]) -> bool:
    for number, statement in enumerate(block):
        if not contains(statement, target):
            continue
        for earlier in block[:number]:
            if isinstance(earlier, ir.If) and (_leaves(earlier.body) or _leaves(earlier.orelse)):
                found.append(earlier.test)
        _inside(statement, target, found)
        return True
    return False


def _inside(statement: ir.Stmt, target: ir.Node, found: list[ir.Expr]) -> None:
    match statement:
        case ir.If(test=test, body=body, orelse=orelse) | ir.While(test=test, body=body, orelse=orelse):
            if contains(test, target):
                _expression(test, target, found)
            else:
                found.append(test)
                _first([body, orelse], target, found)
        case ir.For(body=body, orelse=orelse):
            _first([body, orelse], target, found)
        case ir.With(body=body):
            _search(body, target, found)
        case ir.Try(body=body, handlers=handlers, orelse=orelse, final=final):
            _first([body, *(handler.body for handler in handlers), orelse, final], target, found)
        case ir.Match(subject=subject, cases=cases):
            found.append(subject)
            _first([case.body for case in cases], target, found)
        case _:
            _expression(statement, target, found)


def _first(blocks: list[list[ir.Stmt]], target: ir.Node, found: list[ir.Expr]) -> None:
    for block in blocks:
        if _search(block, target, found):
            return


def _expression(node: ir.Node, target: ir.Node, found: list[ir.Expr]) -> None:
    """Operands of ``and``, ``or`` and conditional expressions that are looked at before `target`."""
    for part in walk(node):
        if isinstance(part, ir.Bool):
            for number, value in enumerate(part.values):
                if number and contains(value, target):
                    found += part.values[:number]
        elif isinstance(part, ir.IfExp) and not contains(part.test, target) and contains(part, target):
            found.append(part.test)


def _leaves(block: list[ir.Stmt]) -> bool:
    return bool(block) and isinstance(block[-1], (*_ENDS, ir.Jump))


def falls_through(block: list[ir.Stmt]) -> bool:
    """Whether the end of a function's body, or of a block of it, may be reached."""
    return not block or _may_end(block[-1])


def _may_end(node: ir.Stmt) -> bool:
    match node:
        case ir.Return() | ir.Raise() | ir.Jump(kind="break" | "continue"):
            return False
        case ir.If(body=body, orelse=orelse):
            return falls_through(body) or falls_through(orelse)
        case ir.With(body=body):
            return falls_through(body)
        case ir.Try(body=body, handlers=handlers, orelse=orelse, final=final):
            if final and not falls_through(final):
                return False
            normal = falls_through(body) and (not orelse or falls_through(orelse))
            return normal or any(falls_through(handler.body) for handler in handlers)
        case ir.While(test=ir.Const(value=value), body=body) if value:
            return any(isinstance(part, ir.Jump) and part.kind == "break" for part in walk(body))
        case ir.Match(cases=cases):
            return any(falls_through(case.body) for case in cases) or all(
                case.guard or case.names for case in cases
            )
    return True
