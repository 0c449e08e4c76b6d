"""Rows are saved one by one."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Model
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.layout import quoted
from djguide_analyzers.rules.loop_writes import (
    Written,
    end_of_line,
    fresh_name,
    indent_of,
    is_hooked,
    loop_writes,
    names_used,
)
from djguide_analyzers.rules.meta import texts
from djguide_analyzers.rules.nodes import attributes_set
from djguide_analyzers.trace.events import Write
from djguide_analyzers.trace.values import QuerySetValue, Row

RULE = Rule(
    summary="`save()` in a loop over a queryset updates rows one by one",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    graph = file.project.graph
    for written in loop_writes(file, scope, "save"):
        row, loop = written.event.receiver, written.loop
        model = graph.get(written.event.model)
        if not isinstance(row, Row) or row.path or loop is None or model is None:
            continue
        if row.root.identity != written.event.context.loops[-1].rows or not isinstance(loop.target, ir.Name):
            continue
        if _inserts(written.call, loop, loop.target.id, model) or _has_more_to_write(scope, written):
            continue
        columns = _changed(model, loop, loop.target.id)
        if columns and not is_hooked(file, model, "save"):
            yield _hit(file, scope, written, loop, model, columns)


def _has_more_to_write(scope: Scope, written: Written) -> bool:
    """Whether a round writes rows of other models before: what it saves then says that this is done."""
    running = written.event.context.loops[-1].site
    return any(
        isinstance(event, Write)
        and event.model != written.event.model
        and any(loop.site == running for loop in event.context.loops)
        for event in scope.trace.events
    )


def _inserts(call: ir.Call, loop: ir.For, name: str, model: Model) -> bool:
    """Whether the row is saved as a new one: a copy."""
    if call.keyword("force_insert") is not None:
        return True
    return any(
        isinstance(target, ir.Attr)
        and isinstance(target.value, ir.Name)
        and target.value.id == name
        and target.name in ("pk", model.pk, "_state")
        for node in walk(loop.body)
        if isinstance(node, ir.Assign)
        for target in node.targets
    )


def _changed(model: Model, loop: ir.For, name: str) -> list[str]:
    """Columns of the row that the loop sets."""
    found: list[str] = []
    for attribute in attributes_set(loop.body, name):
        field = model.fields.get(attribute) or model.field_of_attname(attribute)
        if field is not None and field.column is not None:
            found.append(field.name)
    return list(dict.fromkeys(found))


def _hit(
    file: FileContext, scope: Scope, written: Written, loop: ir.For, model: Model, columns: list[str]
) -> Hit:
    fix = None
    if written.event.operation == "save" and not _has_auto_now(model):
        fix = _as_update(file, scope, written, loop, model) or _as_bulk(
            file, scope, written, loop, model, columns
        )
    return Hit(
        file.place(written.code, written.call),
        "One UPDATE per row: `update()` writes one value to all rows, `bulk_update()` writes different ones in "
        "batches",
        fixes=(fix or Fix("Collect the rows and write them with bulk_update()", Safety.MANUAL),),
        data={"model": model.label},
    )


def _has_auto_now(model: Model) -> bool:
    """Whether `save()` sets columns that the bulk forms leave as they are."""
    return any(
        field.call is not None and field.call.keyword("auto_now") is not None
        for field in model.fields.values()
    )


def _as_update(file: FileContext, scope: Scope, written: Written, loop: ir.For, model: Model) -> Fix | None:
    """``rows.update(column=value)`` in place of a loop that only sets values that do not depend on the row."""
    *assignments, last = loop.body
    rows = scope.value(written.code, loop.iter)
    if last is not written.statement or loop.orelse or not isinstance(rows, QuerySetValue) or not assignments:
        return None
    if rows.query.sliced or rows.query.distinct or rows.query.combined or rows.query.shape != "instances":
        return None
    if any(link.name in ("iterator", "raw") for link in rows.query.chain) or not isinstance(
        loop.iter, (ir.Call, ir.Name)
    ):
        return None
    name = loop.target.id if isinstance(loop.target, ir.Name) else ""
    values: list[str] = []
    for node in assignments:
        match node:
            case ir.Assign(targets=[ir.Attr(value=ir.Name(id=row), name=column)], value=value) if row == name:
                field = model.fields.get(column) or model.field_of_attname(column)
                if value is None or field is None or field.column is None or not _is_constant(value, name):
                    return None
                values.append(f"{column}={file.text(written.code, value)}")
            case _:
                return None
    body = scope.function.statements if scope.function is not None else []
    if isinstance(loop.iter, ir.Name) and names_used(body, loop.iter.id) > 2:
        return None  # the rows are read elsewhere
    if names_used(body, name) != names_used(loop, name):
        return None
    text = f"{file.text(written.code, loop.iter).removesuffix('.all()')}.update({', '.join(values)})"
    return Fix("Use update()", Safety.REVIEW, (replace(file, written.code.range(loop), text),))


def _is_constant(value: ir.Expr, name: str) -> bool:
    return isinstance(value, (ir.Const, ir.Name, ir.Attr)) and not names_used(value, name)


def _as_bulk(
    file: FileContext, scope: Scope, written: Written, loop: ir.For, model: Model, columns: list[str]
) -> Fix | None:
    """Collect the rows in the loop and write them behind it."""
    row = written.event.receiver
    query = row.root.query if isinstance(row, Row) else None
    code, call = written.code, written.call
    if query is None or query.origin is None or query.origin.code.module.path != file.path or loop.orelse:
        return None
    origin = file.lines.slice(query.origin.code.range(query.origin.at))
    name = loop.target.id if isinstance(loop.target, ir.Name) else ""
    if not origin.replace(".", "").isidentifier() or origin.count(".") != 1 or query.origin.code != code:
        return None
    given = call.keyword("update_fields")
    if call.args or len(call.keywords) > (given is not None) or _is_handed_on(loop, name, call):
        return None
    if given is not None:
        listed = texts(given)
        if listed is None or not set(columns) <= set(listed):
            return None
        columns = listed
    inside, outside = indent_of(file, code, call), indent_of(file, code, loop)
    changed = fresh_name(scope, "changed", f"changed_{name}s")
    if inside is None or outside is None or changed is None or not isinstance(written.statement, ir.ExprStmt):
        return None
    if isinstance(written.statement.value, ir.Await):
        return None
    end = end_of_line(file, code.range(loop).end)
    names = ", ".join(quoted(file, column) for column in columns)
    edits = (
        insert(file, code.range(loop).start, f"{changed} = []\n{outside}"),
        replace(file, code.range(call), f"{changed}.append({name})"),
        insert(file, end, f"\n{outside}{origin}.bulk_update({changed}, [{names}], batch_size=500)"),
    )
    return Fix("Collect the rows and write them with bulk_update()", Safety.REVIEW, edits)


def _is_handed_on(loop: ir.For, name: str, call: ir.Call) -> bool:
    """Whether something else in the loop gets hold of the row, and might change or rely on it."""
    for node in walk(loop.body):
        if isinstance(node, ir.Call) and node is not call:
            if (
                isinstance(node.func, ir.Attr)
                and isinstance(node.func.value, ir.Name)
                and node.func.value.id == name
            ):
                return True
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            if any(isinstance(arg, ir.Name) and arg.id == name for arg in given):
                return True
        if isinstance(node, ir.Jump) and node.kind != "pass" and node.kind != "continue":
            return True
    return False
