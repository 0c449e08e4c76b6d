"""`values_list(flat=True)` does not name its column."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.fields import is_literal_true
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.layout import quoted
from djguide_analyzers.rules.queryset_calls import QuerySetCall, queryset_calls

RULE = Rule(
    summary="`values_list(flat=True)` without a column is deprecated",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
    django=">=6.1",
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    for call in queryset_calls(scope, "values_list"):
        node = call.node
        if node.args or any(keyword.name not in ("flat", "named") for keyword in node.keywords):
            continue
        if is_literal_true(node.keyword("flat")):
            yield Hit(
                file.place(call.code, node),
                "`values_list(flat=True)` takes whatever column the model has first, which is deprecated: "
                "name the column",
                fixes=(_fix(file, call),),
                data={"model": call.model},
            )


def _fix(file: FileContext, call: QuerySetCall) -> Fix:
    model = file.project.graph.get(call.model)
    first = (
        next((field for field in model.fields.values() if field.column), None) if model is not None else None
    )
    if model is None or first is None or not model.complete:
        return Fix('Name the column, such as "pk"', Safety.MANUAL)
    name = quoted(file, "pk" if first.name == model.pk else first.attname)
    edit = insert(file, call.code.range(call.node.keywords[0]).start, f"{name}, ")
    return Fix(f"Name the column: {name}", Safety.SAFE, (edit,))
