"""All rows are loaded to look for one."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.querysets import FEW, is_only_use, is_read_later, is_shared
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.trace.values import QuerySetValue, Row

RULE = Rule(
    summary="`object in queryset` loads all rows to look for one",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    repeated = _in_loops(scope)
    for node, code in scope.nodes(ir.Compare):
        if len(node.ops) != 1 or node.ops[0] not in ("in", "not in"):
            continue
        left, right = scope.value(code, node.left), scope.value(code, node.rights[0])
        if not isinstance(left, Row) or not isinstance(right, QuerySetValue):
            continue
        if isinstance(node.rights[0], ir.Name) and (code, node.at) in repeated:
            continue  # loaded once, searched many times
        if _loads_for_one(file, scope, code, node, left, right):
            yield _hit(file, scope, code, node, left)


def _in_loops(scope: Scope) -> set[tuple[Code, int]]:
    """Comparisons that run more than once."""
    found: set[tuple[Code, int]] = set()
    for kind in (ir.For, ir.While, ir.Comp, ir.Lambda):
        for loop, code in scope.nodes(kind):
            found |= {(code, node.at) for node in walk(loop) if isinstance(node, ir.Compare)}
    return found


def _loads_for_one(
    file: FileContext, scope: Scope, code: Code, node: ir.Compare, left: Row, right: QuerySetValue
) -> bool:
    query, rows = right.query, node.rights[0]
    if query.shape != "instances" or query.sliced or query.combined or not right.certain:
        return False
    if is_shared(scope, rows) or (query.limit is not None and query.limit <= FEW):
        return False
    if not _same_table(file, left.model, query.model):
        return False
    if any(link.name in ("raw", "none") for link in query.chain):
        return False
    if right.cached or (right.related is not None and right.related.prefetched):
        return False
    return not is_read_later(scope, code, rows) and is_only_use(scope, code, rows.at, rows, "in")


def _same_table(file: FileContext, one: str, other: str) -> bool:
    """Whether rows of both are compared with each other: ``contains()`` refuses those of other models."""
    a, b = file.project.graph.get(one), file.project.graph.get(other)
    return a is not None and b is not None and (a.proxy_for or a.label) == (b.proxy_for or b.label)


def _hit(file: FileContext, scope: Scope, code: Code, node: ir.Compare, left: Row) -> Hit:
    if scope.function is not None and scope.function.node.is_async:
        fix = Fix("Use `await ….acontains()`", Safety.MANUAL)
    else:
        # nobody logged in is in no queryset, but `contains()` takes nothing that is no model instance
        anonymous = isinstance(node.left, ir.Attr) and node.left.name == "user"
        safety = Safety.REVIEW if anonymous or left.model == file.project.graph.auth_user else Safety.SAFE
        fix = Fix("Use `contains()`", safety, (_edit(file, code, node),))
    return Hit(
        file.place(code, node),
        f"`{node.ops[0]}` loads every row of this queryset to look for one: `contains()` lets the database look",
        fixes=(fix,),
    )


def _edit(file: FileContext, code: Code, node: ir.Compare) -> Edit:
    rows, wanted = file.text(code, node.rights[0]), file.text(code, node.left)
    func = node.rights[0]
    if (
        isinstance(func, ir.Call)
        and isinstance(func.func, ir.Attr)
        and func.func.name == "all"
        and not func.args
    ):
        rows = file.text(code, func.func.value)
    elif not isinstance(func, (ir.Name, ir.Attr, ir.Call, ir.Subscript)):
        rows = f"({rows})"
    text = f"{rows}.contains({wanted})"
    return replace(file, code.range(node), f"not {text}" if node.ops[0] == "not in" else text)
