"""An optional text column is unique: only one row can leave it empty."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import remove_keyword
from djguide_analyzers.rules.fields import (
    Declared,
    declared_fields,
    is_literal,
    is_literal_true,
    is_text,
    keyword_node,
)
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.form_classes import form_model
from djguide_analyzers.rules.model_classes import method, models_with
from djguide_analyzers.rules.nullable import make_nullable, stores_what_is_left_empty

RULE = Rule(
    summary="A text column is unique and may be empty, which only one row can be",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)

_CHARACTERS = "django.db.models.fields.CharField"
_UNIQUE = "django.db.models.constraints.UniqueConstraint"


def check(file: FileContext) -> Iterator[Hit]:
    for field in () if file.is_test else declared_fields(file):
        if is_text(field) and is_literal_true(field.call.keyword("blank")) and _clashes(file, field):
            yield Hit(
                file.place(field.code, field.call),
                f"`{field.name}` is unique and may be left empty: the second row without it stores the same "
                "empty text and violates the index",
                fixes=(_fix(file, field),),
            )


def _clashes(file: FileContext, field: Declared) -> bool:
    call = field.call
    default = call.keyword("default") or call.keyword("db_default")
    if default is not None and not is_literal(default, ""):
        return False
    if call.keyword("primary_key") is not None or not _is_unique(file, field):
        return False
    return stores_what_is_left_empty(file, field) and not _is_normalised(file, field)


def _is_unique(file: FileContext, field: Declared) -> bool:
    """Whether the column alone is unique in each table it ends up in, without any condition."""
    if (given := field.call.keyword("unique")) is not None:
        return is_literal_true(given)
    models = models_with(file.project, field.cls)
    return bool(models) and all(
        any(
            entry["class"] == _UNIQUE
            and entry["fields"] == [field.name]
            and not entry["partial"]
            and not entry["expressions"]
            for entry in model.constraints
        )
        or [field.name] in model.unique_together
        for model in models
    )


def _is_normalised(file: FileContext, field: Declared) -> bool:
    """Whether a model form of the project decides in ``clean_<field>()`` what is stored for an empty value."""
    project, name = file.project, f"clean_{field.name}"
    models = models_with(project, field.cls)
    for module in project.modules.values():
        other = file.sibling(module)
        for cls in module.classes():
            if isinstance(cls.member(name), FunctionInfo) and form_model(other, cls) in models:
                return True
    return False


def _names_rows(file: FileContext, field: Declared) -> bool:
    """Whether ``__str__()`` returns the column: without it, a row has no name."""
    for model in models_with(file.project, field.cls):
        shown = method(file.project, model.cls, "__str__")
        for node in walk(shown.statements) if shown is not None else ():
            match node:
                case ir.Return(value=ir.Attr(value=ir.Name(), name=name)) if name == field.name:
                    return True
    return False


def _fix(file: FileContext, field: Declared) -> Fix:
    blank = keyword_node(field.call, "blank")
    if blank is not None and _names_rows(file, field):
        edit = remove_keyword(file, field.code, field.call, blank)
        return Fix("Require it: remove `blank=True` (creates a migration)", Safety.REVIEW, (edit,))
    if field.is_a(_CHARACTERS) and field.call.keyword("default") is None:
        return make_nullable(file, field)
    # The form field of a TextField gives the empty text even where the column may be NULL.
    return Fix("Allow NULL, and store it for what is left empty", Safety.MANUAL)
