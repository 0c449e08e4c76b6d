"""A range of moments ends with a date: its last day is left out."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import import_name, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.moments import Given, given_moments, is_day
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Range

RULE = Rule(
    summary="A range over a `DateTimeField` ends with a date, so that its last day is left out",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    for scope in file.scopes:
        if not any(_ends(keyword.name) for keyword, _ in scope.nodes(ir.Keyword)):
            continue
        names = of_scope(file, scope)
        given = [each for each in given_moments(file, scope, names) if each.keyword is not None]
        for each in given:
            if each.lookup == "range":
                yield from _range(file, scope, names, each)
            elif each.lookup == "lte" and _starts(each):
                yield from _last(file, scope, names, each)


def _ends(name: str | None) -> bool:
    return name is not None and name.endswith(("__range", "__lte"))


def _starts(given: Given) -> bool:
    """Whether the same call says where the range starts."""
    starts = {f"{given.field.name}__gte", f"{given.field.name}__gt"}
    return given.call is not None and any(keyword.name in starts for keyword in given.call.keywords)


def _range(file: FileContext, scope: Scope, names: Names, given: Given) -> Iterator[Hit]:
    if not isinstance(given.value, ir.Display) or len(given.value.items) != 2 or given.keyword is None:
        return
    start, end = given.value.items
    if isinstance(end, ir.Star) or not is_day(file, scope, names, given.code, end):
        return
    before = f"{given.field.name}__gte={file.text(given.code, start)}, {given.field.name}__lt="
    yield _hit(file, given, end, before)


def _last(file: FileContext, scope: Scope, names: Names, given: Given) -> Iterator[Hit]:
    if is_day(file, scope, names, given.code, given.value):
        yield _hit(file, given, given.value, f"{given.field.name}__lt=")


def _hit(file: FileContext, given: Given, end: ir.Expr, before: str) -> Hit:
    return Hit(
        file.place(given.code, end),
        f"`{given.field.name}` holds moments, and a date stands for its first one: rows of the last day are left "
        "out, apart from those at midnight",
        fixes=(_fix(file, given, end, before),),
    )


def _fix(file: FileContext, given: Given, end: ir.Expr, before: str) -> Fix:
    """End the range before the next day."""
    title = "End before the next day"
    imported = import_name(file, "datetime", "timedelta")
    plain = isinstance(end, (ir.Name, ir.Attr, ir.Call)) or (
        isinstance(end, ir.Binary) and end.op in ("+", "-")
    )
    if imported is None or not plain or given.keyword is None:
        return Fix(title, Safety.MANUAL)
    name, edits = imported
    text = f"{before}{file.text(given.code, end)} + {name}(days=1)"
    whole = Range(given.code.range(given.keyword).start, given.code.range(given.value).end)
    if "\n" in file.slice(whole) and "#" in file.slice(whole):
        return Fix(title, Safety.MANUAL)
    changed: Edit = replace(file, whole, text)
    return Fix(title, Safety.REVIEW, (changed, *edits))
