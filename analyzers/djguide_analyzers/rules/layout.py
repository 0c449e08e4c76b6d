"""How a file is written: its quotes and the length of its lines, for what fixes add to it."""

from __future__ import annotations

import json
import posixpath
import re
import tomllib
from collections.abc import Sequence
from typing import Any

from djguide_analyzers.facts import ir
from djguide_analyzers.project.files import parents
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import arguments_range, insert, replace
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position, Range

_USUAL = 88
_LONGEST = 120
"""No line of a file makes an edit write one longer than this, unless it is configured."""
_TOKEN = re.compile(
    r"""\#[^\n]* | \"{3}[\s\S]*?\"{3} | '{3}[\s\S]*?'{3} | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'""",
    re.VERBOSE,
)
_COMMENT = re.compile(r",\s*#.*")
_CONFIGURATIONS = ("ruff.toml", ".ruff.toml", "pyproject.toml")


# --- literals and lines ----------------------------------------------------------------------------------


def quoted(file: FileContext, text: str) -> str:
    """`text` as a string literal, in the quotes that `file` uses most."""
    return in_quotes(text, file.once("quotes", lambda: usual_quote(file.lines.text)))


def in_quotes(text: str, quote: str) -> str:
    """`text` as a string literal in `quote`, or in double quotes where it would have to be escaped in them."""
    literal = json.dumps(text, ensure_ascii=False)
    return literal if quote == '"' or "'" in text or "\\" in literal else f"'{text}'"


def usual_quote(text: str) -> str:
    """The quotes in which `text`, a Python file, writes most strings that could stand in either."""
    single = 0
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token[0] != "#" and token[:3] not in ('"""', "'''"):
            single += 1 if token[0] == "'" and '"' not in token else -1 if "'" not in token else 0
    return "'" if single > 0 else '"'


def line_limit(file: FileContext) -> int:
    """The longest line that the project's formatter leaves; where none is configured, what is usual in `file`."""
    return file.once("line limit", lambda: _configured(file) or _usual_length(file))


def _usual_length(file: FileContext) -> int:
    return min(max(_USUAL, *map(len, file.lines.text.splitlines() or [""])), _LONGEST)


def _configured(file: FileContext) -> int | None:
    for folder in parents(posixpath.dirname(file.path)):
        for name in _CONFIGURATIONS:
            document = _toml(file.read(posixpath.join(folder, name)))
            tables = [document]
            if name == "pyproject.toml":
                tool = document.get("tool")
                tables = [tool.get(each) for each in ("ruff", "black")] if isinstance(tool, dict) else []
            for table in tables:
                limit = table.get("line-length") if isinstance(table, dict) else None
                if type(limit) is int and limit > 0:
                    return limit
        if file.read(posixpath.join(folder, ".git", "HEAD")) is not None:
            break
    return None


def _toml(text: str | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text or "")
    except tomllib.TOMLDecodeError:
        return {}


# --- calls -----------------------------------------------------------------------------------------------


def call_text(file: FileContext, head: str, items: Sequence[str], place: Position, rest: int) -> str:
    """``head(items)`` as it is written at `place`, over several lines where one would be too long.

    Args:
        rest: How much stands behind it in its line.
    """
    text = f"{head}({', '.join(items)})"
    if place.column + len(text) + rest <= line_limit(file) or not _may_break(file, place):
        return text
    return f"{head}({_broken(file, items, place.line)})"


def _may_break(file: FileContext, place: Position) -> bool:
    """Whether no bracket but its own opens before `place` in its line: a formatter would break there first."""
    before = _TOKEN.sub("", file.lines.line(place.line)[: place.column]).removesuffix("(")
    return all(before.count(opening) <= before.count(closing) for opening, closing in ("()", "[]", "{}"))


def _broken(file: FileContext, items: Sequence[str], line: int) -> str:
    """`items` between the parentheses of a call that begins in a line: on one line of their own, or one on each."""
    whole = file.lines.line(line)
    indent = whole[: len(whole) - len(whole.lstrip())]
    inner = indent + ("\t" if indent.startswith("\t") else "    ")
    together = ", ".join(items)
    if len(inner) + len(together) <= line_limit(file):
        return f"\n{inner}{together}\n{indent}"
    return "".join(f"\n{inner}{item}," for item in items) + f"\n{indent}"


def with_arguments(file: FileContext, code: Code, call: ir.Call, items: Sequence[str]) -> Edit | None:
    """The edit that gives a call `items` in place of its positional arguments; None if that loses a comment.

    What was written one on each line stays so, and a line that becomes too long is broken.
    """
    inner = arguments_range(file, code, call)
    whole = Range(code.range(call.args[0]).start, code.range(call.args[-1]).end)
    if "#" in file.lines.slice(inner):
        return None
    separator = _line_separator(file, code, call)
    text = (separator or ", ").join(items)
    breaks = whole.start.line != whole.end.line or not _fits(file, whole, text)
    if separator is None and breaks and _may_break(file, inner.start):
        return replace(file, inner, _broken(file, items, inner.start.line))
    return replace(file, whole, text)


def add_arguments(file: FileContext, code: Code, call: ir.Call, added: Sequence[str]) -> Edit:
    """The edit that puts arguments behind those of a call, which has some, all positional; laid out like them."""
    inner = arguments_range(file, code, call)
    end = code.range(call.args[-1]).end
    separator = _line_separator(file, code, call)
    comment = _COMMENT.match(file.lines.line(end.line), end.column)
    if separator is not None and comment is not None:  # about the argument before it
        lines = "".join(f"{separator.removeprefix(',')}{item}," for item in added)
        return insert(file, Position(end.line, comment.end()), lines)
    text = "".join((separator or ", ") + item for item in added)
    fits = separator is not None or _fits(file, Range(end, end), text)
    if fits or "#" in file.lines.slice(inner) or not _may_break(file, inner.start):
        return insert(file, end, text)
    items = [*(file.text(code, argument) for argument in call.args), *added]
    return replace(file, inner, _broken(file, items, inner.start.line))


def _fits(file: FileContext, place: Range, text: str) -> bool:
    """Whether `text` instead of what stands at `place`, in one line, leaves no line that is longer than usual."""
    line = len(file.lines.line(place.end.line))
    longer = line - (place.end.column - place.start.column) + len(text)
    return longer <= max(line_limit(file), line)


def _line_separator(file: FileContext, code: Code, call: ir.Call) -> str | None:
    """What stands between arguments that are written one on each line; None for others."""
    starts = [code.range(argument).start for argument in call.args]
    indents = {file.lines.line(start.line)[: start.column] for start in starts}
    indent = next(iter(indents))
    return f",\n{indent}" if len(indents) == 1 and not indent.strip() else None
