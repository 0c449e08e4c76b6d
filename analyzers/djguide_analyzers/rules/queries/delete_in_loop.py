"""Rows are deleted one by one."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.loop_writes import Written, is_hooked, loop_writes, names_used
from djguide_analyzers.trace.values import QuerySetValue, Row

RULE = Rule(
    summary="`delete()` in a loop over a queryset deletes rows one by one",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    for written in loop_writes(file, scope, "delete"):
        row, loop = written.event.receiver, written.loop
        model = file.project.graph.get(written.event.model)
        if not isinstance(row, Row) or row.path or loop is None or model is None:
            continue
        if row.root.identity != written.event.context.loops[-1].rows or is_hooked(file, model, "delete"):
            continue
        query = row.root.query
        if query is None or query.sliced or query.combined or isinstance(loop.iter, ir.Subscript):
            continue  # what is left out of a list, no queryset says
        if any(statement is written.statement for statement in loop.body) and _is_all(loop, written):
            yield Hit(
                file.place(written.code, written.call),
                "At least one DELETE per row: the queryset's own `delete()` removes them together, with "
                "cascades and signals",
                fixes=(_fix(file, scope, written, loop),),
                data={"model": model.label},
            )


def _is_all(loop: ir.For, written: Written) -> bool:
    """Whether the loop does nothing else with its rows."""
    if not isinstance(loop.target, ir.Name):
        return False
    others = [statement for statement in loop.body if statement is not written.statement]
    return not any(names_used([statement], loop.target.id) for statement in others)


def _fix(file: FileContext, scope: Scope, written: Written, loop: ir.For) -> Fix:
    code, title = written.code, "Use the queryset's delete()"
    value = scope.value(code, loop.iter)
    if not isinstance(value, QuerySetValue) or len(loop.body) != 1 or loop.orelse:
        return Fix(title, Safety.MANUAL)
    query = value.query
    if not value.certain or query.sliced or query.distinct or query.combined or query.shape != "instances":
        return Fix(title, Safety.MANUAL)
    if any(link.name in ("iterator", "raw") for link in query.chain) or not isinstance(
        loop.iter, (ir.Call, ir.Name)
    ):
        return Fix(title, Safety.MANUAL)
    if isinstance(written.statement, ir.ExprStmt) and isinstance(written.statement.value, ir.Await):
        return Fix(title, Safety.MANUAL)
    name = loop.target.id if isinstance(loop.target, ir.Name) else ""
    body = scope.function.statements if scope.function is not None else []
    if names_used(body, name) != names_used(loop, name):
        return Fix(title, Safety.MANUAL)
    rows = file.text(code, loop.iter)
    if isinstance(loop.iter, ir.Name) and names_used(body, loop.iter.id) > 2:
        return Fix(title, Safety.MANUAL)  # the rows are read elsewhere
    return Fix(title, Safety.REVIEW, (replace(file, code.range(loop), f"{rows}.delete()"),))
