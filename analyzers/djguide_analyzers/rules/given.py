"""Branches that a call does not take because of what its caller has just set, or of what it does not hand over.

``order.status = Order.CANCELLED`` decides a test of ``self.status`` in a method of the order that is called next.
"""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.rules.flow import enclosing
from djguide_analyzers.rules.nodes import alike, block_of, statement_of
from djguide_analyzers.trace.events import CallSite
from djguide_analyzers.trace.values import Site

_Known = list[tuple[ir.Expr, ir.Expr]]
"""What expressions of a function are at its start, as constants."""


def is_ruled_out(code: Code, statements: list[ir.Stmt], calls: tuple[CallSite, ...], end: Site) -> bool:
    """Whether one of `calls` never comes to the next, or to `end`; the first is in `statements`, of table `code`.

    What functions that are called in between may change is left out of account.
    """
    for call, site in zip(calls, [*(step.site for step in calls), end][1:], strict=True):
        callee = call.callee
        if call.site.code == code and site.code == callee.body_code:
            known = list(_known(statements, call.site.at, callee))
            if known and _is_kept_out(callee.statements, site.at, known):
                return True
        code, statements = callee.body_code, callee.statements
    return False


def _known(caller: list[ir.Stmt], at: int, callee: FunctionInfo) -> Iterator[tuple[ir.Expr, ir.Expr]]:
    """What the parameters of `callee`, and attributes of its object, hold in the call at node `at`."""
    call = next((node for node in walk(caller) if node.at == at), None)
    params = [param for param in callee.node.params.items if param.kind in ("pos", "any", "kw")]
    if not isinstance(call, ir.Call) or any(keyword.name is None for keyword in call.keywords):
        return
    if any(isinstance(arg, ir.Star) for arg in call.args):
        return
    bound = callee.owner is not None and isinstance(call.func, ir.Attr)
    given = {keyword.name for keyword in call.keywords} | {
        param.name for param in params[: len(call.args) + bound]
    }
    for param in params:
        if param.name not in given and isinstance(param.default, ir.Const):
            yield ir.Name(0, param.name), param.default
    if bound and params and isinstance(call.func, ir.Attr) and isinstance(call.func.value, ir.Name):
        for name, value in _set_before(caller, call, call.func.value.id):
            yield ir.Attr(0, ir.Name(0, params[0].name), name), value


def _set_before(block: list[ir.Stmt], call: ir.Call, owner: str) -> Iterator[tuple[str, ir.Expr]]:
    """Attributes of the variable `owner` that certainly hold a constant at `call`, with that."""
    own = statement_of(block, call)
    decided: set[str] = set()
    for around in reversed([*enclosing(block, call), own] if own is not None else []):
        found = block_of(block, around) if around is not None else None
        for statement in reversed(found[0][: found[1]]) if found is not None else ():
            names = set(_attributes_set(statement, owner))
            match statement:
                case ir.Assign(targets=[ir.Attr(name=name)], value=value) if name in names - decided:
                    if value is not None and _is_constant(value):
                        yield name, value
                case _:
                    pass
            decided |= names
        if isinstance(around, (ir.For, ir.While, ir.Try)):
            return  # what holds before a loop, or before something is tried, may not hold in it


def _attributes_set(node: ir.Stmt, owner: str) -> Iterator[str]:
    for part in walk(node):
        match part:
            case ir.Assign(targets=targets):
                for target in targets:
                    match target:
                        case ir.Attr(value=ir.Name(id=name), name=attribute) if name == owner:
                            yield attribute
                        case _:
                            pass
            case _:
                pass


def _is_constant(node: ir.Expr) -> bool:
    match node:
        case ir.Const():
            return True
        case ir.Attr(value=ir.Name() | ir.Attr(), name=name):
            return name.isupper()
    return False


def _is_kept_out(block: list[ir.Stmt], at: int, known: _Known) -> bool:
    """Whether the node `at` of `block` stands in a branch that is not taken where `known` holds."""
    node = next((part for part in walk(block) if part.at == at), None)
    changed = {name.id for part in walk(block) for name in _bound(part)}
    held = [(one, value) for one, value in known if not (isinstance(one, ir.Name) and one.id in changed)]
    for around in enclosing(block, node) if node is not None else ():
        if isinstance(around, ir.If) and (holds := _holds(around.test, held)) is not None:
            passed_by = around.orelse if holds else around.body
            if any(part.at == at for part in walk(passed_by)):
                return True
    return False


def _bound(node: ir.Node) -> Iterator[ir.Name]:
    if isinstance(node, ir.Assign):
        yield from (target for target in node.targets if isinstance(target, ir.Name))


def _holds(test: ir.Expr, known: _Known) -> bool | None:
    """Whether `test` is true where `known` holds; None where that cannot be told."""
    match test:
        case ir.Unary(op="not", operand=operand):
            inner = _holds(operand, known)
            return None if inner is None else not inner
        case ir.Bool(op=op, values=values):
            held = [_holds(value, known) for value in values]
            decisive = op == "or"
            return decisive if decisive in held else None if None in held else not decisive
        case ir.Compare(left=left, ops=["in"], rights=[ir.Display(items=items)]):
            same = [_are_same(_value(left, known), item) for item in items]
            return True if True in same else None if None in same else False
        case ir.Compare(left=left, ops=["==" | "!=" as op], rights=[right]):
            equal = _are_same(_value(left, known), right)
            return None if equal is None else equal is (op == "==")
        case ir.Name():
            value = _value(test, known)
            return bool(value.value) if isinstance(value, ir.Const) else None
    return None


def _value(node: ir.Expr, known: _Known) -> ir.Expr | None:
    return next((value for one, value in known if alike(one, node)), None)


def _are_same(one: ir.Expr | None, other: ir.Expr) -> bool | None:
    """Whether two constants are the same: those that a class gives different names are not."""
    match one, other:
        case ir.Const(value=value), ir.Const(value=wanted):
            return value == wanted
        case ir.Attr(value=owner, name=name), ir.Attr(value=others, name=wanted) if alike(owner, others):
            return name == wanted if name.isupper() and wanted.isupper() else None
    return None
