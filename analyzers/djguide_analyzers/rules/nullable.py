"""The fix of the rules about columns that cannot be NULL and should be."""

from __future__ import annotations

from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import append_argument, insert_argument, replace
from djguide_analyzers.rules.fields import Declared, is_literal, keyword_node
from djguide_analyzers.rules.finding import Fix, Safety


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
