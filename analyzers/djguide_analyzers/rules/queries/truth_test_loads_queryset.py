"""All rows are loaded to see whether there are any."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.querysets import FEW, is_only_use, is_read_later, is_shared
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Range
from djguide_analyzers.trace.values import QuerySetValue

RULE = Rule(
    summary="A condition loads all rows of a queryset that is used for nothing else",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    asked = {
        (code, call.args[0].at): call.at
        for call, code in scope.nodes(ir.Call)
        if isinstance(call.func, ir.Name) and call.func.id == "bool" and len(call.args) == 1
    }
    for node, code in scope.tests():
        value = scope.value(code, node)
        if isinstance(value, QuerySetValue):
            at = asked.get((code, node.at), node.at)
            if _loads_for_nothing(scope, code, node, at, value):
                yield _hit(file, scope, code, node)


def _loads_for_nothing(scope: Scope, code: Code, node: ir.Expr, at: int, value: QuerySetValue) -> bool:
    """Whether the test, noted at node `at`, is all that looks at the rows."""
    query = value.query
    if isinstance(node, ir.Walrus) or is_shared(scope, node) or query.single or not value.certain:
        return False
    if query.limit is not None and query.limit <= FEW:
        return False
    if any(link.name in ("raw", "none") for link in query.chain):
        return False
    if value.cached or (value.related is not None and value.related.prefetched):
        return False
    return not is_read_later(scope, code, node) and is_only_use(scope, code, at, node, "bool")


def _hit(file: FileContext, scope: Scope, code: Code, node: ir.Expr) -> Hit:
    if scope.function is not None and scope.function.node.is_async:
        fix = Fix("Use `await ….aexists()`", Safety.MANUAL)
    else:
        fix = Fix("Use `exists()`", Safety.SAFE, (_edit(file, code, node),))
    return Hit(
        file.place(code, node),
        "The condition loads every row of this queryset just to see whether there are any: `exists()` asks for one",
        fixes=(fix,),
    )


def _edit(file: FileContext, code: Code, node: ir.Expr) -> Edit:
    if (
        isinstance(node, ir.Call)
        and isinstance(node.func, ir.Attr)
        and node.func.name == "all"
        and not node.args
    ):
        return replace(file, Range(code.name_range(node.func).start, code.range(node).end), "exists()")
    if isinstance(node, (ir.Name, ir.Attr, ir.Call, ir.Subscript)):
        return insert(file, code.range(node).end, ".exists()")
    return replace(file, code.range(node), f"({file.text(code, node)}).exists()")
