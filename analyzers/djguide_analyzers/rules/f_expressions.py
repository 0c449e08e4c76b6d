"""``F()``: letting the database compute from the value a column has then."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import import_name, replace
from djguide_analyzers.rules.finding import Fix, Safety
from djguide_analyzers.rules.flow import innermost_loop, reaches
from djguide_analyzers.rules.hooks import save_hooks
from djguide_analyzers.rules.nodes import alike
from djguide_analyzers.rules.row_bodies import TracedBody
from djguide_analyzers.rules.row_changes import Change
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.trace.values import ClassValue

F = "django.db.models.expressions.F"
_TITLE = "Let the database compute it with F()"
_COUNTED = frozenset(
    {
        "IntegerField", "BigIntegerField", "SmallIntegerField", "PositiveIntegerField", "PositiveBigIntegerField",
        "PositiveSmallIntegerField", "DecimalField",
    }
)  # fmt: skip
_SIMPLE = (ir.Name, ir.Const, ir.Attr, ir.Call, ir.Subscript)
_TIGHTER = frozenset({"*", "//", "/", "%", "**"})


def fix_with_f(file: FileContext, body: TracedBody, change: Change, stored: list[ir.Call]) -> Fix | None:
    """The change as an ``F()`` expression, if the attribute is just saved once and not looked at again."""
    if change.how != "computed" or change.field.django_base not in _COUNTED or len(stored) != 1:
        return None
    save = stored[0]
    if not isinstance(save.func, ir.Attr) or save.func.name not in ("save", "asave"):
        return None
    if innermost_loop(body.statements, save) is not innermost_loop(body.statements, change.statement):
        return None
    if _is_read_again(file, body, change, save) or _is_tested_before(body, change):
        return None
    edits = _edits(file, body.code, change)
    return Fix(_TITLE, Safety.REVIEW, edits) if edits is not None else None


def _edits(file: FileContext, code: Code, change: Change) -> tuple[Edit, ...] | None:
    imported = import_name(file, "django.db.models", "F")
    if imported is None:
        return None
    column = f'{imported[0]}("{change.field.attname}")'
    statement, value = change.statement, change.statement.value
    if value is None or any(
        isinstance(part, ir.Const) and isinstance(part.value, float) for part in walk(value)
    ):
        return None
    if isinstance(statement, ir.AugAssign):
        if statement.op not in ("+", "-", "*"):
            return None
        operand = file.text(code, value)
        if not isinstance(value, _SIMPLE) and not _binds_tighter(value, statement.op):
            operand = f"({operand})"
        text = f"{file.text(code, change.target)} = {column} {statement.op} {operand}"
        return (replace(file, code.range(statement), text), *imported[1])
    old = old_value(value, change)
    return (replace(file, code.range(old), column), *imported[1]) if old is not None else None


def _binds_tighter(value: ir.Expr, op: str) -> bool:
    return isinstance(value, ir.Binary) and op in ("+", "-") and value.op in _TIGHTER


def old_value(value: ir.Expr, change: Change) -> ir.Attr | None:
    """The one place at which a sum reads the old value; None where it is anything but a sum."""
    found = [
        part
        for part in walk(value)
        if isinstance(part, ir.Attr) and part.name == change.target.name and same_row(part, change.target)
    ]
    operand = value
    while isinstance(operand, ir.Binary) and operand.op in ("+", "-", "*"):
        if len(found) == 1 and operand.right is found[0] and operand.op != "-":
            return found[0]
        operand = operand.left
    return found[0] if len(found) == 1 and operand is found[0] and operand is not value else None


def same_row(one: ir.Attr, other: ir.Attr) -> bool:
    """Whether two attributes are of the same row, as it is written: of one variable, or one relation of it."""
    return _variable(one) is not None and alike(one.value, other.value)


def _variable(attribute: ir.Attr) -> ir.Name | None:
    """The variable that an attribute is read from, over relations."""
    node: ir.Expr = attribute
    while isinstance(node, ir.Attr):
        node = node.value
    return node if isinstance(node, ir.Name) else None


def _is_read_again(file: FileContext, body: TracedBody, change: Change, save: ir.Call) -> bool:
    """Whether anybody may see the expression in place of a number before the row is loaded anew."""
    row, variable = change.target.value, _variable(change.target)
    if variable is None or _hooks_read(file, change.model, change.field):
        return True
    skipped = {id(part) for node in (change.statement, save.func) for part in walk(node)}
    attributes = {id(part.value): part for part in walk(body.statements) if isinstance(part, ir.Attr)}
    for part in walk(body.statements):
        if id(part) in skipped or not isinstance(part, (ir.Name, ir.Attr)):
            continue
        attribute = attributes.get(id(part))
        if alike(part, row) or body.key(part) == change.key:
            harmless = attribute is not None and column_only(change, attribute)
        elif isinstance(part, ir.Name) and part.id == variable.id:
            harmless = attribute is not None  # the row that it hangs on is looked into, not handed on
        else:
            continue
        if not harmless and reaches(body.statements, change.statement, part):
            return True
    return False


def column_only(change: Change, attribute: ir.Attr) -> bool:
    """Whether an attribute of the row is another column, which tells nothing of the changed one."""
    if attribute.name in (change.field.name, change.field.attname):
        return False
    name = attribute.name
    return name == "pk" or name in change.model.fields or change.model.field_of_attname(name) is not None


def _hooks_read(file: FileContext, model: Model, field: Field) -> bool:
    """Whether something that runs with each save looks at the column."""
    return any(field.name in hook.reads or hook.calls for hook in save_hooks(file, model))


def _is_tested_before(body: TracedBody, change: Change) -> bool:
    """Whether the function decides something by the old value, which may be another one by then."""
    skipped = {id(part) for part in walk(change.statement)}
    return any(
        isinstance(part, ir.Attr)
        and id(part) not in skipped
        and part.name == change.target.name
        and body.key(part.value) == change.key
        for part in walk(body.statements)
    )


def update_fix(file: FileContext, code: Code, keyword: ir.Keyword, old: ir.Attr) -> Fix | None:
    """``update(column=row.column + 1)`` with ``F()`` instead of what was read."""
    parts = list(walk(keyword.value))
    if sum(alike(part, old) for part in parts if isinstance(part, ir.Attr)) != 1:
        return None
    if not all(isinstance(part, (ir.Binary, ir.Name, ir.Attr, ir.Call, ir.Const)) for part in parts):
        return None
    imported = import_name(file, "django.db.models", "F")
    if imported is None or not any(part is old for part in parts) or _is_argument(keyword.value, old):
        return None
    edit = replace(file, code.range(old), f'{imported[0]}("{old.name}")')
    return Fix(_TITLE, Safety.REVIEW, (edit, *imported[1]))


def _is_argument(value: ir.Expr, old: ir.Attr) -> bool:
    """Whether a function is called with the old value."""
    return any(isinstance(part, ir.Call) and any(p is old for p in walk(part)) for part in walk(value))


def mentions_f(scope: Scope, code: Code, node: ir.Expr) -> bool:
    """Whether a value is an expression over ``F()``."""
    return any(isinstance(part, ir.Call) and is_f(scope, code, part) for part in walk(node))


def is_f(scope: Scope, code: Code, call: ir.Call) -> bool:
    """Whether ``F("column")`` is written."""
    func = scope.value(code, call.func)
    return isinstance(func, ClassValue) and func.cls.dotted == F
