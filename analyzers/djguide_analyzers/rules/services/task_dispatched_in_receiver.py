"""A handler of a model's signal queues a Celery task at once."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.atomicity import regions_of
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.effects import dispatched
from djguide_analyzers.rules.entry_points import IN_TRANSACTION
from djguide_analyzers.rules.escaping import signals_of
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.loop_writes import is_seeding
from djguide_analyzers.rules.queueing import queued_with_commit

RULE = Rule(
    summary="A signal handler queues a task without waiting for the commit",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test or is_seeding(file):
        return
    for scope in file.scopes:
        signals = signals_of(file, scope)
        if not signals or scope.function is None:
            continue
        regions = regions_of(file.project, scope.function)
        body = regions.body
        for call in body.calls:
            effect = dispatched(body, call)
            if effect is None or effect.kind != "task" or regions.is_deferred(call) or regions.at(call):
                continue
            always = next((signal for signal in signals if signal in IN_TRANSACTION), None)
            name = (always or signals[0]).rpartition(".")[2]
            when = "always runs" if always else "runs, whenever the code that saves has opened one,"
            yield Hit(
                file.place(body.code, call),
                f"{effect.what[0].upper()}{effect.what[1:]} at once, but a handler of `{name}` {when} inside a "
                "transaction: a worker may start before the commit, and after a rollback it runs all the same",
                fixes=(queued_with_commit(file, body, call, effect, None),),
            )
