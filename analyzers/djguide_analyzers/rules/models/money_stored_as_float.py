"""Money is stored as a binary floating-point number."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import arguments_range, import_name, insert, replace
from djguide_analyzers.rules.fields import Declared, declared_fields
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.source.edits import Edit

RULE = Rule(
    summary="A `FloatField` holds money, which drifts by cents",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
FLOAT = "django.db.models.fields.FloatField"

_MONEY = frozenset(
    {
        "amount", "balance", "budget", "charge", "cost", "credit", "debit", "deposit", "donation", "expense", "fee",
        "fine", "fare", "income", "invoiced", "money", "payment", "payout", "payable", "price", "premium", "profit",
        "refund", "revenue", "salary", "subtotal", "surcharge", "tuition", "turnover", "wage", "allowance", "rent",
        "commission", "tip", "bonus", "earnings", "msrp", "cash", "dues",
    }
)  # fmt: skip
_CURRENCIES = frozenset(
    {"usd", "eur", "gbp", "chf", "jpy", "cad", "aud", "dollars", "euros", "cents", "net", "gross"}
)
_MATTER = frozenset(
    {
        "battery", "carbon", "color", "colour", "dose", "electric", "electrical", "energy", "fat", "fuel", "heat",
        "life", "light", "oxygen", "rain", "salt", "sample", "sugar", "water", "white",
    }
)  # fmt: skip
"""Words before the last one that make an amount, a charge or a balance a physical one."""
_NUMBERS = frozenset({"quantity", "quantities", "count", "number", "pieces", "units"})
_TOTALS = frozenset({"total", "sum"})
_SALES = frozenset(
    {"order", "invoice", "cart", "basket", "bill", "receipt", "payment", "quote", "sale", "purchase", "checkout",
     "subscription", "transaction", "expense", "payroll"}
)  # fmt: skip


def check(file: FileContext) -> Iterator[Hit]:
    for field in declared_fields(file):
        if field.bases and field.is_a(FLOAT) and _is_money(field):
            yield Hit(
                file.place(field.code, field.call),
                f"`{field.name}` is money in a binary float: cents are rounded and sums drift; "
                "use a `DecimalField`",
                fixes=_fix(file, field),
            )


def _words(name: str) -> list[str]:
    """The words of a name in either style, in lower case."""
    return [word.lower() for word in _WORD.findall(name)]


def _is_money(field: Declared) -> bool:
    """Whether the last word of the name, behind currency codes, is one for money."""
    words = _words(field.name)
    while len(words) > 1 and words[-1] in _CURRENCIES:
        words.pop()
    if not words:
        return False
    last = words[-1]
    if _counts(field.call):
        return False
    if _singular(last) in _MONEY or last in _MONEY:
        return not _MATTER.intersection(words[:-1])
    return last in _TOTALS and bool(_SALES.intersection(_words(field.cls.name)))


def _counts(call: ir.Call) -> bool:
    """Whether a field's verbose name says that it is a number of things."""
    label = call.keyword("verbose_name") or (call.args[0] if call.args else None)
    texts = (part.value for part in walk(label) if isinstance(part, ir.Const)) if label is not None else ()
    return any(not _NUMBERS.isdisjoint(_words(text)) for text in texts if isinstance(text, str))


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") else word


def _fix(file: FileContext, field: Declared) -> tuple[Fix, ...]:
    title = "Store as `DecimalField` (creates a migration)"
    func = field.call.func
    if field.bases[0] != FLOAT or any(k.name is None for k in field.call.keywords):
        return (Fix(title, Safety.MANUAL),)
    edits: list[Edit] = []
    if isinstance(func, ir.Attr):
        edits.append(replace(file, field.code.name_range(func), "DecimalField"))
    else:
        imported = import_name(file, "django.db.models", "DecimalField")
        if imported is None:
            return (Fix(title, Safety.MANUAL),)
        edits += [replace(file, field.code.range(func), imported[0]), *imported[1]]
    edits.append(_digits(file, field))
    default = field.call.keyword("default")
    if isinstance(default, ir.Const) and isinstance(default.value, float):
        imported = import_name(file, "decimal", "Decimal")
        if imported is None:
            return (Fix(title, Safety.MANUAL),)
        written = file.text(field.code, default)
        edits += [replace(file, field.code.range(default), f'{imported[0]}("{written}")'), *imported[1]]
    return (Fix(title, Safety.REVIEW, tuple(edits)),)


def _digits(file: FileContext, field: Declared) -> Edit:
    """Insert the two arguments a `DecimalField` needs, before the other keywords and laid out like them."""
    code, call = field.code, field.call
    digits = ("max_digits=12", "decimal_places=2")
    if call.keywords:
        start = code.range(call.keywords[0]).start
        before = file.lines.line(start.line)[: start.column]
        separator = ", " if before.strip() else f",\n{before}"
        return insert(file, start, "".join(argument + separator for argument in digits))
    if call.args:
        return insert(file, code.range(call.args[-1]).end, "".join(f", {argument}" for argument in digits))
    return insert(file, arguments_range(file, code, call).end, ", ".join(digits))
