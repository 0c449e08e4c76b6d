"""A task is queued before the rows it is about are committed."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.django_tasks import has_remote_queue
from djguide_analyzers.rules.escaping import escapes
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.queueing import queued_with_commit

RULE = Rule(
    summary="A task is queued inside a transaction, before the rows it is about are committed",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    for escape in escapes(file, scope, "task", "django-task"):
        if escape.effect.kind == "django-task" and not has_remote_queue(file.project, escape.effect.task):
            continue
        evidence = escape.evidence(file)
        yield Hit(
            file.place(escape.body.code, escape.call),
            f"{escape.effect.what[0].upper()}{escape.effect.what[1:]} before {escape.whose} is committed: a worker "
            "may start too early and miss the rows, and after a rollback it runs all the same",
            related=(evidence,) if evidence is not None else (),
            fixes=(queued_with_commit(file, escape.body, escape.call, escape.effect, escape.using),),
        )
