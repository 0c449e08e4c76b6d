"""The date of the UTC clock is taken for today's date."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import import_name, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.names import of_scope
from djguide_analyzers.source.edits import Edit

RULE = Rule(
    summary="`timezone.now().date()` is the date in UTC, not the date of the project's time zone",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)

_NOW = "django.utils.timezone.now"
_UTC = frozenset({"UTC", "Etc/UTC", "GMT", "Etc/GMT", "Universal", "Zulu", "Etc/Universal", "Etc/Zulu"})


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    zone = _zone(file)
    if zone is None or file.is_test:
        return
    calls = [(node, code) for node, code in scope.nodes(ir.Call) if _is_date_of_call(node)]
    names = of_scope(file, scope) if calls else None
    for node, code in calls:
        assert isinstance(node.func, ir.Attr) and isinstance(node.func.value, ir.Call)
        now = node.func.value
        if names is not None and not now.args and not now.keywords and names.called(code, now) == _NOW:
            yield _hit(file, code, node, now, zone)


def _is_date_of_call(node: ir.Call) -> bool:
    func = node.func
    return (
        isinstance(func, ir.Attr)
        and func.name == "date"
        and isinstance(func.value, ir.Call)
        and not node.args
    )


def _zone(file: FileContext) -> str | None:
    """The project's time zone, if it is certainly another one than UTC."""
    settings = file.project.settings
    zone = settings.get("TIME_ZONE").constant
    if settings.get("USE_TZ").constant is not True or not settings.is_set("TIME_ZONE"):
        return None
    return zone if isinstance(zone, str) and zone not in _UTC else None


def _hit(file: FileContext, code: Code, node: ir.Call, now: ir.Call, zone: str) -> Hit:
    edits = _edits(file, code, node, now)
    title = "Use `timezone.localdate()`"
    return Hit(
        file.place(code, node),
        f"`now()` is in UTC, so this is yesterday's or tomorrow's date for some hours of each day in {zone}",
        fixes=(Fix(title, Safety.MANUAL) if edits is None else Fix(title, Safety.REVIEW, tuple(edits)),),
    )


def _edits(file: FileContext, code: Code, node: ir.Call, now: ir.Call) -> list[Edit] | None:
    if isinstance(now.func, ir.Attr):
        spelled = f"{file.text(code, now.func.value)}.localdate()"
        return [replace(file, code.range(node), spelled)]
    imported = import_name(file, "django.utils.timezone", "localdate")
    if imported is None:
        return None
    spelled, edits = imported
    return [*edits, replace(file, code.range(node), f"{spelled}()")]
