"""Values that are worked out once and asked for often, by checks that all rest on what was read for them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Set
from typing import Generic, NamedTuple, TypeVar

from djguide_analyzers.project.dependents import Dependents, shared
from djguide_analyzers.project.interruption import checkpoint
from djguide_analyzers.project.modules import BODIES_READ, QUESTIONS

T = TypeVar("T")


class Kept(NamedTuple, Generic[T]):
    """A value, and what was looked at to make it."""

    value: T
    bodies: frozenset[str]
    questions: frozenset[str]


class Remembered(Generic[T]):
    """Values by key. Whoever gets one rests on all that was looked at to make it, as if by asking anew."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Kept[T]] = {}
        self._reading: Dependents[Hashable] = Dependents()
        self._asking: Dependents[Hashable] = Dependents()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of `key`, made when it is asked for the first time."""
        kept = self._kept.get(key)
        if kept is None:
            kept = made(make)
            self._keep(key, kept)
        return told(kept)

    def find(self, key: Hashable) -> T | None:
        """The value of `key` if there is one."""
        kept = self._kept.get(key)
        return None if kept is None else told(kept)

    def questions(self) -> set[str]:
        """The questions about all files that some value rests on."""
        return set(self._asking.keys())

    def forget(self, keys: Set[str], answered: Set[str]) -> None:
        """Drop what rests on one of `keys`, or on a question that is answered otherwise now."""
        for key in self._reading.of(keys) | self._asking.of(answered):
            self._drop(key)

    def attempt(self, key: Hashable, make: Callable[[], T], final: Callable[[], bool]) -> T:
        """The value that `make` returns, kept only when `final` says so after it was made."""
        kept = made(make)
        if final():
            self._keep(key, kept)
        return told(kept)

    def _keep(self, key: Hashable, kept: Kept[T]) -> None:
        if key in self._kept:
            self._drop(key)
        self._kept[key] = kept
        self._reading.add(key, kept.bodies)
        self._asking.add(key, kept.questions)

    def _drop(self, key: Hashable) -> None:
        kept = self._kept.pop(key)
        self._reading.discard(key, kept.bodies)
        self._asking.discard(key, kept.questions)


def made(make: Callable[[], T]) -> Kept[T]:
    """What `make` returns, for `told`."""
    checkpoint()
    bodies: set[str] = set()
    questions: set[str] = set()
    collecting, asking = BODIES_READ.set(bodies), QUESTIONS.set(questions)
    try:
        return Kept(make(), shared(bodies), shared(questions))
    finally:
        BODIES_READ.reset(collecting)
        QUESTIONS.reset(asking)


def told(kept: Kept[T]) -> T:
    """The value; whoever asks for it rests on what it rests on."""
    if (bodies := BODIES_READ.get()) is not None:
        bodies |= kept.bodies
    if (questions := QUESTIONS.get()) is not None:
        questions |= kept.questions
    return kept.value
