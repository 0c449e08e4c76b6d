"""A handler of a model's signal queues one of Django's own tasks at once."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.django_tasks import has_remote_queue
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.receiver_tasks import queued_by_receiver, receiver_hit

RULE = Rule(
    summary="A signal handler queues one of Django's own tasks inside the transaction of whoever saves",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
    django=">=6.0",
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    for queued in queued_by_receiver(file, scope, "django-task"):
        if has_remote_queue(file.project, queued.effect.task):
            yield receiver_hit(file, queued)
