"""What holds at one point of a settings module: names with their values, and where the code stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.spans import span
from djguide_analyzers.project.modules import Module
from djguide_analyzers.project.settings_values import (
    MISSING,
    Missing,
    SettingPlace,
    Unknown,
    Value,
    union,
    unknown,
)


class Opening(NamedTuple):
    """Why names may be set that are not seen, and where; no place for what stands in no statement."""

    reason: str
    place: SettingPlace | None = None


class State:
    """Names and their values.

    `openings` says why names that are not here may be set all the same, `covered` which values a module that
    cannot be read may have replaced.
    """

    __slots__ = ("covered", "names", "openings")

    def __init__(
        self,
        names: dict[str, Value] | None = None,
        openings: tuple[Opening, ...] = (),
        covered: dict[str, tuple[Value, Opening]] | None = None,
    ) -> None:
        self.names = names if names is not None else {}
        self.openings = openings
        self.covered = covered if covered is not None else {}

    @property
    def open(self) -> bool:
        """Whether names that are not here may be set all the same."""
        return bool(self.openings)

    def copy(self) -> State:
        return State(dict(self.names), self.openings, dict(self.covered))

    def become(self, other: State) -> None:
        """Take over what `other` holds."""
        self.names, self.openings, self.covered = other.names, other.openings, other.covered

    def opened(self, *openings: Opening) -> None:
        """Names may be set that are not seen; those that are here stay as they are."""
        self.openings = tuple(dict.fromkeys((*self.openings, *openings)))

    def cover(self, opening: Opening) -> None:
        """A module that cannot be read sets names: others, or those that are here once more."""
        self.opened(opening)
        self.covered.update({name: (value, opening) for name, value in self.names.items() if name.isupper()})

    def covering(self, name: str) -> Opening | None:
        """What may have replaced the value of `name` since that was set."""
        value, opening = self.covered.get(name, (None, None))
        return opening if value is not None and value is self.names.get(name) else None

    def blur(self, reason: str, place: SettingPlace | None = None) -> None:
        """Something may have set or changed any setting; helpers in small letters are taken to stay."""
        for name, value in self.names.items():
            if name.isupper():
                self.names[name] = union((value, unknown(reason)))
        self.opened(Opening(reason, place))


def join_states(states: Iterable[State]) -> State | None:
    """The state that holds after one of several paths; None when there is no path."""
    states = list(states)
    if len(states) < 2:
        return states[0] if states else None
    names: dict[str, Value] = {}
    for name in dict.fromkeys(name for state in states for name in state.names):
        values = [state.names.get(name) for state in states]
        if all(value is values[0] for value in values) and values[0] is not None:
            names[name] = values[0]
        else:
            names[name] = union(
                value if value is not None else unknown("may be set elsewhere") if state.open else MISSING
                for value, state in zip(values, states, strict=True)
            )
    openings = dict.fromkeys(opening for state in states for opening in state.openings)
    covered = {name: pair for state in states for name, pair in state.covered.items()}
    return State(names, tuple(openings), covered)


@dataclass
class Frame:
    """One module, class body or function call under evaluation.

    Attributes:
        module: The module whose code it is.
        state: What holds now, for the frame's own names.
        outer: The frame of the module (for a class body, what surrounds it); None for a module.
        chunk: The top-level statement under evaluation, for positions.
        statement: The innermost statement under evaluation.
        spans: The span table of the code under evaluation.
        returns: Values that ``return`` gave so far.
        jumps: States at ``break`` and ``continue`` of the innermost loop.
        raised: States in which an import failed or may have failed, in the innermost ``try``.
        guards: How many ``try`` around the code catch a failing import.
        shared: Names that a function declared ``global``.
    """

    module: Module
    state: State
    outer: Frame | None = None
    chunk: ir.Chunk | None = None
    spans: bytes = b""
    returns: list[Value] = field(default_factory=list)
    jumps: list[State] = field(default_factory=list)
    raised: list[State] = field(default_factory=list)
    guards: int = 0
    shared: set[str] = field(default_factory=set)
    statement: ir.Stmt | None = None

    @property
    def top(self) -> Frame:
        """The module's frame."""
        return self if self.outer is None else self.outer.top

    def place(self, node: ir.Node) -> SettingPlace | None:
        """Where `node` of the code under evaluation stands."""
        if self.chunk is None:
            return None
        line = self.chunk.line + span(self.spans, node.at)[0]
        return SettingPlace(self.module.name, self.module.path, line)

    @property
    def here(self) -> SettingPlace | None:
        """Where the statement under evaluation stands."""
        return None if self.statement is None else self.place(self.statement)

    def blur(self, reason: str) -> None:
        """Something may have set or changed any setting of the module."""
        self.top.state.blur(reason, self.here)

    def lookup(self, name: str) -> Value | None:
        """The value of `name` in this frame or around it; None when nothing sets it."""
        frame: Frame | None = self
        while frame is not None:
            value = frame.state.names.get(name)
            if value is not None:
                return _without_missing(value)
            frame = frame.outer
        return None

    def set(self, name: str, value: Value) -> None:
        target = self.top if name in self.shared else self
        target.state.names[name] = value


def _without_missing(value: Value) -> Value:
    """A name that is read is set, or the module would fail."""
    if not any(isinstance(option, Missing) for option in value.options):
        return value
    options = tuple(option for option in value.options if not isinstance(option, Missing))
    return Value(options or (Unknown("not set"),), value.places)
