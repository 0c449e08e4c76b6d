"""Positions, ranges and the line index of one text.

Internally a position is a zero-based line and a zero-based column in *characters* (code points). Editors
count columns in UTF-16 or UTF-8 units, the command line prints one-based lines and columns: both convert at
the edge. Lines end at ``\\n``, ``\\r\\n`` or a lone ``\\r``, the rule shared by Python's own tokenizer and the
language server protocol; form feeds and Unicode separators do not end a line.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from typing import Literal, NamedTuple

Encoding = Literal["utf-8", "utf-16", "utf-32"]

_LINE_END = re.compile(r"\r\n|\n|\r")


class Position(NamedTuple):
    """A place between two characters: zero-based line, zero-based column in characters."""

    line: int
    column: int


class Range(NamedTuple):
    """A half-open stretch of text."""

    start: Position
    end: Position

    def contains(self, position: Position) -> bool:
        """Whether `position` lies inside or at either end."""
        return self.start <= position <= self.end

    def overlaps(self, other: Range) -> bool:
        """Whether the two share a character, or one is an empty range inside the other."""
        if self.start == self.end or other.start == other.end:
            return self.start <= other.end and other.start <= self.end
        return self.start < other.end and other.start < self.end


class LineIndex:
    """Where the lines of one text start, and conversions between offsets and positions.

    Positions beyond the end of a line or of the text are clamped, as the protocol asks.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        if "\r" in text:
            self.starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
        else:
            lengths = [len(line) + 1 for line in text.split("\n")]
            self.starts = [0, *accumulate(lengths[:-1])]

    @property
    def line_count(self) -> int:
        """Number of lines; a text that ends with a line break has an empty last line."""
        return len(self.starts)

    def line(self, number: int) -> str:
        """Text of a line without its line break; empty for a line that does not exist."""
        if not 0 <= number < len(self.starts):
            return ""
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.text)
        return self.text[self.starts[number] : end].rstrip("\r\n")

    def offset(self, position: Position) -> int:
        """Offset in characters of `position`, clamped to its line and to the text."""
        line, column = position
        if line < 0:
            return 0
        if line >= len(self.starts):
            return len(self.text)
        return self.starts[line] + max(0, min(column, len(self.line(line))))

    def position(self, offset: int) -> Position:
        """Position of an offset in characters, clamped to the text."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self.starts, offset) - 1
        return Position(line, offset - self.starts[line])

    def slice(self, range_: Range) -> str:
        """The text inside `range_`."""
        return self.text[self.offset(range_.start) : self.offset(range_.end)]

    def to_units(self, position: Position, encoding: Encoding) -> Position:
        """`position` with its column counted in units of `encoding`."""
        return Position(position.line, column_to_units(self.line(position.line), position.column, encoding))

    def from_units(self, position: Position, encoding: Encoding) -> Position:
        """A position whose column counts units of `encoding`, as characters."""
        return Position(position.line, column_from_units(self.line(position.line), position.column, encoding))


def column_to_units(line: str, column: int, encoding: Encoding) -> int:
    """Number of units of `encoding` that the first `column` characters of `line` take."""
    if encoding == "utf-32" or line.isascii():
        return min(column, len(line))
    head = line[:column]
    if encoding == "utf-8":
        return len(head.encode("utf-8", "surrogatepass"))
    return sum(2 if ord(char) > 0xFFFF else 1 for char in head)


def column_from_units(line: str, units: int, encoding: Encoding) -> int:
    """Number of characters in the first `units` units of `line`; inside a character, its start."""
    if encoding == "utf-32" or line.isascii():
        return min(units, len(line))
    seen = 0
    for column, char in enumerate(line):
        code = ord(char)
        if encoding == "utf-16":
            seen += 2 if code > 0xFFFF else 1
        else:
            seen += 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4
        if seen > units:
            return column
    return len(line)
