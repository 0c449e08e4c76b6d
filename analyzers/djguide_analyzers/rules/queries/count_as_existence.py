"""Rows are counted to learn whether there is any."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.counting import compared_with_none
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.querysets import answers_from_cache
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Range
from djguide_analyzers.trace.events import QueryRun
from djguide_analyzers.trace.values import BuiltinMethod, ManagerValue, QuerySetValue, Site

RULE = Rule(
    summary="`count()` is used only to learn whether any row exists",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_LOADS_ROWS = frozenset({"iterate", "len", "bool", "in"})


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    for node, code in scope.nodes(ir.Compare):
        yield from _comparison(file, scope, node, code)
    for node, code in scope.tests():
        if (call := _count(scope, code, node)) is not None:
            yield _hit(file, code, node, call, negated=False)


def _comparison(file: FileContext, scope: Scope, node: ir.Compare, code: Code) -> Iterator[Hit]:
    compared = compared_with_none(node)
    if compared is not None and (call := _count(scope, code, compared[0])) is not None:
        yield _hit(file, code, node, call, negated=not compared[1])


def _count(scope: Scope, code: Code, node: ir.Expr) -> ir.Call | None:
    """The call ``count()`` (or the awaited ``acount()``) of a queryset that asks the database; None for others."""
    expected = "acount" if isinstance(node, ir.Await) else "count"
    call = node.value if isinstance(node, ir.Await) else node
    if not isinstance(call, ir.Call) or not isinstance(call.func, ir.Attr) or call.func.name != expected:
        return None
    method = scope.value(code, call.func)
    if call.args or call.keywords or not isinstance(method, BuiltinMethod):
        return None
    counted = method.receiver
    if not isinstance(counted, (QuerySetValue, ManagerValue)):
        return None
    if answers_from_cache(scope, code, call.func.value, counted) or _is_loaded(scope, code, call, counted):
        return None
    return call


def _is_loaded(scope: Scope, code: Code, call: ir.Call, counted: QuerySetValue | ManagerValue) -> bool:
    """Whether the rows of the queryset object have been loaded before, so that counting them is free."""
    if not isinstance(counted, QuerySetValue):
        return False
    site = Site(code, call.at)
    for event in scope.trace.events:
        if isinstance(event, QueryRun) and event.identity == counted.identity:
            if event.site == site:
                return False
            if event.operation in _LOADS_ROWS:
                return True
    return False


def _hit(file: FileContext, code: Code, whole: ir.Expr, call: ir.Call, *, negated: bool) -> Hit:
    assert isinstance(call.func, ir.Attr)
    edits = _edits(file, code, whole, call, call.func, negated=negated)
    return Hit(
        file.place(code, whole),
        "`count()` counts every matching row, but only their existence matters: `exists()` stops at the first",
        fixes=(Fix("Use `exists()`", Safety.SAFE if edits else Safety.MANUAL, edits),),
        data={"receiver": file.text(code, call.func.value)},
    )


def _edits(
    file: FileContext, code: Code, whole: ir.Expr, call: ir.Call, method: ir.Attr, *, negated: bool
) -> tuple[Edit, ...]:
    """The call renamed, and the comparison around it cut away; none where that would cut away a comment."""
    outer, inner = code.range(whole), code.range(call)
    before, after = Range(outer.start, inner.start), Range(inner.end, outer.end)
    if "#" in file.slice(before) + file.slice(after):
        return ()
    awaited = method.name == "acount"
    edits = [replace(file, code.name_range(method), "aexists" if awaited else "exists")]
    prefix = f"{'not ' if negated else ''}{'await ' if awaited else ''}"
    if prefix != file.slice(before):
        edits.append(replace(file, before, prefix))
    if after.start != after.end:
        edits.append(replace(file, after, ""))
    return tuple(edits)
