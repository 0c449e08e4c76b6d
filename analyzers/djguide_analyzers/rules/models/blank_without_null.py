"""Forms accept an empty field whose column does not."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.fields import Declared, declared_fields, is_literal_true
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.nullable import make_nullable, stores_what_is_left_empty

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
    if not field.is_a(*_EMPTY_IS_NONE) or field.is_a(_AUTOMATIC):
        return False
    given = any(field.call.keyword(name) for name in _FILLED)
    return not given and stores_what_is_left_empty(file, field)
