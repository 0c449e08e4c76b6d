"""Remembering results of computations that may ask for themselves."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Set
from dataclasses import dataclass
from typing import Generic, TypeVar

from djguide_analyzers.project.dependents import Dependents

T = TypeVar("T")

MAX_NESTED = 60
"""Computations that may run inside one another."""


@dataclass(slots=True)
class _Provisional(Generic[T]):
    """A result that rests on unfinished computations, and which they are."""

    value: T
    unfinished: frozenset[Hashable]


class Memo(Generic[T]):
    """Results by key.

    A computation that asks for one still running gets the fallback. What rests on that answer is kept only until
    the asked one is finished: a result must not depend on which of several that ask for each other came first.

    Args:
        rests_on: What a result rests on (`Module.keys`).
    """

    def __init__(self, rests_on: Callable[[T], Iterable[str]]) -> None:
        self._rests_on = rests_on
        self._stored: dict[Hashable, T] = {}
        self._dependents: Dependents[Hashable] = Dependents()
        self._provisional: dict[Hashable, _Provisional[T]] = {}
        self._running: dict[Hashable, set[Hashable]] = {}
        """Keys in computation, outermost first, each with those unfinished ones that it rests on."""

    def get(self, key: Hashable, make: Callable[[], T], fallback: T) -> T:
        """The result for `key`, computed by `make` the first time."""
        if key in self._stored:
            return self._stored[key]
        if (early := self._provisional.get(key)) is not None:
            self._note(early.unfinished)
            return early.value
        if key in self._running or len(self._running) >= MAX_NESTED:
            self._note({key if key in self._running else next(iter(self._running))})
            return fallback
        self._running[key] = set()
        try:
            value = make()
        finally:
            unfinished = frozenset(self._running.pop(key) - {key})
            self._finish(key)
        if unfinished:
            self._provisional[key] = _Provisional(value, unfinished)
            self._note(unfinished)
        else:
            self._stored[key] = value
            self._dependents.add(key, self._rests_on(value))
        return value

    def _note(self, keys: set[Hashable] | frozenset[Hashable]) -> None:
        if self._running:
            self._running[next(reversed(self._running))] |= keys

    def _finish(self, key: Hashable) -> None:
        for other in [k for k, early in self._provisional.items() if key in early.unfinished]:
            del self._provisional[other]

    def forget(self, keys: Set[str]) -> None:
        """Drop the results that rest on one of `keys`."""
        for dependent in self._dependents.of(keys):
            self._dependents.discard(dependent, self._rests_on(self._stored.pop(dependent)))
