"""A queryset method's result is thrown away."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.trace.refine import METHODS
from djguide_analyzers.trace.values import BuiltinMethod, ManagerValue, QuerySetValue

RULE = Rule(
    summary="A queryset method is called and its result is not used",
    severity=Severity.ERROR,
    safety=Safety.REVIEW,
)

_EXPECTING = ("assertRaises", "raises", "assertRaisesMessage", "assertRaisesRegex", "suppress")


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    expecting = _probes(scope)
    for node, code in scope.nodes(ir.ExprStmt):
        if (code, node.at) not in expecting and (call := _discarded(scope, code, node)) is not None:
            yield _hit(file, scope, code, call)


def _discarded(scope: Scope, code: Code, node: ir.ExprStmt) -> ir.Call | None:
    call = node.value
    if not isinstance(call, ir.Call) or not isinstance(call.func, ir.Attr) or call.func.name not in METHODS:
        return None
    method = scope.value(code, call.func)
    lazy = isinstance(method, BuiltinMethod) and isinstance(method.receiver, (QuerySetValue, ManagerValue))
    return call if lazy and isinstance(scope.value(code, call), QuerySetValue) else None


def _probes(scope: Scope) -> set[tuple[Code, int]]:
    """Statements that are there to see whether they raise."""
    found: set[tuple[Code, int]] = set()
    for attempt, code in scope.nodes(ir.Try):
        if attempt.handlers:
            found |= {
                (code, statement.at) for statement in attempt.body if isinstance(statement, ir.ExprStmt)
            }
    for block, code in scope.nodes(ir.With):
        if any(_expects_error(item.context) for item in block.items):
            found |= {(code, statement.at) for statement in block.body if isinstance(statement, ir.ExprStmt)}
    return found


def _expects_error(node: ir.Expr) -> bool:
    func = node.func if isinstance(node, ir.Call) else None
    name = func.name if isinstance(func, ir.Attr) else func.id if isinstance(func, ir.Name) else ""
    return name in _EXPECTING


def _hit(file: FileContext, scope: Scope, code: Code, call: ir.Call) -> Hit:
    assert isinstance(call.func, ir.Attr)
    name = call.func.name
    root = _root(call.func.value)
    fix = Fix("Use the result, or remove the call", Safety.MANUAL)
    if _can_take_the_result(scope, code, root):
        variable = file.text(code, root)
        edit = insert(file, code.range(call).start, f"{variable} = ")
        fix = Fix(f"Assign the result to `{variable}`", Safety.REVIEW, (edit,))
    return Hit(
        file.place(code, call),
        f"`{name}()` returns a new queryset and leaves the old one as it was; here the result is thrown away",
        fixes=(fix,),
    )


def _root(node: ir.Expr) -> ir.Expr:
    """What a chain of calls starts from."""
    while isinstance(node, ir.Call) and isinstance(node.func, ir.Attr):
        node = node.func.value
    return node


def _can_take_the_result(scope: Scope, code: Code, root: ir.Expr) -> bool:
    """Whether `root` is a variable, or an attribute of ``self`` that holds a queryset and no manager."""
    if isinstance(root, ir.Name):
        return root.id != "self"
    own = isinstance(root, ir.Attr) and isinstance(root.value, ir.Name) and root.value.id == "self"
    return own and isinstance(scope.value(code, root), QuerySetValue)
