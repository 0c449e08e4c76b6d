"""Effects that leave the database while a transaction is open: what the rules about them share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.rules.at_stake import has_stake
from djguide_analyzers.rules.atomicity import COMPUTED, Atomic, Regions, regions_of
from djguide_analyzers.rules.bodies import Body
from djguide_analyzers.rules.callers import callers_of
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.effects import Effect, Kind, leaves_database
from djguide_analyzers.rules.entry_points import IN_TRANSACTION, REQUESTS, SOMETIMES
from djguide_analyzers.rules.finding import Related
from djguide_analyzers.rules.guards import conditions
from djguide_analyzers.rules.loop_writes import is_seeding
from djguide_analyzers.rules.mentions import Mention, last_name
from djguide_analyzers.rules.receivers import receivers
from djguide_analyzers.trace.events import Called, Write
from djguide_analyzers.trace.tracer import trace_function


@dataclass(frozen=True, slots=True)
class Escape:
    """A call with an effect, and the transaction it is made in.

    `opened` is where the function itself opens it, or who calls the function inside one: a call, or a framework.
    """

    body: Body
    call: ir.Call
    effect: Effect
    opened: Atomic | Mention | str

    @property
    def using(self) -> str | None:
        """The database's alias as it is written in code; None for the default one."""
        alias = self.opened.using if isinstance(self.opened, Atomic) else None
        return f'"{alias}"' if alias not in (None, COMPUTED) else None

    def evidence(self, file: FileContext) -> Related | None:
        """Where the transaction is opened."""
        match self.opened:
            case Atomic(code=code, node=node):
                return Related("the transaction is opened here", file.place(code, node))
            case Mention(code=code, node=node):
                return Related("called here inside a transaction", file.place(code, node))
            case _:
                return None

    @property
    def whose(self) -> str:
        """Whose transaction it is, for messages."""
        if isinstance(self.opened, Atomic):
            return "the transaction"
        return (
            "a caller's transaction"
            if isinstance(self.opened, Mention)
            else f"the transaction of {self.opened}"
        )


def escapes(file: FileContext, scope: Scope, *kinds: Kind) -> Iterator[Escape]:
    """The calls in a function with an effect of one of `kinds` that certainly run inside a transaction."""
    if file.is_test or is_seeding(file):
        return
    found = file.during_check((escapes, scope), lambda: list(_escapes(file, scope)))
    yield from (escape for escape in found if escape.effect.kind in kinds)


def _escapes(file: FileContext, scope: Scope) -> Iterator[Escape]:
    if scope.function is None or not scope.nodes(ir.Call):
        return
    regions = regions_of(file.project, scope.function)
    body = regions.body
    for call in body.calls:
        effect = leaves_database(body, call) if not regions.is_deferred(call) else None
        opened = _opened(file, scope, regions, call) if effect is not None else None
        if effect is None or opened is None or (effect.kind == "pause" and _is_for_debugging(body, call)):
            continue
        if _matters(file, scope, regions, call, opened):
            yield Escape(body, call, effect, opened)


def _is_for_debugging(body: Body, call: ir.Call) -> bool:
    """Whether a call is made only where something called after debugging says so."""
    return any(
        isinstance(part, (ir.Name, ir.Attr)) and "debug" in (last_name(part) or "").lower()
        for test in conditions(body.statements, call)
        for part in walk(test)
    )


def _matters(
    file: FileContext, scope: Scope, regions: Regions, call: ir.Call, opened: Atomic | Mention | str
) -> bool:
    """Whether the transaction has rows to lose or to hold; one that a framework opens is there for such rows."""
    match opened:
        case Atomic():
            return has_stake(regions, scope.trace, opened, call)
        case Mention(function=caller, node=node):
            if _writes(scope):
                return True
            above = regions_of(file.project, caller)
            outer = next((atomic for atomic in above.at(node) if atomic.certain), None)
            return has_stake(above, trace_function(file.project, caller), outer, node)
        case _:
            return True


def _opened(
    file: FileContext, scope: Scope, regions: Regions, call: ir.Call
) -> Atomic | Mention | str | None:
    info = scope.function
    assert info is not None
    certain = [atomic for atomic in regions.at(call) if atomic.certain]
    if certain:
        return None if any(atomic.rolled_back for atomic in certain) else certain[0]
    if info.node.is_async or info.node.is_generator or signals_of(file, scope):
        return None
    found = callers_of(file).opened_above(info)
    # Without a write of its own, a request's transaction is there for others.
    if isinstance(found, Mention):
        outer = regions_of(file.project, found.function).at(found.node)
        return None if any(atomic.rolled_back for atomic in outer) else found
    return None if found in REQUESTS and not _writes(scope) else found


def _writes(scope: Scope) -> bool:
    events = scope.trace.events
    return any(isinstance(e, Write) or (isinstance(e, Called) and e.summary.writes) for e in events)


def signals_of(file: FileContext, scope: Scope) -> list[str]:
    """The signals of models that a function is called for."""
    info = scope.function
    if info is None or info.parent is not None:
        return []
    wanted = IN_TRANSACTION | SOMETIMES
    return [r.signal for r in receivers(file) if r.function is info and r.signal in wanted]
