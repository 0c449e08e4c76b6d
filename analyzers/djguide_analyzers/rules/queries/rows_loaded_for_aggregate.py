"""A column is added up in Python."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import import_name, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.grouping import selected, values_link
from djguide_analyzers.rules.layout import quoted
from djguide_analyzers.rules.querysets import FEW, answers_from_cache, is_only_use, is_read_later, is_shared
from djguide_analyzers.trace.values import QuerySetValue

RULE = Rule(
    summary="`sum()`, `min()` or `max()` of a column loads all rows for one number",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)

_AGGREGATES = {"sum": "Sum", "min": "Min", "max": "Max"}
_ADDABLE = frozenset(
    {"IntegerField", "PositiveIntegerField", "PositiveSmallIntegerField", "SmallIntegerField", "BigIntegerField",
     "PositiveBigIntegerField", "DecimalField", "FloatField", "DurationField"}
)  # fmt: skip
_COMPARABLE = _ADDABLE | {"DateField", "DateTimeField", "AutoField", "BigAutoField", "TimeField"}


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    for node, code in scope.nodes(ir.Call):
        if not isinstance(node.func, ir.Name) or node.func.id not in _AGGREGATES or len(node.args) != 1:
            continue
        found = _column(scope, code, node.args[0])
        if found is not None and _is_for_nothing_else(scope, code, found[0]):
            rows, name = found
            if _is_column(file, scope, code, rows, name, node.func.id):
                yield _hit(file, scope, code, node, rows, name)


def _column(scope: Scope, code: Code, node: ir.Expr) -> tuple[ir.Expr, str] | None:
    """The queryset expression and the column that an argument reads of each of its rows."""
    match node:
        case ir.Comp(
            kind="list" | "generator",
            element=ir.Attr(value=ir.Name(id=row), name=name),
            clauses=[ir.Clause(target=ir.Name(id=target), iter=rows, ifs=[], is_async=False)],
        ) if row == target:
            value = scope.value(code, rows)
            return (
                (rows, name)
                if isinstance(value, QuerySetValue) and value.query.shape == "instances"
                else None
            )
    value = scope.value(code, node)
    if isinstance(value, QuerySetValue) and value.query.shape == "scalars":
        link = values_link(value.query)
        names = selected(link) if link is not None else None
        return (node, names[0]) if names is not None and len(names) == 1 else None
    return None


def _is_for_nothing_else(scope: Scope, code: Code, rows: ir.Expr) -> bool:
    value = scope.value(code, rows)
    if not isinstance(value, QuerySetValue) or not value.certain or is_shared(scope, rows):
        return False
    query = value.query
    if query.combined or query.distinct or query.single or answers_from_cache(scope, code, rows, value):
        return False
    if query.limit is not None and query.limit <= FEW:
        return False
    if any(link.name in ("raw", "none", "iterator", "dates", "datetimes") for link in query.chain):
        return False
    return not is_read_later(scope, code, rows) and is_only_use(scope, code, rows.at, rows, "iterate")


def _is_column(file: FileContext, scope: Scope, code: Code, rows: ir.Expr, name: str, function: str) -> bool:
    value = scope.value(code, rows)
    model = file.project.graph.get(value.query.model) if isinstance(value, QuerySetValue) else None
    field = model.fields.get(name) if model is not None else None
    if field is None or field.kind != "column" or field.class_name.rpartition(".")[2] != field.django_base:
        return False
    return field.django_base in (_ADDABLE if function == "sum" else _COMPARABLE)


def _hit(file: FileContext, scope: Scope, code: Code, node: ir.Call, rows: ir.Expr, name: str) -> Hit:
    assert isinstance(node.func, ir.Name)
    function = node.func.id
    cls = _AGGREGATES[function]
    title = f'Use aggregate({cls}("{name}"))'
    fix = Fix(title, Safety.MANUAL)
    imported = import_name(file, "django.db.models", cls)
    is_async = scope.function is not None and scope.function.node.is_async
    if imported is not None and not node.keywords and not is_async:
        base = _without_values(file, code, rows)
        key = "total" if function == "sum" else function
        text = f"{base}.aggregate({key}={imported[0]}({quoted(file, name)}))[{quoted(file, key)}]"
        text = f"({text} or 0)" if function == "sum" else text
        fix = Fix(title, Safety.REVIEW, (replace(file, code.range(node), text), *imported[1]))
    return Hit(
        file.place(code, node),
        f"`{function}()` loads every row for one number: `aggregate()` lets the database compute it from `{name}`",
        fixes=(fix,),
    )


def _without_values(file: FileContext, code: Code, rows: ir.Expr) -> str:
    """The queryset without its last ``all()`` or ``values_list()``."""
    if (
        isinstance(rows, ir.Call)
        and isinstance(rows.func, ir.Attr)
        and rows.func.name in ("all", "values_list")
    ):
        return file.text(code, rows.func.value)
    text = file.text(code, rows)
    return text if isinstance(rows, (ir.Name, ir.Attr, ir.Call, ir.Subscript)) else f"({text})"
