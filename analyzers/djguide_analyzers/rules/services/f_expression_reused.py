"""An attribute still holds an ``F()`` expression when it is saved once more, or read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.f_expressions import mentions_f
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.flow import follows, innermost_loop
from djguide_analyzers.rules.nodes import alike, statement_of
from djguide_analyzers.rules.places import line_end, line_start
from djguide_analyzers.rules.row_bodies import TracedBody, bodies, names_column, stores
from djguide_analyzers.rules.row_changes import column_called

RULE = Rule(
    summary="An attribute that was assigned an `F()` expression is saved again or read: it still is the expression",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
    django="<6.0",
)

_TITLE = "Read the new value from the database first"


@dataclass(frozen=True, slots=True)
class _Reuse:
    """The first use of an attribute that takes the expression for a value, or applies it once more.

    `first` is the save that stored it, None if there was none yet.
    """

    node: ir.Assign
    target: ir.Attr
    model: Model
    field: Field
    first: ir.Call | None
    use: ir.Expr


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    for body in bodies(file.project, scope):
        found: dict[int, list[_Reuse]] = {}
        for node in walk(body.statements):
            match node:
                case ir.Assign(targets=[ir.Attr() as target], value=value) if value is not None:
                    reuse = _reuse(body, node, target) if mentions_f(scope, body.code, value) else None
                    if reuse is not None:
                        found.setdefault(reuse.use.at, []).append(reuse)
                case _:
                    pass
        for group in found.values():
            yield _hit(file, body, group)


def _reuse(body: TracedBody, node: ir.Assign, target: ir.Attr) -> _Reuse | None:
    model = body.model(target.value)
    field = column_called(model, target.name) if model is not None else None
    if model is None or field is None:
        return None
    key = body.key(target.value)
    saved = [call for call in stores(body, key, field) if follows(body.statements, node, call)]
    for use in _uses(body, node, target, field, saved):
        if not _is_fresh(body, node, use, target, field):
            return _Reuse(node, target, model, field, saved[0] if saved else None, use)
    return None


def _hit(file: FileContext, body: TracedBody, group: list[_Reuse]) -> Hit:
    """One finding for all the attributes that the same save stores once more."""
    first = group[0]
    names = " and ".join(f"`{each.target.name}`" for each in group)
    still = "still holds the `F()` expression that was assigned to it"
    if len(group) > 1:
        still = "still hold the `F()` expressions that were assigned to them"
    stored = isinstance(first.use, ir.Call)
    what = "this applies it a second time" if stored else "this is the expression, not a value"
    return Hit(
        file.place(body.code, first.use),
        f"{names} {still}: {what}",
        related=tuple(Related("assigned here", file.place(body.code, each.node)) for each in group),
        fixes=(_fix(file, body, group),),
        data={"model": first.model.label, "columns": [each.field.name for each in group]},
    )


def _uses(
    body: TracedBody, node: ir.Assign, target: ir.Attr, field: Field, saved: list[ir.Call]
) -> list[ir.Expr]:
    """Reads of the attribute, and saves behind the first one, in source order."""
    key = body.key(target.value)
    targets = {
        id(part)
        for statement in walk(body.statements)
        if isinstance(statement, (ir.Assign, ir.AugAssign))
        for part in (statement.targets if isinstance(statement, ir.Assign) else [statement.target])
    }
    used: list[ir.Expr] = []
    for part in walk(body.statements):
        if isinstance(part, ir.Attr) and part.name in (field.name, field.attname) and id(part) not in targets:
            if body.key(part.value) == key and follows(body.statements, node, part):
                used.append(part)
        elif isinstance(part, ir.Call) and any(part is call for call in saved):
            again = part is not saved[0] and follows(body.statements, saved[0], part)
            loop = innermost_loop(body.statements, part)
            if again or (loop is not None and innermost_loop(body.statements, node) is not loop):
                used.append(part)
    return used


def _is_fresh(body: TracedBody, node: ir.Assign, use: ir.Expr, target: ir.Attr, field: Field) -> bool:
    """Whether the attribute is set anew, or the row loaded anew, somewhere between the expression and a use."""
    loop = innermost_loop(body.statements, use)
    around = loop is not None and innermost_loop(body.statements, node) is not loop
    for part in walk(body.statements):
        if part is node or not _renews(body, part, target, field):
            continue
        if follows(body.statements, node, part) and (around or follows(body.statements, part, use)):
            return True
    return False


def _renews(body: TracedBody, part: ir.Node, target: ir.Attr, field: Field) -> bool:
    key = body.key(target.value)
    match part:
        case ir.Assign(targets=targets):
            return any(_is_set(body, each, target, field) for each in targets)
        case ir.Call(func=ir.Attr(value=value, name="refresh_from_db" | "arefresh_from_db")):
            fields = part.keyword("fields") or (part.args[1] if len(part.args) > 1 else None)
            return body.key(value) == key and names_column(fields, field)
    return False


def _is_set(body: TracedBody, assigned: ir.Expr, target: ir.Attr, field: Field) -> bool:
    """Whether an assignment gives the attribute, or the variable that holds the row, another value."""
    if isinstance(assigned, ir.Attr):
        same = body.key(assigned.value) == body.key(target.value)
        return same and assigned.name in (field.name, field.attname)
    held = target.value
    return isinstance(assigned, ir.Name) and isinstance(held, ir.Name) and assigned.id == held.id


def _fix(file: FileContext, body: TracedBody, group: list[_Reuse]) -> Fix:
    """Refresh the columns behind the save that has stored them."""
    first, use, target = group[0].first, group[0].use, group[0].target
    statement = statement_of(body.statements, first) if first is not None else None
    before = line_start(file, body.code, statement) if statement is not None else None
    if statement is None or before is None or not isinstance(statement, (ir.ExprStmt, ir.Assign)):
        return Fix(_TITLE, Safety.MANUAL)
    together = all(each.first is first and alike(each.target.value, target.value) for each in group)
    if not together or not (first is use or follows(body.statements, statement, use)):
        return Fix(_TITLE, Safety.MANUAL)
    row = file.text(body.code, target.value)
    columns = ", ".join(f'"{each.field.name}"' for each in group)
    waits = isinstance(statement, ir.ExprStmt) and isinstance(statement.value, ir.Await)
    refresh = f"await {row}.arefresh_from_db" if waits else f"{row}.refresh_from_db"
    end = line_end(file, body.code.range(statement).end)
    return Fix(_TITLE, Safety.SAFE, (insert(file, end, f"\n{before[0]}{refresh}(fields=[{columns}])"),))
