"""Headers of compound statements in broken text: where they end, and a stand-in for those that do not parse."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from djguide_analyzers.source.older_syntax import older
from djguide_analyzers.source.scan import Line, line_break

Attempt = Callable[[str], bool]

COMPOUND = re.compile(
    r"\s*(?:async\s+)?(def|class|if|for|while|with|try|else|elif|except|finally|match|case)\b(?!\s*[=.,)])"
)
CLAUSES = re.compile(r"\s*(?:else|elif|except|finally)\b(?!\s*[=.,)])")
MATCH = re.compile(r"\s*match\b.*:$", re.DOTALL)
CASE = re.compile(r"\s*case\b(?!\s*[=.,)])")
CLOSES = re.compile(r"\s*[)\]}]")

_MAX_LINES = 80
"""Lines that a header may have."""
_BEFORE = {
    "elif": "if 1: pass\n", "else": "if 1: pass\n", "except": "try: pass\n", "finally": "try: pass\n",
    "case": "match 1:\n",
}  # fmt: skip
"""What a clause needs in front of it to be parsed by itself; `_AFTER` what it needs behind."""
_AFTER = {"try": "finally: pass\n", "match": " case _: pass\n"}
_DEFINITION = re.compile(r"\s*(?:(?:async\s+)?def|class)\s+\w+")
_PARAMETERS = re.compile(r"\s*\(\s*(?:\w+(?:\s*,\s*\w+)*)?")
_BASES = re.compile(r"\s*\(\s*(?:\w+(?:\.\w+)*(?:\s*,\s*\w+(?:\.\w+)*)*)?")
_LOOP = re.compile(r"\s*(?:async\s+)?for\s+[\w, ]+?\s+in\b")
_STUBS = {"if": " ...:", "elif": " ...:", "while": " ...:", "with": " ...:", "for": " _ in ...:", "match": " ...:",
          "case": " _:"}  # fmt: skip


class Header(NamedTuple):
    """One header with its lines, ``pass`` in place of its suite.

    Attributes:
        kind: Its keyword, without ``async``.
        text: Lines that parse, as many as it has in the file.
        end: The line behind it.
        suite: The line on which its ``pass`` stands.
        broken: Whether it had to be replaced by a stand-in, or lost its decorators.
        rewritten: Whether it stands here in older syntax.
    """

    kind: str
    text: str
    end: int
    suite: int
    broken: bool
    rewritten: bool = False


def keyword_line(lines: Sequence[Line], start: int, end: int) -> int | None:
    """The line of the keyword of a compound statement, behind its decorators; None for anything else."""
    indent = lines[start].indent
    for number in range(start, end):
        line = lines[number]
        if line.starts and line.indent == indent:
            if COMPOUND.match(line.code):
                return number
            if not line.code.lstrip().startswith("@") and not CLOSES.match(line.code):
                return None
    return None


def find_header(lines: Sequence[Line], start: int, end: int, attempt: Attempt) -> Header:
    """The header that begins at line `start`, decorators included, of a clause that ends before line `end`.

    `attempt` tells whether a text parses.
    """
    keyword = keyword_line(lines, start, end)
    match = COMPOUND.match(lines[keyword].code) if keyword is not None else None
    assert keyword is not None and match is not None
    kind = match[1]
    last = _last_line(lines, keyword, end)
    for first in dict.fromkeys((start, keyword)):  # with the decorators, then without
        blank = "".join(line_break(line) for line in lines[start:first])
        decorators = "".join(line.text for line in lines[first:keyword])
        for number in _ends(lines, keyword, end, last):
            plain = _with_pass(lines[keyword : number + 1], kind)
            for written in dict.fromkeys((plain, older(plain))):
                if attempt(_alone(kind, decorators, written)):
                    text = blank + decorators + written
                    return Header(kind, text, number + 1, number, first > start, written != plain)
    stub = _stub(kind, lines[keyword].code) + " pass" * (kind != "match")
    breaks = [line_break(line) for line in lines[start : last + 1]]
    text = "".join([*breaks[: keyword - start], stub, *breaks[keyword - start :]])
    return Header(kind, text, last + 1, keyword, True)


def _ends(lines: Sequence[Line], keyword: int, end: int, last: int) -> Iterator[int]:
    """Lines at which the header whose keyword stands on line `keyword` may end."""
    yield keyword
    stop = last + 1 if last > keyword else min(end, keyword + _MAX_LINES)
    yield from (number for number in range(keyword + 1, stop) if lines[number].code.endswith(":"))


def _with_pass(lines: Sequence[Line], kind: str) -> str:
    code = lines[-1].code
    suite = " pass" if code.endswith(":") and kind != "match" else ""
    return "".join(line.text for line in lines[:-1]) + code + suite + line_break(lines[-1])


def _alone(kind: str, decorators: str, text: str) -> str:
    """`text` with what it takes to parse it by itself."""
    indent = text[: len(text) - len(text.lstrip())]
    blanks = "" if kind == "case" else indent
    around = f"{blanks}{_BEFORE[kind]}{text}" if kind in _BEFORE else decorators + text
    if kind in _AFTER:
        around = f"{around.rstrip()}\n{indent}{_AFTER[kind]}"
    return f"if 1:\n{around}" if blanks else around


def _last_line(lines: Sequence[Line], keyword: int, end: int) -> int:
    """Where a header that does not parse seems to end: at its closing bracket, or on its own line."""
    indent = lines[keyword].indent
    for number in range(keyword + 1, min(end, keyword + _MAX_LINES)):
        line = lines[number]
        if line.starts and line.indent == indent:
            if not CLOSES.match(line.code):
                return keyword
            if not line.code.endswith(("(", "[", "{")):  # `](` ends type parameters and goes on
                return number
    return keyword


def _stub(kind: str, code: str) -> str:
    """A header that parses and says as much of `code` as can be trusted."""
    indent = code[: len(code) - len(code.lstrip())]
    if kind in ("def", "class"):
        name = _DEFINITION.match(code)
        if name is None:
            return f"{indent}if ...:"
        inside = (_PARAMETERS if kind == "def" else _BASES).match(code, name.end())
        if inside is not None:
            return f"{name[0]}{inside[0]}):"
        return f"{name[0]}():" if kind == "def" else f"{name[0]}:"
    if kind == "for" and (loop := _LOOP.match(code)):
        return f"{loop[0]} ...:"
    return indent + kind + _STUBS.get(kind, ":")
