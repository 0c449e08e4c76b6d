"""A cache server is asked for each item of a loop."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.caches import CacheCall, cache_call, is_remote
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.rules.nodes import mentions, statement_of
from djguide_analyzers.rules.places import line_end, line_start
from djguide_analyzers.trace.values import QuerySetValue

RULE = Rule(
    summary="A cache server is asked for one key after the other in a loop",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)

_LOOPS = (ir.For, ir.Comp)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if scope.function is None:
        return
    names = of_scope(file, scope)
    for kind in _LOOPS:
        for loop, code in scope.nodes(kind):
            calls = list(_calls(names, code, loop))
            reads = any(call.method == "get" for call in calls)
            for call in calls:
                if reads and call.method == "set":
                    continue  # on a miss only; to read all at once comes first
                if is_remote(file.project.settings, call.alias):
                    yield _hit(file, scope, names, loop, call)


def _calls(names: Names, code: Code, loop: ir.For | ir.Comp) -> Iterator[CacheCall]:
    """The reads and writes in a loop whose key is another one in each round."""
    repeated, targets = _repeated(loop)
    if not targets or (isinstance(loop, ir.For) and (_leaves(loop) or loop.is_async)):
        return
    inner = {id(part) for node in repeated for each in walk(node) if isinstance(each, (ir.For, ir.While, ir.Comp))
             for part in walk(each)}  # fmt: skip
    deferred = {id(part) for node in repeated for each in walk(node) if isinstance(each, ir.Lambda)
                for part in walk(each)}  # fmt: skip
    for root in repeated:
        for node in walk(root):
            if not isinstance(node, ir.Call) or id(node) in inner or id(node) in deferred:
                continue
            call = cache_call(names, code, node)
            if call is None or call.method not in ("get", "set") or not call.is_plain:
                continue
            key = call.argument("key")
            if key is not None and _varies(names, key, targets, 0):
                yield call


def _repeated(loop: ir.For | ir.Comp) -> tuple[list[ir.Node], set[str]]:
    """What runs in each round, and the names of the round; nothing for loops over a few written items."""
    if isinstance(loop, ir.For):
        if isinstance(loop.iter, (ir.Display, ir.Const)) or not loop.body:
            return [], set()
        return list(loop.body), _targets(loop.target)
    if any(clause.is_async or isinstance(clause.iter, ir.Display) for clause in loop.clauses):
        return [], set()
    parts = [part for part in (loop.element, loop.value) if part is not None]
    ifs = [test for clause in loop.clauses for test in clause.ifs]
    return [*parts, *ifs], set().union(*(_targets(clause.target) for clause in loop.clauses))


def _targets(target: ir.Expr) -> set[str]:
    return {node.id for node in walk(target) if isinstance(node, ir.Name)}


def _leaves(loop: ir.For) -> bool:
    """Whether the loop may end before all items were seen, or waits in between."""
    for node in walk(loop.body):
        if isinstance(node, ir.Return) or (isinstance(node, ir.Jump) and node.kind == "break"):
            return True
        if isinstance(node, ir.Call):
            func = node.func
            name = func.name if isinstance(func, ir.Attr) else func.id if isinstance(func, ir.Name) else ""
            if name == "sleep":
                return True
    return False


def _varies(names: Names, key: ir.Expr, targets: set[str], depth: int) -> bool:
    for node in walk(key):
        if isinstance(node, ir.Name):
            if node.id in targets:
                return True
            value = names.value(node.id) if depth < 4 else None
            if value is not None and _varies(names, value[0], targets, depth + 1):
                return True
    return False


# --- fixes -----------------------------------------------------------------------------------------------


def _hit(file: FileContext, scope: Scope, names: Names, loop: ir.For | ir.Comp, call: CacheCall) -> Hit:
    many = f"{call.method}_many"
    fix = (_get_many if call.method == "get" else _set_many)(file, scope, names, loop, call)
    return Hit(
        file.place(call.code, call.node),
        f"`{call.method}()` asks the cache server once per item; `{many}()` takes one round trip for all of them",
        fixes=(fix or Fix(f"Use `{many}()`", Safety.MANUAL),),
    )


def _get_many(
    file: FileContext, scope: Scope, names: Names, loop: ir.For | ir.Comp, call: CacheCall
) -> Fix | None:
    """Read all keys before the loop, and look the values up in what came back."""
    code, key = call.code, call.argument("key")
    if key is None or call.argument("version") is not None or not isinstance(call.node.func, ir.Attr):
        return None
    if isinstance(loop, ir.For):
        target, iterable, ifs = loop.target, loop.iter, []
        names_of_round = _targets(target)
    elif len(loop.clauses) == 1:
        clause = loop.clauses[0]
        target, iterable, ifs = clause.target, clause.iter, clause.ifs
        names_of_round = _targets(target)
    else:
        return None
    if ifs or not _is_only_of(names, key, names_of_round):
        return None
    statement = loop if isinstance(loop, ir.For) else _statement(scope, loop)
    if statement is None or (isinstance(statement, (ir.If, ir.While, ir.For)) and statement is not loop):
        return None
    own_line = line_start(file, code, statement)
    cached = _free(names, file, "cached")
    if own_line is None or cached is None or not _rounds_once(scope, names, code, iterable):
        return None
    cache = file.text(code, call.node.func.value)
    line = (
        f"{cached} = {cache}.get_many([{file.text(code, key)} for {file.text(code, target)} in "
        f"{file.text(code, iterable)}])"
    )
    indent, start = own_line
    if "\n" in line:
        return None
    edits = (
        insert(file, start, f"{indent}{line}\n"),
        replace(file, code.range(call.node.func.value), cached),
    )
    return Fix("Read all keys with `get_many()` before the loop", Safety.REVIEW, edits)


def _set_many(
    file: FileContext, scope: Scope, names: Names, loop: ir.For | ir.Comp, call: CacheCall
) -> Fix | None:
    """Collect the values in the loop and write them behind it."""
    key, value, timeout = (call.argument(name) for name in ("key", "value", "timeout"))
    code = call.code
    if not isinstance(loop, ir.For) or key is None or value is None or loop.orelse:
        return None
    if call.argument("version") is not None or not isinstance(call.node.func, ir.Attr):
        return None
    if (
        timeout is not None
        and not isinstance(timeout, ir.Const)
        and mentions(timeout, *_targets(loop.target))
    ):
        return None
    statement = _statement(scope, call.node)
    if not isinstance(statement, ir.ExprStmt) or statement.value is not call.node:
        return None
    if any(isinstance(node, (ir.Raise, ir.Try, ir.Yield)) for node in walk(loop.body)):
        return None
    own_line, collected = line_start(file, code, loop), _free(names, file, "values")
    if own_line is None or collected is None:
        return None
    indent, start = own_line
    cache = file.text(code, call.node.func.value)
    rest = f", {file.text(code, timeout)}" if timeout is not None else ""
    after = line_end(file, code.range(loop).end)
    edits = (
        insert(file, start, f"{indent}{collected} = {{}}\n"),
        replace(
            file,
            code.range(call.node),
            f"{collected}[{file.text(code, key)}] = {file.text(code, value)}",
        ),
        insert(file, after, f"\n{indent}{cache}.set_many({collected}{rest})"),
    )
    return Fix("Write all values with `set_many()` behind the loop", Safety.REVIEW, edits)


def _statement(scope: Scope, node: ir.Node) -> ir.Stmt | None:
    for statements, _ in scope.blocks:
        found = statement_of(statements, node)
        if found is not None:
            return found
    return None


def _free(names: Names, file: FileContext, name: str) -> str | None:
    return name if not names.bindings(name) and name not in file.module.symbols.names else None


def _is_only_of(names: Names, key: ir.Expr, targets: set[str]) -> bool:
    """Whether the key needs nothing that the loop's body has to compute first."""
    for node in walk(key):
        if isinstance(node, ir.Name) and node.id not in targets:
            if any(bound.how != "parameter" for bound in names.bindings(node.id)):
                return False
        elif isinstance(node, (ir.Await, ir.Yield, ir.Walrus)):
            return False
    return True


def _rounds_once(scope: Scope, names: Names, code: Code, iterable: ir.Expr) -> bool:
    """Whether what is looped over can be looped over twice at no cost."""
    if not isinstance(iterable, ir.Name):
        return False
    if isinstance(scope.value(code, iterable), QuerySetValue):
        return True
    bound = names.bindings(iterable.id)
    if len(bound) != 1:
        return False
    value = bound[0].value
    if bound[0].how == "parameter":
        text = value.id if isinstance(value, ir.Name) else (
            value.value.id if isinstance(value, ir.Subscript) and isinstance(value.value, ir.Name) else None
        )  # fmt: skip
        return text not in ("Iterator", "Generator", "Iterable")
    if bound[0].how != "assigned":
        return False
    listed = (
        isinstance(value, ir.Call) and isinstance(value.func, ir.Name) and value.func.id in ("list", "sorted")
    )
    return (
        listed or isinstance(value, ir.Display) or (isinstance(value, ir.Comp) and value.kind != "generator")
    )
