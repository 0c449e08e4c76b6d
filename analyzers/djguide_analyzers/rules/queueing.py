"""Fixes that queue a task with the commit."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.rules.after_commit import after_commit, is_handled
from djguide_analyzers.rules.bodies import Body
from djguide_analyzers.rules.celery_on_commit import has_on_commit
from djguide_analyzers.rules.celery_tasks import task_of
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.effects import Effect
from djguide_analyzers.rules.finding import Fix, Safety
from djguide_analyzers.source.positions import Range


def queued_with_commit(
    file: FileContext, body: Body, call: ir.Call, effect: Effect, using: str | None
) -> Fix:
    """Queue a task when the transaction is committed: by Celery's own method where the task has it."""
    task = task_of(file.project.resolver, effect.task) if effect.task is not None else None
    alone = any(isinstance(node, ir.ExprStmt) and node.value is call for node in walk(body.statements))
    plain = using is None and alone and not is_handled(body.statements, call)
    if task is None or not plain or not has_on_commit(file.project, task):
        return after_commit(file, body.statements, body.code, call, using)
    func = call.func
    if not isinstance(func, ir.Attr) or body.names.symbol(body.code, func.value) is not effect.task:
        return after_commit(file, body.statements, body.code, call, using)
    end = body.code.range(func).end
    start = end._replace(column=end.column - len(func.name))
    name = f"{func.name}_on_commit"
    return Fix(f"Queue it with `{name}()`", Safety.REVIEW, (replace(file, Range(start, end), name),))
