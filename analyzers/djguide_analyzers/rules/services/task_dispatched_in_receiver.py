"""A handler of a model's signal queues a Celery task at once."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.receiver_tasks import queued_by_receiver, receiver_hit

RULE = Rule(
    summary="A signal handler queues a task without waiting for the commit",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    for queued in queued_by_receiver(file, scope, "task"):
        yield receiver_hit(file, queued)
