"""``crontab`` with an hour or a day, and no minute."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.names import of_scope

RULE = Rule(
    summary="`crontab()` without a minute runs every minute of the hour or day it names",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_CRONTAB = frozenset({"celery.schedules.crontab", "celery.task.schedules.crontab"})
_FIELDS = frozenset({"hour", "day_of_week", "day_of_month", "month_of_year"})


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    names = of_scope(file, scope)
    for call, code in scope.nodes(ir.Call):
        given = {keyword.name for keyword in call.keywords}
        if call.args or None in given or "minute" in given or given.isdisjoint(_FIELDS):
            continue
        if names.called(code, call) not in _CRONTAB:
            continue
        edit = insert(file, code.range(call.keywords[0]).start, "minute=0, ")
        yield Hit(
            file.place(code, call),
            "Without a `minute` this runs every minute: 60 times an hour in each hour that it names",
            fixes=(Fix("Run at minute 0", Safety.SAFE, (edit,)),),
        )
