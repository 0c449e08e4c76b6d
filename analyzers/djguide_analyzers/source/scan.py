"""A light scanner over Python text that also works on broken text: comments, and what stands on each line.

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
_LINE_END = re.compile(r"\r\n|\n|\r")
_AT_MARGIN = re.compile(r"^(?:def|class|@\w|import|from|async def)\b", re.MULTILINE)
_DEFINITION = re.compile(r"^([ \t]*)(?:(?:async[ \t]+)?def|class)[ \t]+\w+[^\r\n]*:", re.MULTILINE)
_BEFORE_OPENING = re.compile(r"(?:^|[=(\[{,:])[ \t]*[rRbBfFuU]{0,2}$")
_AFTER_OPENING = re.compile(r"[\w*<`:]")


class CommentToken(NamedTuple):
    """A comment: offset of its ``#`` and its text from there to the end of the line."""

    offset: int
    text: str


class Line(NamedTuple):
    """One line of a text.

    Attributes:
        text: The line with its line break.
        code: The line without comment, white space at its end and line break.
        indent: Width of its indentation, tabs expanded as Python does.
        starts: Whether a statement can start here: there is code, and no string or backslash leads into it.
    """

    text: str
    code: str
    indent: int
    starts: bool


def comments(text: str) -> Iterator[CommentToken]:
    """All comments of `text`, in order."""
    for kind, start, end in _pieces(text):
        if kind == "comment":
            yield CommentToken(start, text[start:end])


def is_closed(text: str) -> bool:
    """Whether all strings over several lines that are opened in `text` are closed in it."""
    position = 0
    while match := _PIECE.search(text, position):
        position = match.end()
        if match.lastgroup == "triple":
            close = _closing(text, match.end(), match[0])
            if close is None or _is_accident(text, match.start(), close):
                return False
            position = close
    return True


def split_lines(text: str) -> list[str]:
    """Lines with their line breaks, broken only where Python breaks lines; no empty last line."""
    ends = [match.end() for match in _LINE_END.finditer(text)]
    lines = [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]
    return lines if lines[-1] else lines[:-1]


def layout(text: str) -> list[Line]:
    """What stands on each line of `text`."""
    pieces = list(_pieces(text))
    lines: list[Line] = []
    at = start = 0
    continues = False
    for line in split_lines(text):
        end = start + len(line)
        in_string = False
        code_end = end
        while at < len(pieces) and pieces[at][1] < end:
            kind, piece_start, piece_end = pieces[at]
            in_string = in_string or (kind == "triple" and piece_start < start)
            if kind == "comment":
                code_end = piece_start
            if piece_end > end:
                break  # goes on in the next line
            at += 1
        code = text[start:code_end].rstrip()
        starts = bool(code) and not in_string and not continues
        lines.append(Line(line, code, _indent(line), starts))
        continues = code_end == end and code.endswith("\\")
        start = end
    return lines


def line_break(line: Line) -> str:
    """How `line` ends."""
    return line.text[len(line.text.rstrip("\r\n")) :]


def without_strings(code: str) -> str:
    """`code` with its strings, and unclosed ones up to the end, taken out."""
    kept: list[str] = []
    position = 0
    for _, start, end in _pieces(code):
        kept.append(code[position:start])
        position = end
    return "".join([*kept, code[position:]])


def _indent(line: str) -> int:
    blanks = line[: len(line) - len(line.lstrip(" \t\f"))]
    return len(blanks.rpartition("\f")[2].expandtabs(8))


def _pieces(text: str) -> Iterator[tuple[str, int, int]]:
    """Kind, start and end of each triple-quoted string, plain string and comment.

    A triple quote that is never closed, or only where another string seems to open, is taken for a typing
    accident and skipped.
    """
    position = 0
    while match := _PIECE.search(text, position):
        kind = match.lastgroup or ""
        if kind != "triple":
            yield kind, match.start(), match.end()
            position = match.end()
            continue
        close = _closing(text, match.end(), match[0])
        if close is None or _is_accident(text, match.start(), close):
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


def _is_accident(text: str, start: int, end: int) -> bool:
    """Whether the triple-quoted string from `start` to `end` has swallowed code up to the next string."""
    inside = text[start + 3 : end - 3]
    if "\n" not in inside and "\r" not in inside:
        return False
    if _AT_MARGIN.search(inside):
        return True
    before = text[_line_start(text, end - 3) : end - 3]
    text_follows = _AFTER_OPENING.match(text, end) is not None
    if not before.strip():
        if text_follows:
            return True
    elif _BEFORE_OPENING.search(before) and (text_follows or text[end : end + 1] in "\r\n"):
        return True
    indent = _indent(text[_line_start(text, start) : start])
    return any(_indent(match[1]) < indent for match in _DEFINITION.finditer(inside))


def _line_start(text: str, offset: int) -> int:
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
