"""Rows that a function creates, by a manager's method or an instance that is saved, and with which values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import Code
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.comments import comments
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.lookups import field_called
from djguide_analyzers.rules.missing_rows import Missing
from djguide_analyzers.rules.nodes import block_of
from djguide_analyzers.rules.queryset_calls import has_star, queryset_calls
from djguide_analyzers.rules.uniqueness import LookUp
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Range
from djguide_analyzers.trace.values import ClassValue, ManagerValue, QuerySetValue, Row


@dataclass(frozen=True, slots=True)
class Creation:
    """A row is created by the call `node`.

    Attributes:
        values: What its columns get, by field name, as far as it is written.
        receiver: The manager or queryset; None for an instance that is saved later.
    """

    node: ir.Call
    code: Code
    model: str
    values: dict[str, ir.Expr]
    receiver: QuerySetValue | ManagerValue | None


def creations(project: Project, scope: Scope) -> Iterator[Creation]:
    """The rows that a function creates one at a time, with columns that are all written out."""
    for call in queryset_calls(scope, "create"):
        model = project.graph.get(call.model)
        values = _values(model, call.node) if model is not None else None
        if values is not None:
            yield Creation(call.node, call.code, call.model, values, call.receiver)
    saved = {
        value.key
        for node, code in scope.nodes(ir.Call)
        if isinstance(node.func, ir.Attr)
        and node.func.name in ("save", "asave")
        and isinstance(value := scope.value(code, node.func.value), Row)
    }
    for node, code in scope.nodes(ir.Call):
        cls = scope.value(code, node.func)
        row = scope.value(code, node)
        if isinstance(cls, ClassValue) and isinstance(row, Row) and row.key in saved:
            model = project.graph.of_class(cls.cls)
            values = _values(model, node) if model is not None else None
            if model is not None and values is not None:
                yield Creation(node, code, model.label, values, None)


def _values(model: Model, call: ir.Call) -> dict[str, ir.Expr] | None:
    if call.args or has_star(call):
        return None
    found: dict[str, ir.Expr] = {}
    for keyword in call.keywords:
        column = field_called(model, keyword.name or "")
        if column is not None:
            found[column.name] = keyword.value
    return found


# --- as get_or_create() ----------------------------------------------------------------------------------


def get_or_create_edits(
    file: FileContext, statements: list[ir.Stmt], missing: Missing, creation: Creation, found: LookUp
) -> tuple[Edit, ...] | None:
    """The edit that replaces looking and creating by one call; None where they do more than that.

    Values that are computed are left alone: they would be computed for rows that are there as well.
    """
    extra = {name: value for name, value in creation.values.items() if name not in found.exact}
    if any(isinstance(part, (ir.Call, ir.Await)) for value in extra.values() for part in walk(value)):
        return None
    before = _replaced(statements, missing, creation)
    func = creation.node.func
    if before is None or creation.receiver is None or not isinstance(func, ir.Attr):
        return None
    range_, prefix, suffix = before
    if any(comments(file.slice(range_))):
        return None
    code = creation.code
    keys: list[str] = []
    defaults: list[str] = []
    for keyword in creation.node.keywords:
        text = file.text(code, keyword.value)
        if any(keyword.value is value for value in extra.values()):
            defaults.append(f'"{keyword.name}": {text}')
        else:
            keys.append(f"{keyword.name}={text}")
    arguments = [*keys, f"defaults={{{', '.join(defaults)}}}"] if defaults else keys
    manager = file.text(code, func.value)
    text = f"{prefix}{manager}.get_or_create({', '.join(arguments)}){suffix}"
    return (replace(file, range_, text),) if "\n" not in text else None


def _replaced(
    statements: list[ir.Stmt], missing: Missing, creation: Creation
) -> tuple[Range, str, str] | None:
    """What an edit takes the place of, and what stands around the call then."""
    code, call = creation.code, missing.call
    match missing.statement:
        case ir.If(test=ir.Unary(op="not", operand=test), body=[ir.ExprStmt(value=made)], orelse=[]) if (
            test is call.node and made is creation.node and call.name in ("exists", "count")
        ):
            return code.range(missing.statement), "", ""
        case ir.If(test=test, body=[ir.Assign(targets=[ir.Name(id=name)], value=made)], orelse=[]) if (
            made is creation.node and not isinstance(test, ir.Bool)
        ):
            block = block_of(statements, missing.statement)
            earlier = block[0][block[1] - 1] if block is not None and block[1] else None
            match earlier:
                case ir.Assign(targets=[ir.Name(id=first)], value=value) if (
                    value is call.node and first == name
                ):
                    whole = Range(code.range(earlier).start, code.range(missing.statement).end)
                    return whole, f"{name} = ", "[0]"
            return None
        case ir.Try(body=[looked], handlers=[ir.Handler(body=[made])], orelse=[], final=[]):
            return _tried(code.range(missing.statement), looked, made, call.node, creation.node)
    return None


def _tried(
    whole: Range, looked: ir.Stmt, made: ir.Stmt, get: ir.Call, create: ir.Call
) -> tuple[Range, str, str] | None:
    match looked, made:
        case ir.Return(value=one), ir.Return(value=other) if one is get and other is create:
            return whole, "return ", "[0]"
        case (
            ir.Assign(targets=[ir.Name(id=name)], value=one),
            ir.Assign(targets=[ir.Name(id=same)], value=other),
        ) if one is get and other is create and name == same:
            return whole, f"{name} = ", "[0]"
    return None
