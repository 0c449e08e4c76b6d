"""Templates to tokens: Django's lexer, and which end tag belongs to which tag."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from django.template.base import DebugLexer, Token, TokenType

from djguide_analyzers.facts.template_syntax import Bit, split


class Piece(NamedTuple):
    """A token and its place, as offsets; `name` is the first word of a block tag, empty for everything else."""

    kind: TokenType
    contents: str
    name: str
    start: int
    end: int

    def contents_in(self, text: str) -> Bit:
        """`contents`, which comes without the white space around it, with its place in `text`."""
        inside = text[self.start + 2 : self.end - 2]
        start = self.start + 2 + len(inside) - len(inside.lstrip())
        return Bit(self.contents, start, start + len(self.contents))

    def arguments_in(self, text: str) -> list[Bit]:
        """The words of a block tag behind its name."""
        return split(self.contents_in(text))[1:]


class _Lexer(DebugLexer):
    """Django's lexer, except that ``{% verbatim %}`` without its end does not swallow the rest of the text."""

    _last: dict[str, int] | None = None  # where the last tag with each content starts

    def create_token(self, token_string: str, position: tuple[int, int], lineno: int, in_tag: bool) -> Token:
        token = super().create_token(token_string, position, lineno, in_tag)
        if self.verbatim and token.token_type is TokenType.BLOCK:
            if self._last is None:
                self._last = {
                    self.template_string[start + 2 : end - 2].strip(): start
                    for start, end in self._tag_re_split_positions()
                }
            if self._last.get(str(self.verbatim), -1) < position[1]:
                self.verbatim = False
        return token


def pieces_of(text: str) -> list[Piece]:
    """The tokens of `text`, in order and without gaps."""
    pieces: list[Piece] = []
    for token in _Lexer(text).tokenize():
        words = token.contents.split(None, 1) if token.token_type is TokenType.BLOCK else None
        pieces.append(Piece(token.token_type, token.contents, words[0] if words else "", *token.position))
    return pieces


def pair_blocks(pieces: Sequence[Piece]) -> dict[int, int]:
    """The number of each tag that has an end tag, with the number of that.

    An end tag belongs to the nearest tag of its name that has none yet; tags opened between the two then have
    no end. A comment ends at its first end tag, and nothing in it counts.
    """
    closes: dict[int, int] = {}
    names = [_pairing_name(piece) for piece in pieces]
    ended = {name[3:] for name in names if name.startswith("end")}
    comment_ends = [n for n, piece in enumerate(pieces) if piece.name and piece.contents == "endcomment"]
    opened: list[tuple[str, int]] = []
    waiting: Counter[str] = Counter()
    number = -1
    while (number := number + 1) < len(pieces):
        name = names[number]
        if name == "comment":
            following = bisect_right(comment_ends, number)
            if following < len(comment_ends):
                closes[number] = comment_ends[following]
                number = comment_ends[following]
        elif name.startswith("end") and waiting[name[3:]]:
            opener = -1
            candidate = ""
            while candidate != name[3:]:
                candidate, opener = opened.pop()
                waiting[candidate] -= 1
            closes[opener] = number
        elif name and name in ended:
            opened.append((name, number))
            waiting[name] += 1
    return closes


def _pairing_name(piece: Piece) -> str:
    """What begin and end tag have in common: the name, and the label of ``{% verbatim label %}``."""
    return piece.contents if piece.name in ("verbatim", "endverbatim") else piece.name
