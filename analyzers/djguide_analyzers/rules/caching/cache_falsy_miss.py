"""A cached value that is false counts as a miss."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.caches import CacheCall, cache_call
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.rules.nodes import alike, block_of, mentions
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.trace.values import (
    BuiltinMethod,
    Constant,
    ManagerValue,
    QuerySetValue,
    Row,
    Sequence,
)

RULE = Rule(
    summary="A cached `0`, empty text or empty list is taken for a miss and computed again",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)

_NUMBERS = frozenset(
    {"builtins.len", "builtins.int", "builtins.float", "builtins.sum", "builtins.any", "builtins.all",
     "builtins.bool", "builtins.round"}
)  # fmt: skip
_COLLECTIONS = frozenset(
    {
        "builtins.list",
        "builtins.set",
        "builtins.dict",
        "builtins.tuple",
        "builtins.sorted",
        "builtins.frozenset",
    }
)
_QUERIES = frozenset({"count", "exists", "update", "values_list", "values", "in_bulk"})


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if scope.function is None:
        return
    names = of_scope(file, scope)
    for node, code in scope.nodes(ir.If):
        for test, negative in _operands(node.test):
            got = _tested(names, test)
            if got is None or not _computes(scope, names, code, node, test, got, negative=negative):
                continue
            yield _hit(file, code, node, test, got, negative=negative)


def _operands(test: ir.Expr) -> Iterator[tuple[ir.Expr, bool]]:
    """What is tested for truth, and whether it stands under a ``not``."""
    for part in test.values if isinstance(test, ir.Bool) else [test]:
        if isinstance(part, ir.Unary) and part.op == "not":
            yield part.operand, True
        else:
            yield part, False


def _tested(names: Names, test: ir.Expr) -> CacheCall | None:
    """The ``cache.get()`` whose result is kept in a variable and tested for truth."""
    if not isinstance(test, (ir.Name, ir.Walrus)):
        return None  # nobody wants the value: it is a flag
    bound = names.bound.get(test.id if isinstance(test, ir.Name) else test.target, [])
    gets = [each for each in bound if each.how == "assigned" and _got(names, each.code, each.value)]
    if len(gets) != 1 or gets[0] is not bound[0]:
        return None
    return _got(names, gets[0].code, gets[0].value)


def _got(names: Names, code: Code, node: ir.Expr | None) -> CacheCall | None:
    """`node` as ``cache.get(key)``, with no default or an explicit None."""
    call = cache_call(names, code, node)
    if call is None or call.method != "get" or not call.is_plain:
        return None
    default = call.argument("default")
    return call if default is None or (isinstance(default, ir.Const) and default.value is None) else None


def _computes(
    scope: Scope, names: Names, code: Code, node: ir.If, test: ir.Expr, got: CacheCall, *, negative: bool
) -> bool:
    """Whether a miss stores a value under the same key that may be false."""
    key = got.argument("key")
    if key is None:
        return False
    if negative:
        block = node.body
    elif node.orelse:
        block = node.orelse
    elif node.body and isinstance(node.body[-1], (ir.Return, ir.Jump)) and _uses(node.body, test):
        block = _behind(scope, node)
    else:
        return False
    for part in walk(block):
        if isinstance(part, ir.Call):
            call = cache_call(names, code, part)
            if call is not None and call.method in ("set", "add") and alike(call.argument("key"), key):
                value = call.argument("value")
                return value is not None and _may_be_false(scope, names, code, value, 0)
    return False


def _uses(block: list[ir.Stmt], test: ir.Expr) -> bool:
    return mentions(block, test.id if isinstance(test, ir.Name) else getattr(test, "target", ""))


def _behind(scope: Scope, node: ir.Stmt) -> list[ir.Stmt]:
    """The statements after `node` in its block."""
    for statements, _ in scope.blocks:
        found = block_of(statements, node)
        if found is not None:
            return found[0][found[1] + 1 :]
    return []


def _may_be_false(scope: Scope, names: Names, code: Code, node: ir.Expr, depth: int) -> bool:
    """Whether a value is known to be of a kind of which some are false."""
    if depth > 4:
        return False
    match node:
        case ir.Const(value=value):
            return not value and value is not None
        case ir.Comp() | ir.Compare() | ir.Unary(op="not"):
            return True
        case ir.Display(items=items):
            return not items
        case ir.Dict(keys=keys):
            return not keys
        case ir.Bool(op="or", values=values):
            return _may_be_false(scope, names, code, values[-1], depth + 1)
        case ir.IfExp(body=body, orelse=orelse):
            return any(_may_be_false(scope, names, code, part, depth + 1) for part in (body, orelse))
        case ir.Binary(left=left, right=right, op="+" | "-" | "*"):
            return all(_may_be_false(scope, names, code, part, depth + 1) for part in (left, right))
        case ir.Name(id=name):
            return _variable_may_be_false(scope, names, name, depth)
        case ir.Call():
            return _call_may_be_false(scope, names, code, node)
    return isinstance(scope.value(code, node), (QuerySetValue, Sequence))


def _variable_may_be_false(scope: Scope, names: Names, name: str, depth: int) -> bool:
    """Whether what is assigned last, apart from the cache's answer, may be false."""
    if _is_filled(names, name):
        return False
    for bound in reversed(names.bindings(name)):
        if bound.how == "changed":
            continue
        if bound.how != "assigned" or bound.value is None:
            return False
        if _got(names, bound.code, bound.value) is None:
            return _may_be_false(scope, names, bound.code, bound.value, depth + 1)
    return False


def _is_filled(names: Names, name: str) -> bool:
    """Whether something is put into a collection after it is made, so that its start says nothing."""
    for node, _ in names.nodes():
        match node:
            case ir.Call(func=ir.Attr(value=ir.Name(id=owner), name="append" | "add" | "extend" | "update")):
                if owner == name:
                    return True
            case ir.Assign(targets=[ir.Subscript(value=ir.Name(id=owner))]):
                if owner == name:
                    return True
    return False


def _call_may_be_false(scope: Scope, names: Names, code: Code, node: ir.Call) -> bool:
    called = names.called(code, node)
    if called in _NUMBERS:
        return True
    if called in _COLLECTIONS:  # as empty as what they are made of
        return not node.args or _may_be_false(scope, names, code, node.args[0], 1)
    func = scope.value(code, node.func)
    if isinstance(func, BuiltinMethod) and isinstance(func.receiver, (QuerySetValue, ManagerValue)):
        return func.name in _QUERIES or isinstance(scope.value(code, node), QuerySetValue)
    value = scope.value(code, node)
    if isinstance(value, Constant):
        return not value.value and value.value is not None
    return isinstance(value, QuerySetValue) or (
        isinstance(value, Sequence) and isinstance(value.element, Row)
    )


def _hit(file: FileContext, code: Code, node: ir.If, test: ir.Expr, got: CacheCall, *, negative: bool) -> Hit:
    edits = tuple(_edits(file, code, node, test, negative=negative))
    fix = Fix("Compare with `None`", Safety.REVIEW, edits)
    return Hit(
        file.place(code, got.node),
        "A miss is `None`; the test for truth also takes a cached `0` or empty value for one, and computes it "
        "again each time",
        related=(Related("tested for truth", file.place(code, test)),),
        fixes=(fix,),
    )


def _edits(file: FileContext, code: Code, node: ir.If, test: ir.Expr, *, negative: bool) -> Iterator[Edit]:
    if not negative:
        if isinstance(test, ir.Walrus):
            yield insert(file, code.range(test).start, "(")
            yield insert(file, code.range(test).end, ") is not None")
        else:
            yield insert(file, code.range(test).end, " is not None")
        return
    for part in walk(node.test):
        if isinstance(part, ir.Unary) and part.operand is test:
            text = file.text(code, part)
            yield replace(file, code.range(part), f"{text.removeprefix('not').strip()} is None")
