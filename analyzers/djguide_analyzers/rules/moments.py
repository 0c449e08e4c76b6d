"""What code gives to columns that hold a moment, and what is known of it: naive, or only a date."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.modules import ClassInfo, Code
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.names import Names
from djguide_analyzers.trace.values import ManagerValue, QuerySetValue, Row

_METHODS = frozenset(
    {"filter", "exclude", "get", "create", "update", "get_or_create", "update_or_create", "acreate", "aget",
     "aupdate", "aget_or_create", "aupdate_or_create"}
)  # fmt: skip
_DAYS = frozenset({"datetime.date", "datetime.date.today", "django.utils.timezone.localdate"})
_MOMENTS = frozenset(
    {"django.utils.timezone.now", "django.utils.timezone.localtime", "datetime.datetime.now",
     "datetime.datetime.today", "datetime.datetime.utcnow"}
)  # fmt: skip
_MAX_DEPTH = 4


class Given(NamedTuple):
    """A value for a ``DateTimeField``; `lookup` is empty where it is stored or compared as it is.

    `call` and `keyword` are where it stands as an argument; None for ``row.column = value``.
    """

    field: Field
    lookup: str
    code: Code
    value: ir.Expr
    call: ir.Call | None = None
    keyword: ir.Keyword | None = None


def given_moments(file: FileContext, scope: Scope, names: Names) -> Iterator[Given]:
    """The values that a scope gives to columns of the models' own tables."""
    graph = file.project.graph
    for call, code in scope.nodes(ir.Call):
        model = _model(file, scope, names, code, call) if call.keywords else None
        for keyword in call.keywords if model is not None else ():
            name, _, lookup = (keyword.name or "").partition("__")
            field = _moment(model, name)
            if field is not None:
                yield Given(field, lookup, code, keyword.value, call, keyword)
    for node, code in scope.nodes(ir.Assign):
        for target in node.targets:
            row = scope.value(code, target.value) if isinstance(target, ir.Attr) else None
            if isinstance(row, Row) and isinstance(target, ir.Attr) and node.value is not None:
                field = _moment(graph.get(row.model), target.name)
                if field is not None and not _is_only_tried(scope, names, target.value):
                    yield Given(field, "", code, node.value)


def _is_only_tried(scope: Scope, names: Names, row: ir.Expr) -> bool:
    """Whether a row is made here and neither stored nor given away: something is tried out with it."""
    bound = names.bindings(row.id) if isinstance(row, ir.Name) else []
    if not isinstance(row, ir.Name) or len(bound) != 1 or not isinstance(bound[0].value, ir.Call):
        return False
    if not isinstance(bound[0].value.func, ir.Name) or bound[0].how != "assigned":
        return False
    attributes = [node for node, _ in scope.nodes(ir.Attr)]
    held = {id(node.value) for node in attributes if node.name not in ("save", "asave", "save_base")}
    uses = [node for node, _ in scope.nodes(ir.Name) if node.id == row.id]
    assigned = {id(target) for node, _ in scope.nodes(ir.Assign) for target in node.targets}
    return all(id(node) in held or id(node) in assigned for node in uses)


def _model(file: FileContext, scope: Scope, names: Names, code: Code, call: ir.Call) -> Model | None:
    func = call.func
    graph = file.project.graph
    if isinstance(func, ir.Attr) and func.name in _METHODS:
        receiver = scope.value(code, func.value)
        if isinstance(receiver, ManagerValue):
            return graph.get(receiver.model)
        return graph.get(receiver.query.model) if isinstance(receiver, QuerySetValue) else None
    if not isinstance(func, (ir.Name, ir.Attr)):
        return None
    symbol = names.symbol(code, func)
    return graph.of_class(symbol) if isinstance(symbol, ClassInfo) else None


def _moment(model: Model | None, name: str) -> Field | None:
    field = model.fields.get(name) if model is not None else None
    if field is None or not field.sure() or field.class_name != "django.db.models.fields.DateTimeField":
        return None
    return field


def is_day(file: FileContext, scope: Scope, names: Names, code: Code, node: ir.Expr, depth: int = 0) -> bool:
    """Whether an expression is certainly a date without a time."""
    if depth > _MAX_DEPTH:
        return False
    match node:
        case ir.Name(id=name):
            return _is_day_name(file, scope, names, name, depth)
        case ir.Binary(left=left, op="+" | "-"):
            return is_day(file, scope, names, code, left, depth + 1)
        case ir.Call(func=ir.Attr(value=ir.Call() as inner, name="date"), args=[], keywords=[]):
            return names.called(code, inner) in _MOMENTS
        case ir.Call(func=ir.Attr(value=value, name="replace")):
            return is_day(file, scope, names, code, value, depth + 1)
        case ir.Call():
            return names.called(code, node) in _DAYS
        case ir.Attr(value=value, name=name):
            row = scope.value(code, value)
            model = file.project.graph.get(row.model) if isinstance(row, Row) else None
            field = model.fields.get(name) if model is not None else None
            return (
                field is not None and field.sure() and field.class_name == "django.db.models.fields.DateField"
            )
    return False


def _is_day_name(file: FileContext, scope: Scope, names: Names, name: str, depth: int) -> bool:
    bound = names.bindings(name)
    if len(bound) != 1:
        return False
    one = bound[0]
    if one.how == "parameter":
        return one.value is not None and names.dotted(one.code, one.value) == "datetime.date"
    if one.how != "assigned" or one.value is None:
        return False
    return is_day(file, scope, names, one.code, one.value, depth + 1)
