"""The order in which the classes of a hierarchy are searched."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def linearised(sequences: list[list[T]]) -> list[T]:
    """C3 linearisation; where the bases contradict each other, first come first served."""
    result: list[T] = []
    sequences = [list(s) for s in sequences if s]
    while sequences:
        head = next(
            (s[0] for s in sequences if not any(s[0] in other[1:] for other in sequences)),
            sequences[0][0],
        )
        result.append(head)
        sequences = [[c for c in s if c != head] for s in sequences]
        sequences = [s for s in sequences if s]
    return result
