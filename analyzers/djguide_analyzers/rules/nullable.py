"""The fix of the rules about columns that cannot be NULL and should be."""

from __future__ import annotations

from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import append_argument, insert_argument, replace
from djguide_analyzers.rules.fields import Declared, has_stars, is_literal, keyword_node, redefines
from djguide_analyzers.rules.finding import Fix, Safety
from djguide_analyzers.rules.model_classes import is_filled
from djguide_analyzers.rules.receivers import fills_before_save

_OWN_WAYS = (
    "__init__",
    "pre_save",
    "get_default",
    "formfield",
    "clean",
    "get_prep_value",
    "contribute_to_class",
)
"""Methods with which a field class decides by itself what is stored."""


def make_nullable(file: FileContext, field: Declared) -> Fix:
    """``null=True``, in front of ``blank`` where that is given."""
    title = "Allow NULL with `null=True` (creates a migration)"
    null, blank = keyword_node(field.call, "null"), keyword_node(field.call, "blank")
    if null is not None:
        if not is_literal(null.value, False):
            return Fix(title, Safety.MANUAL)
        edit = replace(file, field.code.range(null.value), "True")
    elif blank is not None:
        edit = insert_argument(file, field.code, blank, "null=True")
    else:
        edit = append_argument(file, field.code, field.call, "null=True")
    return Fix(title, Safety.REVIEW, (edit,))


def is_required(field: Declared) -> bool:
    """Whether the column certainly is NOT NULL."""
    null = field.call.keyword("null")
    return null is None or is_literal(null, False)


def stores_what_is_left_empty(file: FileContext, field: Declared) -> bool:
    """Whether a form's empty value reaches a NOT NULL column as it is, as far as can be seen."""
    if has_stars(field.call) or not is_required(field) or is_literal(field.call.keyword("editable"), False):
        return False
    if redefines(file.project, field.bases[0], *_OWN_WAYS):
        return False
    filled = is_filled(file.project, field.cls, field.name)
    return not filled and not fills_before_save(file, field.cls, field.name)
