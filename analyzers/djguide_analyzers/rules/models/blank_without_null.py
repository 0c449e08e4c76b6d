"""Forms accept an empty field whose column does not."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.fields import (
    Declared,
    declared_fields,
    has_stars,
    is_literal,
    is_literal_true,
    redefines,
)
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.model_classes import is_filled
from djguide_analyzers.rules.nullable import is_required, make_nullable
from djguide_analyzers.rules.receivers import fills_before_save

RULE = Rule(
    summary="A field may stay empty in forms, but its column cannot be NULL",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)

_FIELDS = "django.db.models.fields"
_EMPTY_IS_NONE = tuple(
    f"{_FIELDS}.{name}"
    for name in (
        "DateField",
        "DecimalField",
        "DurationField",
        "FloatField",
        "IntegerField",
        "TimeField",
        "UUIDField",
        "related.ForeignKey",
    )
)
_AUTOMATIC = f"{_FIELDS}.AutoFieldMixin"
_FILLED = ("default", "db_default", "auto_now", "auto_now_add", "primary_key", "parent_link")
_OWN_WAYS = (
    "__init__",
    "pre_save",
    "get_default",
    "formfield",
    "clean",
    "get_prep_value",
    "contribute_to_class",
)


def check(file: FileContext) -> Iterator[Hit]:
    for field in () if file.is_test else declared_fields(file):
        if is_literal_true(field.call.keyword("blank")) and _is_refused(file, field):
            yield Hit(
                file.place(field.code, field.call),
                f"`{field.name}` may be left empty in forms, which makes it None, and its column refuses NULL: "
                "saving fails with an IntegrityError",
                fixes=(make_nullable(file, field),),
            )


def _is_refused(file: FileContext, field: Declared) -> bool:
    """Whether nothing but NULL can be stored for the empty value, which the column is not made for."""
    call, project = field.call, file.project
    if has_stars(call) or not is_required(field) or is_literal(call.keyword("editable"), False):
        return False
    if not field.is_a(*_EMPTY_IS_NONE) or field.is_a(_AUTOMATIC) or any(call.keyword(n) for n in _FILLED):
        return False
    if redefines(project, field.bases[0], *_OWN_WAYS):
        return False
    return not is_filled(project, field.cls, field.name) and not fills_before_save(
        file, field.cls, field.name
    )
