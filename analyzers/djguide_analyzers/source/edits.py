"""Edits as data: what a fix changes, and applying it to a text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from djguide_analyzers.source.positions import LineIndex, Range


class Edit(NamedTuple):
    """Replace `range` of the file at `path` (absolute, POSIX) by `text`; an empty range inserts."""

    path: str
    range: Range
    text: str


class OverlappingEdits(ValueError):
    """Two edits of one text touch the same characters, so their order would decide the result."""


def merge(groups: Iterable[Iterable[Edit]]) -> list[list[Edit]]:
    """The groups that can be applied together, first come first served.

    A group is taken whole or not at all; an edit that an earlier group makes too (the same import, say)
    counts once. Returns the taken groups without those repetitions.
    """
    taken: list[Edit] = []
    result: list[list[Edit]] = []
    for group in groups:
        fresh = [edit for edit in group if edit not in taken]
        if any(_conflict(edit, other) for edit in fresh for other in taken):
            continue
        taken += fresh
        result.append(fresh)
    return result


def _conflict(one: Edit, other: Edit) -> bool:
    return one.path == other.path and one.range.overlaps(other.range)


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """`text` with all `edits` (of this one file) applied at once.

    Ranges refer to the text as given. Insertions at one place keep their order. Inserted line breaks follow
    the text's own convention.

    Raises:
        OverlappingEdits: two edits share a character.
    """
    index = LineIndex(text)
    newline = line_break_of(text)
    spans = sorted(
        (
            (index.offset(e.range.start), index.offset(e.range.end), number, e.text)
            for number, e in enumerate(edits)
        ),
        key=lambda span: span[:3],
    )
    pieces: list[str] = []
    position = 0
    for start, end, _, replacement in spans:
        if start < position:
            raise OverlappingEdits(f"edits overlap at offset {start}")
        pieces.append(text[position:start])
        pieces.append(replacement if newline == "\n" else _with_breaks(replacement, newline))
        position = max(position, end)
    pieces.append(text[position:])
    return "".join(pieces)


def _with_breaks(text: str, newline: str) -> str:
    """`text`, which may hold pieces of the edited text, with its line breaks turned into `newline`."""
    return text.replace("\r\n", "\n").replace("\n", newline)


def line_break_of(text: str) -> str:
    """The line break that `text` uses first; ``\\n`` for a text of one line."""
    for number, char in enumerate(text):
        if char == "\n":
            return "\n"
        if char == "\r":
            return "\r\n" if text[number + 1 : number + 2] == "\n" else "\r"
    return "\n"
