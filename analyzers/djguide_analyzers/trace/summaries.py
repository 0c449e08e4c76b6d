"""What a call does, remembered across roots.

A call is interpreted once for each kind of arguments, in a run of its own, with stand-ins for the rows it is given
(`standins`). Whoever makes it takes over (`adoption`) its value and its *effects*, the events that depend on those
rows or load relations of rows in a loop, at once; the rest of what it does stays with the summary, to be looked
at by those who ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass, field

from djguide_analyzers.project.dependents import shared
from djguide_analyzers.project.interruption import checkpoint
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.project.project import Project
from djguide_analyzers.trace.adoption import Adoption
from djguide_analyzers.trace.events import (
    Called,
    CallMade,
    CallSite,
    Event,
    QueryRun,
    QuerySetUse,
    RelationLoad,
    RelationRead,
    Served,
    TransactionBoundary,
    Write,
)
from djguide_analyzers.trace.frame import BudgetSpent, Frame, Run
from djguide_analyzers.trace.left_behind import Held, left_behind
from djguide_analyzers.trace.missing import is_per_row
from djguide_analyzers.trace.standins import Key, rests_on_stand_in
from djguide_analyzers.trace.values import (
    UNKNOWN,
    AbstractValue,
    Constant,
    Mapping,
    ObjectValue,
    Row,
    Scalar,
    Unknown,
)

MAX_EVENTS = 300
"""Events of a summary of either sort; what a function does beyond that is not told to its callers."""

_FAR = 1_000_000
"""Identities of rows that no run gets to by counting."""

MAX_EXPANDED = 3000
"""Events behind one call that are looked at."""

MAX_STACK = 16
"""Calls inside one another over which events are handed on."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a call does.

    Attributes:
        value: What it returns.
        effects: Events that depend on the caller's rows, or are complete in themselves.
        rest: Its other events, those of calls it makes in the form of `Called`.
        loaded: What it leaves in attributes of objects that the caller has (`left_behind`).
        evaluated: Identities of the rows that `loaded` speaks of, by the identity of the queryset they are of.
        modules: What it looks at besides outlines, as in `Run`.
        writes: Whether it writes to the database, calls included.
    """

    value: AbstractValue
    effects: tuple[Event, ...] = ()
    rest: tuple[Event, ...] = ()
    loaded: tuple[Held, ...] = ()
    evaluated: dict[int, int] = field(default_factory=dict[int, int])
    modules: frozenset[str] = frozenset()
    writes: bool = False


_NOTHING = Summary(UNKNOWN)


def call(
    frame: Frame,
    info: FunctionInfo,
    key: Key,
    at: CallSite,
    rows: dict[int, Row | ObjectValue],
    compute: Callable[[Run], AbstractValue],
) -> AbstractValue:
    """What a call of `info` returns, with its effects emitted in `frame`.

    Args:
        key: Tells it apart from calls with other arguments.
        rows: The caller's rows by the identity of their stand-ins.
        compute: Interprets the call with stand-ins in a run of its own.
    """
    run = frame.run
    summary = _summary(run, (info, key), compute)
    adoption = Adoption(run, rows, summary.evaluated)
    if len(frame.stack) < MAX_STACK:
        for event in summary.effects:
            run.events += adoption.event(event, frame.context, at)
        if summary.rest:
            run.events.append(Called(at.site, frame.context, at, summary, rows))
    value = adoption.value(summary.value)
    for holder, name, held in summary.loaded:
        actual = adoption.holder(holder)
        if actual is not None:
            run.set_loaded(actual, name, adoption.value(held))
    return value


def remembered(
    run: Run, key: Key, compute: Callable[[Run], AbstractValue], part: str | None = None
) -> AbstractValue:
    """The value of something that stands elsewhere, whose events are not the reader's.

    With `part`, what a `Mapping` has under that key.
    """
    value = _summary(run, key, compute).value
    if part is not None:
        value = value.get(part) if isinstance(value, Mapping) else UNKNOWN
    return value if isinstance(value, (Unknown, Scalar, Constant)) else Adoption(run, {}).value(value)


def _summary(run: Run, key: Key, compute: Callable[[Run], AbstractValue]) -> Summary:
    def make() -> Summary:
        checkpoint()
        own = Run(run.project)
        try:
            with own.reading():
                value = compute(own)
        except (BudgetSpent, RecursionError):
            value = UNKNOWN
        return _summarised(own, value)

    summary: Summary = run.project.summaries.get(key, make, _NOTHING)
    run.modules |= summary.modules
    return summary


def _summarised(own: Run, value: AbstractValue) -> Summary:
    effects: dict[object, Event] = {}
    rest: dict[object, Event] = {}
    for event in own.events:
        match event:
            case RelationLoad():
                if rests_on_stand_in(event.row) or is_per_row(event):
                    effects.setdefault(_identity(event), event)
            case QueryRun(related=related):
                if (related is not None and rests_on_stand_in(related.row)) or is_per_row(event):
                    effects.setdefault(_identity(event), event)
                else:
                    rest.setdefault(_identity(event), event)
            case QuerySetUse() | RelationRead() | Served() | CallMade(entered=True):
                pass
            case _:
                rest.setdefault(_identity(event), event)
    writes = any(isinstance(e, Write) or (isinstance(e, Called) and e.summary.writes) for e in own.events)
    held = left_behind(own, value)
    holders = {holder.key[0] for holder, _, _ in held}
    return Summary(
        value,
        tuple(effects.values())[:MAX_EVENTS],
        tuple(rest.values())[:MAX_EVENTS],
        held,
        {queryset: rows for queryset, rows in own.rows.items() if rows in holders},
        shared(own.modules),
        writes,
    )


def _identity(event: Event) -> object:
    """Events with the same identity say the same to a caller."""
    loops = (
        tuple(loop.site for loop in event.context.loops)
        if not isinstance(event, (QuerySetUse, Served))
        else ()
    )
    match event:
        case RelationLoad(row=row, name=name, key_only=key_only):
            return event.site, row.key, name, key_only, loops
        case QueryRun(operation=operation, related=related):
            return event.site, operation, None if related is None else related.row.key, loops
        case Write(operation=operation):
            return event.site, operation, loops
        case CallMade(target=target):
            return event.site, target, loops
        case Called(summary=summary):
            return event.site, id(summary), loops
        case TransactionBoundary(entered=entered):
            return event.site, entered, loops
        case _:
            return event.site, type(event)


Kinds = tuple[type[QueryRun | Write | TransactionBoundary], ...]


def expanded(
    project: Project, event: Called, depth: int = MAX_STACK, kinds: Kinds | None = None
) -> Iterator[Event]:
    """The events of `kinds`, or all, behind a `Called`, as they happen in the run that holds it, to `depth` calls.

    Functions that call one another come once for each way to them, so that there can be any number; what lies
    behind the first `MAX_EXPANDED` is left out.
    """
    return _expanded(project, event, depth, kinds, iter(range(MAX_EXPANDED)))


def _expanded(
    project: Project, event: Called, depth: int, kinds: Kinds | None, budget: Iterator[int]
) -> Iterator[Event]:
    # Its own rows must not look like those of the run that asks.
    adoption = Adoption(Run(project, first=_FAR), event.rows)
    for inner in event.summary.rest:
        if next(budget, None) is None:
            return
        if kinds is not None and not _may_lead_to(inner, kinds):
            continue
        for adopted in adoption.event(inner, event.context, event.call):
            if not isinstance(adopted, Called):
                yield adopted
            elif depth > 1:
                yield from _expanded(project, adopted, depth - 1, kinds, budget)


def _may_lead_to(event: Event, kinds: Kinds) -> bool:
    if isinstance(event, Called):
        return event.summary.writes or kinds != (Write,)
    return isinstance(event, kinds)


def forget(project: Project, keys: Set[str]) -> None:
    """Drop what was remembered of calls that looked at something among `keys` (`Module.keys`)."""
    project.summaries.forget(keys)
