"""A callback for ``on_commit`` reads a variable that means something else by the time it runs."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import arguments_range, import_name, insert, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.flow import enclosing, innermost_loop
from djguide_analyzers.rules.held_locks import is_atomic, is_atomic_block
from djguide_analyzers.rules.late_binding import bound_again, bound_by, free_names
from djguide_analyzers.rules.saving import parameters_range
from djguide_analyzers.source.positions import Range
from djguide_analyzers.trace.values import FunctionValue

RULE = Rule(
    summary="A callback for `on_commit()` reads a variable that is bound again before it runs",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_ON_COMMIT = "django.db.transaction.on_commit"
_TITLE = "Give the callback the value that the variable has now"


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if scope.function is None:
        return
    for statements, code in scope.blocks:
        for node in walk(statements):
            if isinstance(node, ir.Call) and _is_on_commit(scope, code, node):
                yield from _check(file, scope, statements, code, node)


def _is_on_commit(scope: Scope, code: Code, node: ir.Call) -> bool:
    func = scope.value(code, node.func)
    return isinstance(func, FunctionValue) and func.info.dotted == _ON_COMMIT


def _check(
    file: FileContext, scope: Scope, statements: list[ir.Stmt], code: Code, node: ir.Call
) -> Iterator[Hit]:
    callback = node.args[0] if node.args else node.keyword("func")
    function = _function(scope, statements, code, callback)
    if function is None:
        return
    block, severity = _transaction(file, scope, statements, code, node)
    own = {name for part in walk(statements) for name in bound_by(part)}
    own |= {param.name for param in scope.function.node.params.items} if scope.function is not None else set()
    own |= _comprehension_names(statements)
    late = [name for name in free_names(function) if name in own and bound_again(block, node, name)]
    if not late:
        return
    listed = " and ".join(f"`{name}`" for name in late)
    again = "they have" if len(late) > 1 else "it has"
    yield Hit(
        file.place(code, node),
        f"The callback reads {listed} when it runs, after the commit: by then {again} been bound again, so every "
        "callback sees the last value",
        fixes=(_fix(file, statements, code, node, function, late),),
        severity=severity,
        data={"names": late},
    )


def _comprehension_names(statements: list[ir.Stmt]) -> set[str]:
    clauses = [clause for part in walk(statements) if isinstance(part, ir.Comp) for clause in part.clauses]
    return {part.id for clause in clauses for part in walk(clause.target) if isinstance(part, ir.Name)}


def _function(
    scope: Scope, statements: list[ir.Stmt], code: Code, callback: ir.Expr | None
) -> ir.Lambda | FunctionInfo | None:
    """The lambda or nested function that is registered."""
    if isinstance(callback, ir.Lambda):
        return callback
    if not isinstance(callback, ir.Name):
        return None
    defined = [
        node for node in walk(statements) if isinstance(node, ir.FunctionDef) and node.name == callback.id
    ]
    return FunctionInfo(defined[0], code, None, scope.function) if len(defined) == 1 else None


def _transaction(
    file: FileContext, scope: Scope, statements: list[ir.Stmt], code: Code, node: ir.Call
) -> tuple[list[ir.Stmt], Severity | None]:
    """The code that runs before the commit, as far as it is known, and how much the finding matters.

    Where no transaction is in sight a caller may have opened one; if none did, callbacks run at once.
    """
    if is_atomic(file, scope.function):
        return statements, None
    for part in enclosing(statements, node):
        if isinstance(part, ir.With) and is_atomic_block(scope, code, part):
            return part.body, None
    return statements, Severity.INFO


# --- the fix ---------------------------------------------------------------------------------------------


def _fix(
    file: FileContext,
    statements: list[ir.Stmt],
    code: Code,
    node: ir.Call,
    function: ir.Lambda | FunctionInfo,
    late: list[str],
) -> Fix:
    given = ", ".join(f"{name}={name}" for name in late)
    if isinstance(function, FunctionInfo):
        params = parameters_range(file, function)
        together = innermost_loop(statements, node) is innermost_loop(statements, function.node)
        if params is None or function.node.decorators or not together or "*" in file.slice(params):
            return Fix(_TITLE, Safety.MANUAL)
        separator = ", " if file.slice(params).strip() else ""
        return Fix(_TITLE, Safety.SAFE, (insert(file, params.end, separator + given),))
    return _with_partial(file, code, function) or _with_defaults(file, code, function, given)


def _with_partial(file: FileContext, code: Code, function: ir.Lambda) -> Fix | None:
    """``partial(f, order.pk)`` for ``lambda: f(order.pk)``, if nothing but variables and keys is handed over."""
    body = function.body
    if (
        function.params.items
        or not isinstance(body, ir.Call)
        or not isinstance(body.func, (ir.Name, ir.Attr))
    ):
        return None
    values = [*body.args, *(keyword.value for keyword in body.keywords)]
    if not values or not all(_is_settled(value) for value in values):
        return None
    func = body.func
    while isinstance(func, ir.Attr):
        func = func.value
    imported = import_name(file, "functools", "partial")
    if imported is None or not isinstance(func, ir.Name):
        return None
    inside = arguments_range(file, code, body)
    opening = Range(inside.start._replace(column=inside.start.column - 1), inside.start)
    before = Range(code.range(function).start, code.range(body).start)
    edits = (replace(file, before, f"{imported[0]}("), replace(file, opening, ", "), *imported[1])
    return Fix(f"{_TITLE}, with `partial`", Safety.SAFE, edits) if "\n" not in file.slice(inside) else None


def _is_settled(value: ir.Expr) -> bool:
    """Whether an argument is the same now and after the commit."""
    if isinstance(value, ir.Attr):
        return value.name in ("pk", "id") and isinstance(value.value, ir.Name)
    return isinstance(value, (ir.Name, ir.Const))


def _with_defaults(file: FileContext, code: Code, function: ir.Lambda, given: str) -> Fix:
    """``lambda order=order: ...``."""
    start = code.range(function).start
    text = file.slice(code.range(function))
    if function.params.items or not text.startswith("lambda:"):
        return Fix(_TITLE, Safety.MANUAL)
    at = start._replace(column=start.column + len("lambda"))
    return Fix(_TITLE, Safety.SAFE, (insert(file, at, f" {given}"),))
