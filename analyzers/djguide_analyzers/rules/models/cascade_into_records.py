"""Deleting a person or a category deletes the records about them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import import_name, replace
from djguide_analyzers.rules.fields import Declared, declared_fields
from djguide_analyzers.rules.finding import Fix, Safety, Severity

RULE = Rule(
    summary="Deleting a person or a lookup row deletes invoices, payments or logs with it",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
    default=False,
)

_KEY = "django.db.models.fields.related.ForeignKey"
_CASCADE = frozenset({f"django.db.models.deletion.{name}" for name in ("CASCADE", "DB_CASCADE")})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_RECORDS = frozenset(
    {"invoice", "payment", "refund", "receipt", "transaction", "order", "booking", "payout", "ledger", "bill",
     "audit", "log", "history", "journal", "statement", "contract", "purchase", "charge", "donation"}
)  # fmt: skip
_SUBJECTS = frozenset(
    {"user", "customer", "client", "person", "member", "employee", "account", "patient", "supplier", "vendor",
     "contact", "staff", "seller", "buyer", "student", "company",
     "category", "currency", "country", "product", "plan", "type", "kind", "status", "tariff", "region"}
)  # fmt: skip
_TITLE = "Refuse the deletion with `PROTECT`"


def check(file: FileContext) -> Iterator[Hit]:
    for field in () if file.is_test else declared_fields(file):
        action = field.call.args[1] if len(field.call.args) > 1 else field.call.keyword("on_delete")
        if action is None or not field.is_a(_KEY) or _last_word(field.cls.name) not in _RECORDS:
            continue
        if file.resolve(field.code, action, field.cls) not in _CASCADE:
            continue
        target = _target(file, field)
        if target is None or target.startswith("contenttypes."):
            continue
        if target == file.project.graph.auth_user or _last_word(target) in _SUBJECTS:
            yield Hit(
                file.place(field.code, field.call),
                f"Deleting a {target.rpartition('.')[2]} deletes every {field.cls.name} that points to it with "
                f"`{field.name}`: records usually have to outlive it",
                fixes=(_fix(file, field, action),),
            )


def _last_word(name: str) -> str:
    words = _WORD.findall(name.rpartition(".")[2])
    word = words[-1].lower() if words else ""
    return f"{word[:-3]}y" if word.endswith("ies") else word


def _target(file: FileContext, field: Declared) -> str | None:
    """Label of the model the key points to."""
    graph = file.project.graph
    model = graph.of_class(field.cls) or graph.abstract_models.get(field.cls)
    known = model.fields.get(field.name) if model is not None else None
    return known.target if known is not None else None


def _fix(file: FileContext, field: Declared, action: ir.Expr) -> Fix:
    if isinstance(action, ir.Attr):
        edit = replace(file, field.code.name_range(action), "PROTECT")
        return Fix(_TITLE, Safety.REVIEW, (edit,))
    imported = import_name(file, "django.db.models", "PROTECT")
    if imported is None:
        return Fix(_TITLE, Safety.MANUAL)
    return Fix(_TITLE, Safety.REVIEW, (replace(file, field.code.range(action), imported[0]), *imported[1]))
