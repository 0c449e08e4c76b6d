"""Unique columns are declared with the option that constraints have replaced."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, Value
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.constraints import as_option, unique_constraint
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.meta import items, own_meta, texts
from djguide_analyzers.rules.model_classes import declared_models

RULE = Rule(
    summary="`unique_together` where a `UniqueConstraint` says the same and more",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
    default=False,
    tag="deprecated",
)

_TITLE = "Declare `UniqueConstraint`s (creates a migration)"


def check(file: FileContext) -> Iterator[Hit]:
    for cls in () if file.is_test else declared_models(file):
        meta = own_meta(cls)
        option = meta.member("unique_together") if meta is not None else None
        if meta is None or not isinstance(option, Value) or option.expr is None:
            continue
        if isinstance(option.expr, ir.Display) and not option.expr.items:
            continue
        yield Hit(
            file.place(option.code, option.at),
            "`unique_together` has no name, condition or error message of its own and may be deprecated; "
            "`UniqueConstraint` has replaced it",
            fixes=(_fix(file, cls, meta, option),),
        )


def _fix(file: FileContext, cls: ClassInfo, meta: ClassInfo, option: Value) -> Fix:
    groups = _groups(option.expr)
    whole = option.code.range(option.at)
    taken = file.project.resolver.class_attribute(meta, "constraints") is not None
    if groups is None or taken or "#" in file.slice(whole):
        return Fix(_TITLE, Safety.MANUAL)
    edits = []
    written = []
    for group in groups:
        made = unique_constraint(file, cls, group)
        if made is None:
            return Fix(_TITLE, Safety.MANUAL)
        written.append(made[0])
        edits = made[1]
    indent = file.lines.line(whole.start.line)[: whole.start.column]
    text = as_option(indent, written)
    return Fix(_TITLE, Safety.REVIEW, (replace(file, whole, text), *edits))


def _groups(expr: ir.Expr | None) -> list[list[str]] | None:
    """The groups of field names, if they are written out."""
    single = texts(expr)
    if single is not None:
        return [single] if single else None
    groups = [texts(member) for member in items(expr) or ()]
    found = [group for group in groups if group]
    return found if found and len(found) == len(groups) else None
