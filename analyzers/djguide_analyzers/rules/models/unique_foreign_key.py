"""A foreign key that may point at each row only once."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import import_name, remove_keyword, replace
from djguide_analyzers.rules.fields import Declared, declared_fields, is_literal_true, keyword_node
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.source.edits import Edit

RULE = Rule(
    summary="A unique foreign key is a one-to-one relation",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)

_KEY = "django.db.models.fields.related.ForeignKey"
_ONE_TO_ONE = "django.db.models.fields.related.OneToOneField"
_TITLE = "Make it a `OneToOneField` (its reverse side becomes an object)"


def check(file: FileContext) -> Iterator[Hit]:
    for field in () if file.is_test else declared_fields(file):
        if not field.is_a(_KEY) or field.is_a(_ONE_TO_ONE):
            continue
        why = next((n for n in ("unique", "primary_key") if is_literal_true(field.call.keyword(n))), None)
        if why is not None and not _is_foreign_table(file, field):
            yield Hit(
                file.place(field.code, field.call),
                f"`{field.name}` may point at each row once (`{why}=True`), so its reverse side is a manager "
                "that holds at most one row; a `OneToOneField` gives the row itself",
                fixes=(_fix(file, field),),
            )


def _is_foreign_table(file: FileContext, field: Declared) -> bool:
    """Whether the table is none of Django's: a key that its model names need not be one there."""
    model = file.project.graph.of_class(field.cls)
    return model is not None and not model.managed


def _fix(file: FileContext, field: Declared) -> Fix:
    func = field.call.func
    if field.bases[0] != _KEY:
        return Fix(_TITLE, Safety.MANUAL)  # a class of one's own that derives from the foreign key
    edits: list[Edit] = []
    if isinstance(func, ir.Attr):
        edits.append(replace(file, field.code.name_range(func), "OneToOneField"))
    else:
        imported = import_name(file, "django.db.models", "OneToOneField")
        if imported is None:
            return Fix(_TITLE, Safety.MANUAL)
        edits += [replace(file, field.code.range(func), imported[0]), *imported[1]]
    unique = keyword_node(field.call, "unique")
    if unique is not None:
        edits.append(remove_keyword(file, field.code, field.call, unique))
    return Fix(_TITLE, Safety.REVIEW, tuple(edits))
