"""Rows are counted to learn whether there is any."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.support.edits import replace
from djguide_analyzers.rules.support.querysets import answers_from_cache
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Range
from djguide_analyzers.trace.values import BuiltinMethod, ManagerValue, QuerySetValue

RULE = Rule(
    summary="`count()` is used only to learn whether any row exists",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
_ANY = {(">", 0), ("!=", 0), (">=", 1)}
_NONE = {("==", 0), ("<", 1), ("<=", 0)}


def check(file: FileContext) -> Iterator[Hit]:
    for scope in () if file.is_test else file.scopes:
        for node, code in scope.nodes(ir.Compare):
            yield from _comparison(file, scope, node, code)
        for node, code in scope.tests():
            if isinstance(node, ir.Call) and _counts(scope, code, node):
                yield _hit(file, code, node, node, negated=False)


def _comparison(file: FileContext, scope: Scope, node: ir.Compare, code: Code) -> Iterator[Hit]:
    if len(node.ops) != 1:
        return
    left, op, right = node.left, node.ops[0], node.rights[0]
    if isinstance(left, ir.Const):
        left, right, op = right, left, _MIRRORED.get(op, op)
    if not isinstance(right, ir.Const) or type(right.value) is not int or not isinstance(left, ir.Call):
        return
    shape = (op, right.value)
    if (shape in _ANY or shape in _NONE) and _counts(scope, code, left):
        yield _hit(file, code, node, left, negated=shape in _NONE)


def _counts(scope: Scope, code: Code, node: ir.Call) -> bool:
    """Whether a call is ``count()`` of a queryset that asks the database."""
    if not isinstance(node.func, ir.Attr) or node.func.name != "count" or node.args or node.keywords:
        return False
    method = scope.value(code, node.func)
    if not isinstance(method, BuiltinMethod) or not isinstance(
        method.receiver, (QuerySetValue, ManagerValue)
    ):
        return False
    return not answers_from_cache(scope, code, node.func.value, method.receiver)


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
    edits = [replace(file, code.name_range(method), "exists")]
    if negated or before.start != before.end:
        edits.append(replace(file, before, "not " if negated else ""))
    if after.start != after.end:
        edits.append(replace(file, after, ""))
    return tuple(edits)
