"""A light scanner over Python text that also works on broken text: comments, and where statements start.

It knows strings and comments, nothing else, so that an unclosed bracket does not hide the rest of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_PIECE = re.compile(
    r"""(?P<triple>\"\"\"|''')"""
    r"""|(?P<string>"(?:\\.|[^"\\\r\n])*"|'(?:\\.|[^'\\\r\n])*')"""
    r"""|(?P<comment>\#[^\r\n]*)""",
    re.DOTALL,
)
_STATEMENT_AT_MARGIN = re.compile(r"^(?:def|class|@\w|import|from|async def)\b", re.MULTILINE)
_CONTINUES = re.compile(r"(?:else|elif|except|finally)\b|[)\]}#\s]")
_LINE_END = re.compile(r"\r\n|\n|\r")


class CommentToken(NamedTuple):
    """A comment: offset of its ``#`` and its text from there to the end of the line."""

    offset: int
    text: str


def comments(text: str) -> Iterator[CommentToken]:
    """All comments of `text`, in order."""
    for kind, start, end in _pieces(text):
        if kind == "comment":
            yield CommentToken(start, text[start:end])


def block_starts(text: str) -> list[int]:
    """Offsets at which top-level statements of `text` seem to start, the first always 0.

    Decorators belong to their definition. Lines inside triple-quoted strings and clauses such as ``else``
    do not start a block.
    """
    inside: list[tuple[int, int]] = [(s, e) for kind, s, e in _pieces(text) if kind == "triple"]
    starts = [0]
    string = 0
    decorated = False
    previous_continues = False
    position = 0
    while position < len(text):
        match = _LINE_END.search(text, position)
        end = match.end() if match else len(text)
        while string < len(inside) and inside[string][1] <= position:
            string += 1
        in_string = string < len(inside) and inside[string][0] < position
        line = text[position:end]
        if not in_string and not previous_continues and line.strip() and not _CONTINUES.match(line):
            if position and not decorated:
                starts.append(position)
            decorated = line.startswith("@")
        previous_continues = line.rstrip("\r\n").endswith("\\")
        position = end
    return starts


def _pieces(text: str) -> Iterator[tuple[str, int, int]]:
    """Kind, start and end of each triple-quoted string, plain string and comment.

    A triple quote that is never closed, or only beyond a line that clearly starts a statement, is taken for
    a typing accident and skipped.
    """
    position = 0
    while match := _PIECE.search(text, position):
        kind = match.lastgroup or ""
        if kind != "triple":
            yield kind, match.start(), match.end()
            position = match.end()
            continue
        close = _closing(text, match.end(), match[0])
        if close is None or _STATEMENT_AT_MARGIN.search(text, match.end(), close):
            position = match.end()
            continue
        yield kind, match.start(), close
        position = close


def _closing(text: str, position: int, quotes: str) -> int | None:
    """Offset behind the closing `quotes` of a string whose content starts at `position`."""
    while (found := text.find(quotes, position)) >= 0:
        backslashes = 0
        while text[found - 1 - backslashes] == "\\":
            backslashes += 1
        if backslashes % 2 == 0:
            return found + 3
        position = found + 1
    return None
