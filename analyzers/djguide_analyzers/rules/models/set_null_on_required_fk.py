"""Deleting the row a foreign key points to would store what its column cannot hold."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.fields import Declared, declared_fields, has_stars, redefines
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.nullable import is_required, make_nullable

RULE = Rule(
    summary="`SET_NULL` on a foreign key that is not nullable, or `SET_DEFAULT` without a default",
    severity=Severity.ERROR,
    safety=Safety.REVIEW,
)

_KEY = "django.db.models.fields.related.ForeignKey"
_DELETION = "django.db.models.deletion"
_NULLS = frozenset({f"{_DELETION}.SET_NULL", f"{_DELETION}.DB_SET_NULL"})
_DEFAULTS = {f"{_DELETION}.SET_DEFAULT": "default", f"{_DELETION}.DB_SET_DEFAULT": "db_default"}


def check(file: FileContext) -> Iterator[Hit]:
    for field in declared_fields(file):
        if (
            not field.is_a(_KEY)
            or has_stars(field.call)
            or redefines(file.project, field.bases[0], "__init__")
        ):
            continue
        action = field.call.args[1] if len(field.call.args) > 1 else field.call.keyword("on_delete")
        dotted = file.resolve(field.code, action, field.cls) if action is not None else None
        if (dotted in _NULLS or _sets_none(file, field, action)) and is_required(field):
            yield _hit(file, field, "NULL, which its column refuses", make_nullable(file, field))
        elif dotted in _DEFAULTS and field.call.keyword(_DEFAULTS[dotted]) is None:
            fix = Fix(f"Give it a `{_DEFAULTS[dotted]}`", Safety.MANUAL)
            yield _hit(file, field, f"its `{_DEFAULTS[dotted]}`, and it has none", fix)


def _sets_none(file: FileContext, field: Declared, action: ir.Expr | None) -> bool:
    """Whether the action is ``SET(None)``."""
    match action:
        case ir.Call(func=func, args=[ir.Const(value=None)]):
            return file.resolve(field.code, func, field.cls) == f"{_DELETION}.SET"
        case _:
            return False


def _hit(file: FileContext, field: Declared, what: str, fix: Fix) -> Hit:
    return Hit(
        file.place(field.code, field.call),
        f"When the row that `{field.name}` points to is deleted, it is set to {what}: the deletion fails",
        fixes=(fix,),
    )
