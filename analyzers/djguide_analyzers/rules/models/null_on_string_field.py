"""A text column has two ways to be empty."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import remove_keyword, replace
from djguide_analyzers.rules.fields import (
    Declared,
    declared_fields,
    has_stars,
    is_literal,
    is_literal_true,
    is_text,
    keyword_node,
)
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.model_classes import models_with
from djguide_analyzers.rules.ruff import ruff_reports

RULE = Rule(
    summary="A text column is nullable, so that it has two empty values",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
    default=False,
)


def check(file: FileContext) -> Iterator[Hit]:
    for field in () if file.is_test else declared_fields(file):
        if not is_text(field) or has_stars(field.call) or not is_literal_true(field.call.keyword("null")):
            continue
        if _needs_null(file, field):
            continue
        fix = _fix(file, field)
        known = ruff_reports(file, "DJ001")
        if not known or fix.edits:
            yield Hit(
                file.place(field.code, field.call),
                f"`{field.name}` can be empty in two ways, NULL and the empty text: filters for one miss the other",
                fixes=(fix,),
                severity=Severity.HINT if known else None,
            )


def _needs_null(file: FileContext, field: Declared) -> bool:
    """Whether NULL has a job: to stay out of a unique index."""
    if any(field.call.keyword(name) is not None for name in ("unique", "primary_key")):
        return True
    return any(
        field.name in entry["fields"]  # type: ignore[operator]
        for model in models_with(file.project, field.cls)
        for entry in [*model.constraints, *({"fields": group} for group in model.unique_together)]
    )


def _fix(file: FileContext, field: Declared) -> Fix:
    title = 'Store the empty text with `default=""` (creates a migration; rows with NULL need a value first)'
    null, default = keyword_node(field.call, "null"), keyword_node(field.call, "default")
    assert null is not None
    if default is None:
        return Fix(title, Safety.REVIEW, (replace(file, field.code.range(null), 'default=""'),))
    if is_literal(default.value, None):
        edits = (
            remove_keyword(file, field.code, field.call, null),
            replace(file, field.code.range(default.value), '""'),
        )
        return Fix(title, Safety.REVIEW, edits)
    if isinstance(default.value, ir.Const):
        return Fix("Drop `null=True`", Safety.REVIEW, (remove_keyword(file, field.code, field.call, null),))
    return Fix(title, Safety.MANUAL)
