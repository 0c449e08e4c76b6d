"""Get, compute on a miss, set: three statements for ``get_or_set()``."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.caches import CacheCall, cache_call
from djguide_analyzers.rules.comments import comments
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.rules.nodes import alike, blocks
from djguide_analyzers.rules.places import line_end
from djguide_analyzers.source.positions import Range

RULE = Rule(
    summary="A value is read from the cache, computed on a miss and stored: `get_or_set()` does that",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)

_LINE = 100


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if scope.function is None:
        return
    names = of_scope(file, scope)
    for statements, code in scope.blocks:
        for block in blocks(statements):
            for number, node in enumerate(block):
                found = _triple(file, names, code, block[number:], node)
                if found is not None:
                    yield found


def _triple(file: FileContext, names: Names, code: Code, block: list[ir.Stmt], node: ir.Stmt) -> Hit | None:
    """The hit for a block that begins with a read from the cache, if nothing but the triple follows."""
    if not isinstance(node, ir.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ir.Name):
        return None
    variable = node.targets[0].id
    got = cache_call(names, code, node.value)
    if got is None or got.method != "get" or not got.is_plain or len(block) < 2:
        return None
    test = block[1]
    if not isinstance(test, ir.If) or test.orelse:
        return None
    if _is_miss(names, code, test.test, variable, got):
        stored, last = _stored(names, code, test.body, variable, got), test
        if len(test.body) != 2:
            return None
    elif _is_hit(names, code, test.test, variable, got) and _returns(test.body, variable) and len(block) > 3:
        stored, last = _stored(names, code, block[2:4], variable, got), block[3]
    else:
        return None
    if stored is None:
        return None
    value, set_call = stored
    return Hit(
        file.place(code, got.node),
        "Read, computed on a miss and stored under the same key: `get_or_set()` does it in one call",
        fixes=(_fix(file, code, node, last, got, value, set_call),),
    )


def _is_miss(names: Names, code: Code, test: ir.Expr, variable: str, got: CacheCall) -> bool:
    return _compares(test, "is", variable, got.argument("default"))


def _is_hit(names: Names, code: Code, test: ir.Expr, variable: str, got: CacheCall) -> bool:
    return _compares(test, "is not", variable, got.argument("default"))


def _compares(test: ir.Expr, operator: str, variable: str, default: ir.Expr | None) -> bool:
    """Whether `test` tells a miss: comparison with None, or with the sentinel given as default."""
    match test:
        case ir.Compare(left=ir.Name(id=name), ops=[op], rights=[right]) if (
            name == variable and op == operator
        ):
            if isinstance(right, ir.Const) and right.value is None:
                return default is None or (isinstance(default, ir.Const) and default.value is None)
            return isinstance(right, ir.Name) and isinstance(default, ir.Name) and right.id == default.id
    return False


def _returns(body: list[ir.Stmt], variable: str) -> bool:
    match body:
        case [ir.Return(value=ir.Name(id=name))]:
            return name == variable
    return False


def _stored(
    names: Names, code: Code, block: list[ir.Stmt], variable: str, got: CacheCall
) -> tuple[ir.Expr, CacheCall] | None:
    """The computed value and the call that stores it, when the two statements do nothing else."""
    match block:
        case [ir.Assign(targets=[ir.Name(id=name)], value=value), ir.ExprStmt(value=ir.Call() as call)] if (
            name == variable and value is not None
        ):
            pass
        case _:
            return None
    stored = cache_call(names, code, call)
    if stored is None or stored.method != "set" or not stored.is_plain or stored.alias != got.alias:
        return None
    given = stored.argument("value")
    if not isinstance(given, ir.Name) or given.id != variable:
        return None
    for parameter in ("key", "version"):
        if not alike(stored.argument(parameter), got.argument(parameter)):
            return None
    if any(isinstance(part, (ir.Await, ir.Yield, ir.Walrus)) for part in walk(value)):
        return None
    if any(isinstance(part, ir.Name) and part.id == variable for part in walk(value)):
        return None
    return value, stored


def _fix(
    file: FileContext,
    code: Code,
    node: ir.Stmt,
    last: ir.Stmt,
    got: CacheCall,
    value: ir.Expr,
    stored: CacheCall,
) -> Fix:
    title = "Use `get_or_set()`"
    range_ = Range(code.range(node).start, code.range(last).end)
    assert isinstance(node, ir.Assign)
    key = got.argument("key")
    assert key is not None
    callable_ = isinstance(value, ir.Call) and not value.args and not value.keywords
    default = (
        file.text(code, value.func)
        if callable_ and isinstance(value, ir.Call) and isinstance(value.func, (ir.Name, ir.Attr))
        and not any(isinstance(part, ir.Call) for part in walk(value.func))
        else f"lambda: {file.text(code, value)}"
    )  # fmt: skip
    arguments = [file.text(code, key), default]
    timeout, version = stored.argument("timeout"), stored.argument("version")
    if timeout is not None:
        by_name = stored.node.keyword("timeout") is not None
        arguments.append(("timeout=" if by_name else "") + file.text(code, timeout))
    if version is not None:
        arguments.append(f"version={file.text(code, version)}")
    assert isinstance(got.node.func, ir.Attr)
    cache = file.text(code, got.node.func.value)
    variable = file.text(code, node.targets[0])
    indent = " " * code.range(node).start.column
    line = f"{variable} = {cache}.get_or_set({', '.join(arguments)})"
    if len(indent) + len(line) > _LINE or "\n" in line:
        inner = "".join(f"{indent}    {argument},\n" for argument in arguments)
        line = f"{variable} = {cache}.get_or_set(\n{inner}{indent})"
    found = comments(file.slice(Range(range_.start, line_end(file, range_.end))))
    if "#" in line:
        return Fix(title, Safety.MANUAL)
    # What follows the last statement stays where it is; other comments go above.
    kept = "".join(f"{comment}\n{indent}" for comment in found[:-1] if comment)
    return Fix(title, Safety.REVIEW, (replace(file, range_, f"{kept}{line}"),))
