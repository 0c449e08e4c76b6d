"""Reading Python up to the cursor: open brackets, the string it is in, and the definitions around it.

Works on text that is broken by the typing, so it knows tokens and indentation and nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from djguide_analyzers.source.scan import Line, layout

_TOKEN = re.compile(
    r"""(?P<triple>[rRbBuUfF]{0,2}(?:\"\"\"|'''))"""
    r"""|(?P<string>[rRbBuUfF]{0,2}["'])"""
    r"""|(?P<comment>\#[^\r\n]*)"""
    r"""|(?P<name>[^\W\d]\w*)"""
    r"""|(?P<number>\d[\w.]*)"""
    r"""|(?P<newline>\r\n|\n|\r)"""
    r"""|(?P<equals>=(?!=))"""
    r"""|(?P<other>\\\r?\n|[=!<>]=|\*\*|[^\s\w])"""
)
_DEFINITION = re.compile(r"(?:async[ \t]+)?(def|class)[ \t]+(\w+)")
_STATEMENT = re.compile(
    r"[ \t]*(?:def|class|return|raise|with|while|try|import|del|assert|pass|break|continue|global|@\w)\b"
)
"""What no expression goes on with: at the start of a line it means that a bracket before was left open."""
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_OPERATORS = frozenset(
    {"and", "or", "not", "in", "is", "if", "else", "for", "lambda", "await", "yield", "from"}
)


@dataclass
class Bracket:
    """One open bracket before the cursor.

    Attributes:
        kind: The bracket itself.
        name: Last part of what is called or subscripted; None when that is no name.
        name_end: Offset behind it.
        dotted: All of it where it is a dotted name, else None.
        element: Where the element starts that the cursor is in.
        keyword: Name of the keyword argument that the element is.
        index: Number of elements before it.
        value: In a dictionary: whether the cursor is behind the colon.
        key: In a dictionary: the text of the key before the colon.
    """

    kind: str
    name: str | None
    name_end: int
    dotted: str | None
    element: int
    keyword: str | None = None
    index: int = 0
    value: bool = False
    key: str | None = None

    def next(self, start: int) -> None:
        """Go on to the element that starts at `start`."""
        self.element, self.index = start, self.index + 1
        self.keyword, self.key, self.value = None, None, False


@dataclass
class Text:
    """The string that the cursor is in: its quotes with their prefix, and the range of its content."""

    opening: str
    start: int
    end: int

    @property
    def plain(self) -> bool:
        """Whether its content is what is written: no f-string, no bytes, not several lines."""
        prefix = self.opening.rstrip("\"'").lower()
        return len(self.opening.lstrip("rRbBuUfF")) == 1 and prefix in ("", "r", "u")


@dataclass
class Spot:
    """Where the cursor is.

    Attributes:
        offset: Its offset in the text.
        brackets: The open brackets around it, outermost first.
        text: The string it is in.
        word: Start of the name it stands in or behind; equal to `offset` when there is none.
        dot: What stands before the dot in front of the word: a dotted name, ``""`` for anything else, None
            without a dot.
        target: What the statement assigns to, as a plain name.
        needs_value: Whether something must follow: an operator, a dot or a ``=`` stands before the cursor.
        in_comment: Whether it stands in a comment.
        statement: Where the line starts that its statement starts on.
    """

    offset: int
    brackets: list[Bracket] = field(default_factory=list)
    text: Text | None = None
    word: int = 0
    dot: str | None = None
    target: str | None = None
    needs_value: bool = False
    in_comment: bool = False
    statement: int = 0

    @property
    def endings(self) -> list[str]:
        """Ways to close what is being typed, with all brackets: as a value, an argument, or a key."""
        quotes = self.text.opening.lstrip("rRbBuUfF") if self.text else ""
        brackets = "".join(_CLOSING[bracket.kind] for bracket in reversed(self.brackets))
        if self.text is None and self.needs_value:
            return [f"None{brackets}"]
        inner = self.brackets[-1] if self.brackets else None
        found = [f"{quotes}{brackets}"]
        if inner is not None and inner.kind == "{" and not inner.value:
            found.append(f"{quotes}: None{brackets}")
        elif self.text is None:
            found.append(f"=None{brackets}")
        return found


class _Scanner:
    """One pass over a text from the start of a block to the cursor."""

    def __init__(self, text: str, start: int, offset: int) -> None:
        self.text = text
        self.spot = Spot(offset, word=offset, statement=start)
        self._position = start
        self._statement: list[str] = []
        self._name: str | None = None
        self._name_end = start
        self._chain: str | None = None
        """All of the dotted name that was read last."""
        self._last: Literal["name", "value", "dot", "operator", ""] = ""
        self._string: str | None = None

    def run(self) -> Spot:
        """What is open at the cursor."""
        spot = self.spot
        while (match := _TOKEN.search(self.text, self._position)) and match.start() < spot.offset:
            self._position = match.end()
            kind = match.lastgroup
            if kind in ("string", "triple"):
                if self._in_string(match):
                    return spot
            elif kind == "comment" and match.end() >= spot.offset:
                spot.in_comment = True
                return spot
            elif kind == "name":
                if match.end() >= spot.offset:
                    spot.word = match.start()
                    break
                self._read_name(match)
            elif kind == "number":
                self._value()
            elif kind == "newline":
                self._newline(match.end())
            elif kind == "equals":
                self._equals()
            elif kind == "other":
                self._other(match[0], match.end())
        if self._last == "dot":
            spot.dot = self._chain or ""
        spot.needs_value = spot.word == spot.offset and self._last in ("operator", "dot")
        return spot

    def _in_string(self, match: re.Match[str]) -> bool:
        """Pass over a string; True when the cursor is in it."""
        quotes = match[0].lstrip("rRbBuUfF")
        end = _end_of_string(self.text, match.end(), quotes)
        stop = end if end is not None else _line_end(self.text, match.end())
        if self.spot.offset <= stop:
            if self.spot.offset >= match.end():
                self.spot.text = Text(match[0], match.end(), stop)
            return True
        self._position = stop + (len(quotes) if end is not None else 0)
        self._value()
        self._string = self.text[match.end() : stop]
        return False

    def _read_name(self, match: re.Match[str]) -> None:
        name = match[0]
        if self._last == "dot":
            self._chain = f"{self._chain}.{name}" if self._chain else None
        else:
            self._chain = name
        if name in _OPERATORS:
            self._operator(name)
            return
        self._name, self._name_end, self._last = name, match.end(), "name"
        if not self.spot.brackets:
            self._statement.append(name)

    def _value(self) -> None:
        self._last, self._chain, self._name = "value", None, None
        if not self.spot.brackets:
            self._statement.append("…")

    def _operator(self, token: str) -> None:
        self._last, self._chain, self._name = "operator", None, None
        if not self.spot.brackets:
            self._statement.append(token)

    def _newline(self, end: int) -> None:
        if self.spot.brackets and _STATEMENT.match(self.text, end):
            self.spot.brackets.clear()
        if not self.spot.brackets:
            self._statement, self.spot.target, self._last, self._chain = [], None, "", None
            self.spot.statement = end

    def _equals(self) -> None:
        brackets = self.spot.brackets
        if brackets:
            if brackets[-1].kind == "(" and self._last == "name" and self._chain == self._name:
                brackets[-1].keyword = self._name
        elif len(self._statement) == 1 or self._statement[1:2] == [":"] or self._statement[1:] == ["+"]:
            self.spot.target = self._statement[0]
        self._operator("=")

    def _other(self, token: str, end: int) -> None:
        brackets = self.spot.brackets
        if token in _CLOSING:
            called = self._last == "name"
            name, chain = (self._name, self._chain) if called else (None, None)
            brackets.append(Bracket(token, name, self._name_end, chain, end))
            self._last, self._chain, self._name = "", None, None
        elif token in ")]}":
            if brackets:
                brackets.pop()
            self._value()
        elif token == "." and self._last in ("name", "value"):
            self._last = "dot"
        elif token == "," and brackets:
            brackets[-1].next(end)
            self._last, self._chain = "", None
        elif token == ":" and brackets:
            if brackets[-1].kind == "{":
                brackets[-1].value, brackets[-1].key = True, self._string
            self._last = "operator"
        elif not token.startswith("\\"):
            self._operator(token)


def _end_of_string(text: str, start: int, quotes: str) -> int | None:
    """Offset of the closing quotes of a string whose content starts at `start`; None when it is not closed."""
    position = start
    while position < len(text):
        char = text[position]
        if char == "\\":
            position += 2
        elif text.startswith(quotes, position):
            return position
        elif char in "\r\n" and len(quotes) == 1:
            return None
        else:
            position += 1
    return None


def _line_end(text: str, offset: int) -> int:
    ends = [end for end in (text.find("\n", offset), text.find("\r", offset)) if end >= 0]
    return min(ends, default=len(text))


def spot_at(text: str, start: int, offset: int) -> Spot:
    """What is open at `offset` of `text`, read from `start`, the start of a statement before it."""
    return _Scanner(text, start, offset).run()


@dataclass(frozen=True)
class Definition:
    """A class or function around the cursor; `kind` is the keyword, `end` the line behind its last."""

    kind: str
    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Surroundings:
    """The definitions around a line, outermost first, and the text by lines."""

    lines: list[Line]
    definitions: tuple[Definition, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that the innermost statement stands in the bodies of, outermost first."""
        return tuple(each.name for each in self.definitions if each.kind == "class")

    @property
    def function(self) -> Definition | None:
        """The outermost function that is no method of a class in a function."""
        return next((each for each in self.definitions if each.kind == "def"), None)

    @property
    def owners(self) -> tuple[str, ...]:
        """Names of the classes around `function`, or around the statement when there is none."""
        found: list[str] = []
        for each in self.definitions:
            if each.kind == "def":
                break
            found.append(each.name)
        return tuple(found)


@lru_cache(maxsize=4)
def laid_out(text: str) -> list[Line]:
    """The lines of a text; several questions about one version of a document follow each other."""
    return layout(text)


def surroundings(text: str, number: int, column: int) -> Surroundings:
    """The definitions around the place at line `number` and `column`, told by indentation."""
    lines = laid_out(text)
    found: list[Definition] = []
    limit = _indent_at(lines, number, column)
    for current in range(min(number, len(lines)) - 1, -1, -1):
        if not limit:
            break
        line = lines[current]
        if not line.starts or line.indent >= limit:
            continue
        code = line.code.lstrip()
        if code[0] in ")]}":
            continue
        limit = line.indent
        if match := _DEFINITION.match(code):
            start = _with_decorators(lines, current)
            found.append(Definition(match[1], match[2], start, _end_of_block(lines, current)))
    return Surroundings(lines, tuple(reversed(found)))


def _indent_at(lines: list[Line], number: int, column: int) -> int:
    if number >= len(lines) or not lines[number].code:
        return column
    return lines[number].indent if lines[number].starts else max(column, 1)


def _with_decorators(lines: list[Line], number: int) -> int:
    """The first line of the decorators that stand directly over a definition, one line each."""
    while number and lines[number - 1].code.lstrip().startswith("@"):
        number -= 1
    return number


def _end_of_block(lines: list[Line], number: int) -> int:
    """The line behind the block whose header stands on line `number`."""
    indent = lines[number].indent
    for current in range(number + 1, len(lines)):
        line = lines[current]
        if line.starts and line.indent <= indent and line.code.lstrip()[0] not in ")]}":
            return current
    return len(lines)
