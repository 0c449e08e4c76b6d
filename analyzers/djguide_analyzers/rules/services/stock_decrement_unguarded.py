"""An amount that can run out is lowered in the database, and nothing keeps it from going below zero."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import append_argument, insert
from djguide_analyzers.rules.f_expressions import is_f
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.held_locks import is_protected
from djguide_analyzers.rules.lookups import conditions
from djguide_analyzers.rules.loop_writes import runs_once
from djguide_analyzers.rules.meta import items, meta_option
from djguide_analyzers.rules.nodes import statement_of
from djguide_analyzers.rules.places import line_end, line_start
from djguide_analyzers.rules.queryset_calls import QuerySetCall, has_star, queryset_calls
from djguide_analyzers.rules.row_bodies import TracedBody, bodies, stored_after
from djguide_analyzers.rules.row_changes import NUMBERS, column_called
from djguide_analyzers.trace.values import QuerySetValue

RULE = Rule(
    summary="Something that can run out is lowered with `F()`, and may go below zero",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)

_AMOUNTS = frozenset(
    {
        "stock", "stocks", "inventory", "quantity", "quantities", "qty", "seats", "seat", "tickets", "credit",
        "credits", "balance", "available", "remaining", "left", "capacity", "places", "spots", "slots", "allowance",
        "quota", "budget", "vacancies", "onhand", "funds", "points", "tokens", "coins", "units", "pieces", "copies",
        "licenses", "vouchers", "coupons",
    }
)  # fmt: skip
"""Words for what can run out; positions, counters and differences may well go down without limit."""
_WORD = re.compile(r"[a-z]+")
_TITLE = "Lower it only while there is enough"


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test or runs_once(file):
        return
    for body in bodies(file.project, scope):
        yield from _updates(file, scope, body)
        yield from _assignments(file, scope, body)


# --- queryset.update() -----------------------------------------------------------------------------------


def _updates(file: FileContext, scope: Scope, body: TracedBody) -> Iterator[Hit]:
    for call in queryset_calls(scope, "update"):
        model = file.project.graph.get(call.model)
        if model is None or call.code != body.code:
            continue
        for keyword in call.node.keywords:
            field = column_called(model, keyword.name or "")
            taken = _taken(scope, body.code, keyword.value, field) if field is not None else None
            if field is None or taken is None or not _may_go_below(file, model, field):
                continue
            if _is_compared(call, field) or _is_checked(file, scope, body, call.node, model, field):
                continue
            fix = _fix(file, body, call, field, taken)
            yield _hit(file, body.code, keyword.value, model, field, fix)


def _is_compared(call: QuerySetCall, field: Field) -> bool:
    """Whether the rows to update are chosen by the column, or may be: not all of the conditions are written out."""
    receiver = call.receiver
    if not isinstance(receiver, QuerySetValue):
        return False
    query = receiver.query
    names = set(query.filters)
    for link in query.chain:
        names |= {keyword.name or "" for keyword in conditions(link.node)}
        if link.name in ("filter", "exclude", "complex_filter") and not _is_written(link.node):
            return True
    return query.opaque or any(name.split("__")[0] in (field.name, field.attname) for name in names)


def _is_written(call: ir.Call) -> bool:
    """Whether all conditions of a filtering call are spelled out as names and values."""
    if has_star(call):
        return False
    return all(any(True for _ in conditions(ir.Call(arg.at, call.func, [arg], []))) for arg in call.args)


# --- instances -------------------------------------------------------------------------------------------


def _assignments(file: FileContext, scope: Scope, body: TracedBody) -> Iterator[Hit]:
    """``row.stock = F("stock") - quantity``, saved afterwards."""
    for node in walk(body.statements):
        match node:
            case ir.Assign(targets=[ir.Attr() as target], value=value) if value is not None:
                model = body.model(target.value)
                field = column_called(model, target.name) if model is not None else None
            case _:
                continue
        if model is None or field is None or _taken(scope, body.code, value, field) is None:
            continue
        key = body.key(target.value)
        if not _may_go_below(file, model, field) or not stored_after(body, node, key, field):
            continue
        if not _is_checked(file, scope, body, node, model, field):
            yield _hit(file, body.code, node, model, field, Fix(_TITLE, Safety.MANUAL))


# --- what may run out ------------------------------------------------------------------------------------


def _taken(scope: Scope, code: Code, value: ir.Expr, field: Field) -> ir.Expr | None:
    """What ``F("column") - amount`` takes away from the column, or ``F("column") + -amount``."""
    match value:
        case ir.Binary(left=column, op="-", right=taken):
            pass
        case ir.Binary(left=column, op="+", right=ir.Unary(op="-", operand=taken)):
            pass
        case ir.Binary(left=ir.Unary(op="-", operand=taken), op="+", right=column):
            pass
        case _:
            return None
    match column:
        case ir.Call(args=[ir.Const(value=name)]) if is_f(scope, code, column):
            return taken if name in (field.name, field.attname) else None
    return None


def _may_go_below(file: FileContext, model: Model, field: Field) -> bool:
    """Whether a column is an amount of something, and the database takes negative numbers for it."""
    if field.django_base not in NUMBERS or field.django_base.startswith("Positive"):
        return False
    if _AMOUNTS.isdisjoint(_WORD.findall(field.name.lower())):
        return False
    tables = [model, *(file.project.graph.get(label) for label in model.parents)]
    return not any(each is None or _is_constrained(file, each, field) for each in tables)


def _is_constrained(file: FileContext, model: Model, field: Field) -> bool:
    """Whether a check constraint is about the column, or may be."""
    checks = [entry for entry in model.constraints if str(entry["class"]).endswith("CheckConstraint")]
    if not checks:
        return not model.complete
    option = meta_option(file.project, model.cls, "constraints")
    nodes = (items(option.expr) if option is not None else None) or []
    if len(nodes) != len(model.constraints):
        return True
    for part in walk(nodes):
        named = (
            part.name if isinstance(part, ir.Keyword) else part.value if isinstance(part, ir.Const) else None
        )
        if isinstance(named, str) and named.split("__")[0] == field.name:
            return True
    return False


def _is_checked(
    file: FileContext, scope: Scope, body: TracedBody, node: ir.Node, model: Model, field: Field
) -> bool:
    """Whether the row is locked, and its amount looked at."""
    looked = any(
        isinstance(part, ir.Attr)
        and part.name in (field.name, field.attname)
        and body.model(part.value) is model
        for statement in walk(body.statements)
        if isinstance(statement, (ir.If, ir.While, ir.Assert, ir.IfExp))
        for part in walk(statement.test)
    )
    return looked and is_protected(file, scope, body.code, body.statements, node)


# --- the finding -----------------------------------------------------------------------------------------


def _hit(file: FileContext, code: Code, node: ir.Node, model: Model, field: Field, fix: Fix) -> Hit:
    return Hit(
        file.place(code, node),
        f"Nothing keeps `{field.name}` of {model.name} from going below zero here: no condition in the query, no "
        "check constraint, no locked row that was looked at first",
        fixes=(fix,),
        data={"model": model.label, "column": field.name},
    )


def _fix(file: FileContext, body: TracedBody, call: QuerySetCall, field: Field, taken: ir.Expr) -> Fix:
    """Add the condition to the query, and raise an error where nobody looks at the number of rows."""
    if not isinstance(taken, (ir.Name, ir.Attr, ir.Const, ir.Subscript)):
        return Fix(_TITLE, Safety.MANUAL)
    condition = f"{field.name}__gte={file.text(body.code, taken)}"
    chain = call.receiver.query.chain if isinstance(call.receiver, QuerySetValue) else ()
    last = chain[-1] if chain else None
    if last is not None and last.name == "filter" and last.node is call.func.value:
        narrowed = append_argument(file, body.code, last.node, condition)
    else:
        narrowed = insert(file, body.code.name_range(call.func).start, f"filter({condition}).")
    statement = statement_of(body.statements, call.node)
    before = line_start(file, body.code, statement) if statement is not None else None
    if not isinstance(statement, ir.ExprStmt) or before is None:
        return Fix(_TITLE, Safety.REVIEW, (narrowed,))
    whole = body.code.range(statement)
    error = f'\n{before[0]}    raise ValueError("Not enough {field.name}")'
    edits = (
        insert(file, whole.start, "if not "),
        narrowed,
        insert(file, whole.end, ":"),
        insert(file, line_end(file, whole.end), error),
    )
    return Fix(f"{_TITLE}, else raise an error", Safety.REVIEW, edits)
