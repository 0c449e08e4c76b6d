"""A moment without a time zone is given to a column that holds moments."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import import_name, replace
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.moments import Given, given_moments
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.rules.ruff import ruff_reports

RULE = Rule(
    summary="A moment without a time zone is given to a `DateTimeField`",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_LOCAL = frozenset({"datetime.datetime.now", "datetime.datetime.today"})
_UTC = "datetime.datetime.utcnow"
_RUFF = {"datetime.datetime.now": "DTZ005", "datetime.datetime.today": "DTZ002", _UTC: "DTZ003"}


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test or file.project.settings.use_tz() is not True:
        return
    for scope in file.scopes:
        if not any(_may_be_clock(node) for node, _ in scope.nodes(ir.Call)):
            continue
        names = of_scope(file, scope)
        for given in given_moments(file, scope, names):
            found = _clock(names, given.code, given.value)
            if found is None or given.lookup not in ("", "exact", "gt", "gte", "lt", "lte"):
                continue
            dotted = names.called(found[0], found[1]) or ""
            if not ruff_reports(file, _RUFF[dotted]):
                yield _hit(file, given, *found, dotted)


def _may_be_clock(node: ir.Call) -> bool:
    name = node.func.name if isinstance(node.func, ir.Attr) else ""
    return name in ("now", "today", "utcnow") and not node.args and not node.keywords


def _clock(names: Names, code: Code, node: ir.Expr) -> tuple[Code, ir.Call] | None:
    """The call that reads the clock without a time zone, with something added to it or not."""
    if isinstance(node, ir.Name):
        held = names.value(node.id)
        return (
            _clock(names, held[1], held[0]) if held is not None and not isinstance(held[0], ir.Name) else None
        )
    if isinstance(node, ir.Binary) and node.op in ("+", "-"):
        return _clock(names, code, node.left) if not isinstance(node.left, ir.Name) else None
    if isinstance(node, ir.Call) and _may_be_clock(node) and names.called(code, node) in _RUFF:
        return code, node
    return None


def _hit(file: FileContext, given: Given, code: Code, clock: ir.Call, dotted: str) -> Hit:
    wrong = (
        "it is the time in UTC, but Django takes it for the time in `TIME_ZONE`"
        if dotted == _UTC
        else "Django warns, and takes it for the time in `TIME_ZONE`"
    )
    direct = any(part is clock for part in (given.value, getattr(given.value, "left", None)))
    related = () if direct else (Related("the clock is read here", file.place(code, clock)),)
    return Hit(
        file.place(given.code, given.value),
        f"`{given.field.name}` holds moments with a time zone, and this one has none: {wrong}",
        related=related,
        fixes=(_fix(file, code, clock, Safety.SAFE if direct and dotted in _LOCAL else Safety.REVIEW),),
        data={"field": given.field.name},
    )


def _fix(file: FileContext, code: Code, clock: ir.Call, safety: Safety) -> Fix:
    title = "Use `timezone.now()`"
    imported = import_name(file, "django.utils", "timezone")
    if imported is None:
        return Fix(title, Safety.MANUAL)
    return Fix(title, safety, (replace(file, code.range(clock), f"{imported[0]}.now()"), *imported[1]))
