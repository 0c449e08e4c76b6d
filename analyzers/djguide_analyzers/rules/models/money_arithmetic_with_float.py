"""Decimals of the database meet binary floats."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.decimals import OPERATORS, Decimals
from djguide_analyzers.rules.edits import import_name, insert, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.model_classes import is_name, targets
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.trace.values import BuiltinMethod, ClassValue, ManagerValue, QuerySetValue

RULE = Rule(
    summary="A decimal column is combined with a float, which raises or loses cents",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)

_RAISES = "a `Decimal` and a float cannot be combined: Python raises a TypeError"
_CREATES = frozenset({"create", "acreate", "get_or_create", "update_or_create"})
_ESTIMATES = ("statistics.", "math.", "numpy.", "pandas.")
_RESPONSES = frozenset({"JsonResponse", "Response", "HttpResponse", "render"})


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    if not any(True for kind in (ir.Binary, ir.AugAssign, ir.Call) for _ in scope.nodes(kind)):
        return
    decimals = Decimals(file, scope)
    for node, code in scope.nodes(ir.Binary):
        if node.op in OPERATORS:
            yield from _combined(file, decimals, code, node, node.left, node.right)
    for node, code in scope.nodes(ir.AugAssign):
        if node.op.removesuffix("=") in OPERATORS:
            yield from _combined(file, decimals, code, node, node.target, node.value)
    yield from _conversions(file, scope, decimals)
    yield from _created(file, scope, decimals)


# --- arithmetic ------------------------------------------------------------------------------------------


def _combined(
    file: FileContext, decimals: Decimals, code: Code, node: ir.Node, left: ir.Expr, right: ir.Expr
) -> Iterator[Hit]:
    for one, other in ((left, right), (right, left)):
        if not decimals.is_decimal(code, one):
            continue
        literals = decimals.floats(code, other)
        if literals:
            what = f"`{file.text(code, one)}` is a decimal: {_RAISES}"
            yield Hit(file.place(code, node), what, fixes=(_exact(file, code, literals),))
            return
        if decimals.column(code, other, "FloatField") is not None:
            what = f"`{file.text(code, one)}` is a decimal and `{file.text(code, other)}` a float column: {_RAISES}"
            yield Hit(file.place(code, node), what, fixes=(Fix("Make both columns decimals", Safety.MANUAL),))
            return


def _exact(file: FileContext, code: Code, literals: list[ir.Expr]) -> Fix:
    """Write the float literals as decimals."""
    title = "Write the number as an exact `Decimal`"
    imported = import_name(file, "decimal", "Decimal")
    if imported is None:
        return Fix(title, Safety.MANUAL)
    edits: list[Edit] = []
    for literal in literals:
        own = code.range(literal)
        if isinstance(literal, ir.Const):
            edits.append(replace(file, own, f'{imported[0]}("{file.text(code, literal)}")'))
        else:
            edits += [insert(file, own.start, f"{imported[0]}(str("), insert(file, own.end, "))")]
    return Fix(title, Safety.SAFE, (*edits, *imported[1]))


# --- conversions -----------------------------------------------------------------------------------------


def _conversions(file: FileContext, scope: Scope, decimals: Decimals) -> Iterator[Hit]:
    """``float(row.price)`` in arithmetic that ends in a column, a sum or a response."""
    calls = [
        (node, code)
        for node, code in scope.nodes(ir.Call)
        if isinstance(node.func, ir.Name) and node.func.id == "float" and len(node.args) == 1
    ]
    for node, code in calls:
        if "float" in file.module.symbols.names or decimals.column(code, node.args[0]) is None:
            continue
        if _ends_in_money(file, scope, decimals, node):
            yield Hit(
                file.place(code, node),
                f"`{file.text(code, node.args[0])}` is exact; `float()` gives up its cents before they are "
                "computed with",
                fixes=(Fix("Compute with the decimals themselves", Safety.MANUAL),),
            )


def _ends_in_money(file: FileContext, scope: Scope, decimals: Decimals, node: ir.Call) -> bool:
    for block, code in scope.blocks:
        for statement in walk(block):
            if isinstance(statement, (ir.Assign, ir.AugAssign)) and _holds(statement.value, node):
                stored = any(decimals.column(code, target) is not None for target in targets(statement))
                computed = isinstance(statement, ir.AugAssign) or _in_arithmetic(statement, node)
                if computed and (stored or _adds_up(statement)):
                    return not _is_estimate(file, code, statement.value, node)
            elif (
                isinstance(statement, ir.Call) and statement is not node and _adds_or_answers(statement, node)
            ):
                return not _is_estimate(file, code, statement, node)
    return False


def _adds_up(statement: ir.Assign | ir.AugAssign) -> bool:
    """``total += ...`` or ``total = total + ...`` of a local variable."""
    if isinstance(statement, ir.AugAssign):
        return isinstance(statement.target, ir.Name) and statement.op.startswith("+")
    match statement:
        case ir.Assign(targets=[ir.Name(id=name)], value=ir.Binary(left=left, op="+", right=right)):
            return is_name(left, name) or is_name(right, name)
        case _:
            return False


def _adds_or_answers(call: ir.Call, node: ir.Call) -> bool:
    return _is_sum(call, node) or (_is_response(call) and _in_arithmetic(call, node))


def _holds(node: ir.Node | None, target: ir.Node) -> bool:
    return node is not None and any(part is target for part in walk(node))


def _is_sum(call: ir.Call, node: ir.Call) -> bool:
    """Whether `call` adds up values of which each is `node` or computed from it."""
    if not isinstance(call.func, ir.Name) or call.func.id != "sum" or not call.args:
        return False
    first = call.args[0]
    return isinstance(first, ir.Comp) and _holds(first.element, node)


def _is_response(call: ir.Call) -> bool:
    name = (
        call.func.id
        if isinstance(call.func, ir.Name)
        else call.func.name
        if isinstance(call.func, ir.Attr)
        else ""
    )
    return name in _RESPONSES


def _in_arithmetic(call: ir.Node, node: ir.Call) -> bool:
    return any(
        isinstance(part, ir.Binary) and part.op in OPERATORS and _holds(part, node) for part in walk(call)
    )


def _is_estimate(file: FileContext, code: Code, whole: ir.Expr | None, node: ir.Call) -> bool:
    """Whether the value goes through statistics or mathematics that are made for floats."""
    for part in walk(whole):
        around = isinstance(part, ir.Call) and part is not node and _holds(part, node)
        if isinstance(part, ir.Call) and around:
            dotted = file.resolve(code, part.func)
            if dotted is not None and dotted.startswith(_ESTIMATES):
                return True
    return False


# --- rows made here --------------------------------------------------------------------------------------


def _created(file: FileContext, scope: Scope, decimals: Decimals) -> Iterator[Hit]:
    """A row made with a float for its decimal column, which is then computed with before it is read back."""
    for node, code in scope.nodes(ir.Assign):
        call, target = node.value, node.targets[0]
        call = call.value if isinstance(call, ir.Await) else call
        if not isinstance(call, ir.Call) or not isinstance(target, ir.Name) or len(node.targets) != 1:
            continue
        model = _made(file, scope, code, call)
        for keyword in call.keywords if model is not None else ():
            field = model.fields.get(keyword.name or "") if model is not None else None
            if (
                field is None
                or field.django_base != "DecimalField"
                or not decimals.floats(code, keyword.value)
            ):
                continue
            if keyword.name is not None and _is_combined(scope, decimals, target.id, keyword.name):
                yield Hit(
                    file.place(code, keyword),
                    f"`{keyword.name}` is a decimal column, but keeps this float until the row is read back, and "
                    f"is computed with before that: {_RAISES}",
                    fixes=(_exact(file, code, decimals.floats(code, keyword.value)),),
                )


def _made(file: FileContext, scope: Scope, code: Code, call: ir.Call) -> Model | None:
    match scope.value(code, call.func):
        case ClassValue(cls=cls):
            return file.project.graph.of_class(cls)
        case BuiltinMethod(receiver=ManagerValue(model=label), name=name) if name in _CREATES:
            return file.project.graph.get(label)
        case BuiltinMethod(receiver=QuerySetValue(query=query), name=name) if name in _CREATES:
            return file.project.graph.get(query.model)
        case _:
            return None


def _is_combined(scope: Scope, decimals: Decimals, name: str, column: str) -> bool:
    """Whether ``name.column`` is combined with a decimal, and the row is not read anew."""
    for node, _ in scope.nodes(ir.Call):
        if isinstance(node.func, ir.Attr) and node.func.name in ("refresh_from_db", "arefresh_from_db"):
            return False
    pairs = [(n.left, n.right, code) for n, code in scope.nodes(ir.Binary) if n.op in OPERATORS]
    return any(
        _reads(one, name, column) and decimals.is_decimal(code, other)
        for left, right, code in pairs
        for one, other in ((left, right), (right, left))
    )


def _reads(node: ir.Expr, name: str, column: str) -> bool:
    """Whether arithmetic that calls nothing starts from ``name.column``."""
    parts = list(walk(node))
    if any(isinstance(part, ir.Call) for part in parts):
        return False
    return any(
        isinstance(part, ir.Attr) and part.name == column and is_name(part.value, name) for part in parts
    )
