"""An asynchronous database call is made and not awaited."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.async_calls import database_calls, is_async
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.finding import Fix, Safety, Severity

RULE = Rule(
    summary="An asynchronous database call that nothing awaits never runs",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    statements = {node.value.at for node, _ in scope.nodes(ir.ExprStmt)}
    for node, func, code in database_calls(scope, asynchronous=True):
        if node.at not in statements:
            continue
        fix = Fix(f"Await it, or call `{func.name[1:]}()` in synchronous code", Safety.MANUAL)
        if is_async(scope):
            fix = Fix("Await it", Safety.SAFE, (insert(file, code.range(node).start, "await "),))
        yield Hit(
            file.place(code, node),
            f"`{func.name}()` only makes a coroutine: without `await` nothing happens in the database",
            fixes=(fix,),
        )
