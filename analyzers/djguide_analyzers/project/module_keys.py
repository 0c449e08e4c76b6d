"""What results rest on, by key: a file, a function, or where things stand in it; and what edits leave of it."""

from __future__ import annotations

import re
from typing import NamedTuple

from djguide_analyzers.source.changes import Change


class TakenOver(NamedTuple):
    """What an edit that left the outline of a file alone has changed.

    Attributes:
        keys: What of the file is no longer what somebody may rest on.
        change: The edit; None unless everything outside of the functions among `keys` is the same, lines moved.
    """

    keys: frozenset[str]
    change: Change | None


def differing(number: int, old: list[bytes], new: list[bytes]) -> set[tuple[int, int]]:
    """The bodies of chunk `number` that are not what they were; all, when their numbers may mean others."""
    if len(old) != len(new):
        return {(number, body) for body in range(max(len(old), len(new)))}
    return {(number, body) for body, (a, b) in enumerate(zip(old, new, strict=True)) if a != b}


def path_of(key: str) -> str:
    """The path of the file that something rests on, by its key."""
    return _KEY.sub("", key) if key[-1:].isdigit() or key.endswith("@") else key


def is_moving(key: str) -> bool:
    """Whether something rests on where things stand, by its key."""
    return key.endswith("@")


_KEY = re.compile(r"(?:#\d+\.\d+|@)\Z")
