"""What an edit did to a text, in lines."""

from __future__ import annotations

from typing import NamedTuple

from djguide_analyzers.source.positions import Position, Range
from djguide_analyzers.source.scan import split_lines


class Change(NamedTuple):
    """Lines `first` to before `old_end` of the lines `old` have become lines `first` to before `new_end` of `new`.

    Lines are zero-based and held with their line breaks. What is outside of them is the same in both texts.
    """

    first: int
    old_end: int
    new_end: int
    old: list[str]
    new: list[str]

    @property
    def is_empty(self) -> bool:
        """Whether the texts are the same."""
        return self.first == self.old_end == self.new_end

    def moved(self, range_: Range) -> Range | None:
        """Where a range of the old text is in the new one; None when it starts or ends in what was changed."""
        start, end = self._moved(range_.start), self._moved(range_.end)
        return None if start is None or end is None else Range(start, end)

    def _moved(self, position: Position) -> Position | None:
        if position.line < self.first:
            return position
        if position.line < self.old_end:
            return None
        return Position(position.line + self.new_end - self.old_end, position.column)


def change_between(old: str, new: str) -> Change:
    """The least run of whole lines in which the texts differ."""
    before, after = lines_of(old), lines_of(new)
    shorter = min(len(before), len(after))
    first = 0
    while first < shorter and before[first] == after[first]:
        first += 1
    same = 0
    while same < shorter - first and before[-1 - same] == after[-1 - same]:
        same += 1
    return Change(first, len(before) - same, len(after) - same, before, after)


def lines_of(text: str) -> list[str]:
    """The lines of `text` with their line breaks."""
    if "\r" in text:
        return split_lines(text)
    parts = text.split("\n")
    last = parts.pop()
    return [f"{part}\n" for part in parts] + ([last] if last else [])
