"""Tasks that handlers of model signals queue at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.atomicity import regions_of
from djguide_analyzers.rules.base import Hit
from djguide_analyzers.rules.bodies import Body
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.effects import Effect, Kind, dispatched
from djguide_analyzers.rules.entry_points import IN_TRANSACTION
from djguide_analyzers.rules.escaping import signals_of
from djguide_analyzers.rules.loop_writes import is_seeding
from djguide_analyzers.rules.queueing import queued_with_commit


class QueuedByReceiver(NamedTuple):
    """A call in a handler that queues a task, and the signals that the handler is called for."""

    body: Body
    call: ir.Call
    effect: Effect
    signals: list[str]


def queued_by_receiver(file: FileContext, scope: Scope, kind: Kind) -> Iterator[QueuedByReceiver]:
    """The tasks of one kind that the handler `scope` of `file` queues without waiting for a commit."""
    if file.is_test or is_seeding(file):
        return
    signals = signals_of(file, scope)
    if not signals or scope.function is None:
        return
    regions = regions_of(file.project, scope.function)
    for call in regions.body.calls:
        effect = dispatched(regions.body, call)
        if effect is None or effect.kind != kind or regions.is_deferred(call) or regions.at(call):
            continue
        yield QueuedByReceiver(regions.body, call, effect, signals)


def receiver_hit(file: FileContext, queued: QueuedByReceiver) -> Hit:
    """The finding about one of them."""
    body, call, effect, signals = queued
    always = next((signal for signal in signals if signal in IN_TRANSACTION), None)
    name = (always or signals[0]).rpartition(".")[2]
    when = "always runs" if always else "runs, whenever the code that saves has opened one,"
    return Hit(
        file.place(body.code, call),
        f"{effect.what[0].upper()}{effect.what[1:]} at once, but a handler of `{name}` {when} inside a "
        "transaction: a worker may start before the commit, and after a rollback it runs all the same",
        fixes=(queued_with_commit(file, body, call, effect, None),),
    )
