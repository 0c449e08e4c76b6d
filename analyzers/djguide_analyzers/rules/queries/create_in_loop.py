"""Rows are inserted one by one."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.loop_writes import (
    Written,
    does_more,
    end_of_line,
    fresh_name,
    indent_of,
    is_hooked,
    loop_writes,
    names_used,
)
from djguide_analyzers.source.positions import Range
from djguide_analyzers.trace.values import ClassValue, ManagerValue, QuerySetValue, Row

RULE = Rule(
    summary="`create()` in a loop inserts rows one by one",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    graph = file.project.graph
    for written in loop_writes(file, scope, "create", "save"):
        model = graph.get(written.event.model)
        loop = written.loop
        if loop is not None and (does_more(loop, written.call) or _is_over_groups(scope, written.code, loop)):
            continue
        if model is None or model.parents or not model.complete or is_hooked(file, model, "save"):
            continue
        if written.event.operation == "create":
            if isinstance(written.event.receiver, (QuerySetValue, ManagerValue)) and not _is_needed(written):
                yield _hit(file, written, model, _collected(file, scope, written))
        elif (made := _made(scope, written)) is not None and not _is_read(written, made):
            yield _hit(file, written, model, _collected_row(file, scope, written, made))


def _hit(file: FileContext, written: Written, model: Model, fix: Fix | None) -> Hit:
    return Hit(
        file.place(written.code, written.call),
        f"One INSERT per {model.name}: `bulk_create()` inserts them in batches",
        fixes=(fix or Fix("Collect the rows and insert them with bulk_create()", Safety.MANUAL),),
        data={"model": model.label},
    )


def _is_over_groups(scope: Scope, code: Code, loop: ir.For) -> bool:
    """Whether a loop runs over lists that the function fills by a key: groups, far fewer than what is in them."""
    match loop.iter:
        case (
            ir.Call(func=ir.Attr(value=ir.Name(id=name), name="items" | "values" | "keys")) | ir.Name(id=name)
        ):
            return any(
                where == code and _makes_lists(node.value) and _is_called(node.targets, name)
                for node, where in scope.nodes(ir.Assign)
            )
    return False


def _makes_lists(value: ir.Expr | None) -> bool:
    match value:
        case ir.Call(func=func, args=[ir.Name(id="list" | "set")]):
            return "defaultdict" in (getattr(func, "id", ""), getattr(func, "name", ""))
    return False


def _is_called(targets: list[ir.Expr], name: str) -> bool:
    return any(isinstance(target, ir.Name) and target.id == name for target in targets)


def _is_needed(written: Written) -> bool:
    """Whether the loop does something with the new row, which may need its key at once."""
    statement, loop = written.statement, written.loop
    if loop is None:
        return False
    if isinstance(statement, ir.ExprStmt):
        return False
    if isinstance(statement, ir.Assign):
        names = [target.id for target in statement.targets if isinstance(target, ir.Name)]
        return not names or any(names_used(loop.body, name) > 1 for name in names)
    return not _is_collected(loop, written.call)


def _is_collected(loop: ir.For, call: ir.Call) -> bool:
    """Whether the new row goes straight into a list."""
    return any(
        isinstance(node, ir.Call)
        and isinstance(node.func, ir.Attr)
        and node.func.name == "append"
        and any(arg is call for arg in node.args)
        for node in walk(loop.body)
    )


def _collected(file: FileContext, scope: Scope, written: Written) -> Fix | None:
    """``rows.append(Model(...))`` in the loop, ``bulk_create(rows)`` behind it."""
    call, code, loop = written.call, written.code, written.loop
    func = call.func
    if loop is None or not isinstance(func, ir.Attr) or func.name != "create" or call.args:
        return None
    manager = func.value
    if (
        not isinstance(manager, ir.Attr)
        or not isinstance(manager.value, ir.Name)
        or manager.name != "objects"
    ):
        return None
    if not isinstance(scope.value(code, manager.value), ClassValue):
        return None
    if not isinstance(written.statement, ir.ExprStmt) or isinstance(written.statement.value, ir.Await):
        return None
    cls = manager.value.id
    rows = fresh_name(scope, "created", "new_rows")
    outside = indent_of(file, code, loop)
    if rows is None or outside is None or loop.orelse:
        return None
    start, end = code.range(call).start, code.range(call).end
    edits = (
        insert(file, code.range(loop).start, f"{rows} = []\n{outside}"),
        replace(file, Range(start, code.range(func).end), f"{rows}.append({cls}"),
        insert(file, end, ")"),
        insert(
            file,
            end_of_line(file, code.range(loop).end),
            f"\n{outside}{cls}.objects.bulk_create({rows}, batch_size=500)",
        ),
    )
    return Fix("Collect the rows and insert them with bulk_create()", Safety.REVIEW, edits)


# --- a row that is built, then saved ---------------------------------------------------------------------


def _made(scope: Scope, written: Written) -> ir.Assign | None:
    """The assignment in the same loop that builds the row which is saved."""
    row, loop = written.event.receiver, written.loop
    if not isinstance(row, Row) or row.path or loop is None:
        return None
    for node in walk(loop.body):
        if isinstance(node, ir.Assign) and isinstance(node.value, ir.Call):
            value = scope.value(written.code, node.value)
            if isinstance(value, Row) and value.root.identity == row.root.identity:
                built = isinstance(scope.value(written.code, node.value.func), ClassValue)
                single = len(node.targets) == 1 and isinstance(node.targets[0], ir.Name)
                return node if built and single else None
    return None


def _is_read(written: Written, made: ir.Assign) -> bool:
    """Whether the loop reads the row behind its ``save()``, or hands it to something."""
    assert written.loop is not None
    name = made.targets[0].id if isinstance(made.targets[0], ir.Name) else ""
    after = False
    for node in walk(written.loop.body):
        if node is written.call:
            after = True
        elif isinstance(node, ir.Name) and node.id == name and after:
            own = written.call.func
            if not (isinstance(own, ir.Attr) and own.value is node):
                return True
        elif isinstance(node, ir.Call) and node is not written.call and _is_called_on(node, name):
            return True
    return False


def _is_called_on(call: ir.Call, name: str) -> bool:
    receiver = call.func.value if isinstance(call.func, ir.Attr) else None
    return isinstance(receiver, ir.Name) and receiver.id == name


def _collected_row(file: FileContext, scope: Scope, written: Written, made: ir.Assign) -> Fix | None:
    call, code, loop = written.call, written.code, written.loop
    assert isinstance(made.value, ir.Call) and isinstance(made.targets[0], ir.Name)
    if loop is None or not isinstance(made.value.func, ir.Name) or call.args or call.keywords or loop.orelse:
        return None
    if not isinstance(written.statement, ir.ExprStmt) or isinstance(written.statement.value, ir.Await):
        return None
    rows, outside = fresh_name(scope, "created", "new_rows"), indent_of(file, code, loop)
    if rows is None or outside is None:
        return None
    edits = (
        insert(file, code.range(loop).start, f"{rows} = []\n{outside}"),
        replace(file, code.range(call), f"{rows}.append({made.targets[0].id})"),
        insert(
            file,
            end_of_line(file, code.range(loop).end),
            f"\n{outside}{made.value.func.id}.objects.bulk_create({rows}, batch_size=500)",
        ),
    )
    return Fix("Collect the rows and insert them with bulk_create()", Safety.REVIEW, edits)
