"""A relation names Django's own user class."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import import_name, replace
from djguide_analyzers.rules.fields import declared_fields
from djguide_analyzers.rules.finding import Fix, Safety, Severity

RULE = Rule(
    summary="A relation points to Django's own user class instead of the configured one",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

USER = "django.contrib.auth.models.User"
_RELATION = "django.db.models.fields.related.RelatedField"


def check(file: FileContext) -> Iterator[Hit]:
    for field in declared_fields(file):
        if not field.is_a(_RELATION):
            continue
        target = field.call.args[0] if field.call.args else field.call.keyword("to")
        if not isinstance(target, (ir.Name, ir.Attr)) or file.resolve(field.code, target, field.cls) != USER:
            continue
        imported = import_name(file, "django.conf", "settings")
        fixes: tuple[Fix, ...] = (Fix("Point to `settings.AUTH_USER_MODEL`", Safety.MANUAL),)
        if imported is not None:
            edits = (replace(file, field.code.range(target), f"{imported[0]}.AUTH_USER_MODEL"), *imported[1])
            fixes = (Fix("Point to `settings.AUTH_USER_MODEL`", Safety.SAFE, edits),)
        yield Hit(
            file.place(field.code, field.call),
            f"`{field.name}` is tied to Django's own user class and breaks when the project gets a user model "
            "of its own; relations take `settings.AUTH_USER_MODEL`",
            fixes=fixes,
        )
