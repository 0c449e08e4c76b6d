"""Who rests on what, the other way round: so that an edit costs what it puts in doubt, not what there is."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import lru_cache
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Dependents(Generic[K]):
    """For each thing that something rests on (`Module.keys`, or a question), what does."""

    def __init__(self) -> None:
        self._of: dict[str, set[K]] = {}

    def add(self, dependent: K, keys: Iterable[str]) -> None:
        """Note that `dependent` rests on each of `keys`."""
        for key in keys:
            self._of.setdefault(key, set()).add(dependent)

    def discard(self, dependent: K, keys: Iterable[str]) -> None:
        """Take back what `add` was told of `dependent`, with the same `keys`."""
        for key in keys:
            if (known := self._of.get(key)) is not None:
                known.discard(dependent)
                if not known:
                    del self._of[key]

    def of(self, keys: Iterable[str]) -> set[K]:
        """All that rests on any of `keys`."""
        return set[K]().union(*(self._of[key] for key in keys if key in self._of))

    def keys(self) -> Iterable[str]:
        """What anything rests on."""
        return self._of.keys()


def shared(keys: Iterable[str]) -> frozenset[str]:
    """`keys`, as a rule in one object for all that are equal: many values rest on the same few."""
    return _same(frozenset(keys))


@lru_cache(4096)
def _same(keys: frozenset[str]) -> frozenset[str]:
    return keys
