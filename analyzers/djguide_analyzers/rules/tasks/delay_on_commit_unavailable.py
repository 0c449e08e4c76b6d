"""``delay_on_commit`` on a task whose class does not have it."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.celery_on_commit import ON_COMMIT_METHODS, missing_on_commit
from djguide_analyzers.rules.celery_tasks import task_named
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.names import of_scope

RULE = Rule(
    summary="`delay_on_commit()` on a task whose class does not have it",
    severity=Severity.ERROR,
    safety=Safety.MANUAL,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    calls = [
        (call, code)
        for call, code in scope.nodes(ir.Call)
        if isinstance(call.func, ir.Attr) and call.func.name in ON_COMMIT_METHODS
    ]
    if not calls:
        return
    names = of_scope(file, scope)
    for call, code in calls:
        assert isinstance(call.func, ir.Attr)
        task = task_named(names, code, call.func.value)
        reason = missing_on_commit(file.project, task) if task is not None else None
        if task is not None and reason is not None:
            yield Hit(
                file.place(code, call),
                f"`{task.function.name}` has no `{call.func.name}()`, an AttributeError: {reason}",
                fixes=(Fix("Derive the task's class from Celery's `DjangoTask`", Safety.MANUAL),),
            )
