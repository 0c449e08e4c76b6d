"""Places of definitions: their names, rather than all that is in them."""

from __future__ import annotations

import re

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Place
from djguide_analyzers.source.positions import Position, Range

_HEAD = re.compile(r"(?:async\s+)?(?:def|class)\s+")


def name_place(file: FileContext, code: Code, node: ir.FunctionDef | ir.ClassDef) -> Place:
    """The line on which a function or class of `file` begins, up to the end of its name."""
    start = file.lines.offset(code.range(node).start)
    text = file.lines.text
    # Decorators belong to the statement, and may hold anything: the name is looked for behind them.
    if node.decorators:
        start = file.lines.offset(code.range(node.decorators[-1]).end)
    pattern = re.compile(rf"{_HEAD.pattern}{re.escape(node.name)}\b")
    match = pattern.search(text, start)
    if match is None:
        return file.place(code, node)
    return Place(file.path, Range(file.lines.position(match.start()), file.lines.position(match.end())))


def line_end(file: FileContext, position: Position) -> Position:
    """The end of the line at `position`, behind a comment that follows a statement."""
    return Position(position.line, len(file.lines.line(position.line)))


def line_start(file: FileContext, code: Code, statement: ir.Node) -> tuple[str, Position] | None:
    """The indentation of a statement and the start of its line; None when something stands before it."""
    start = code.range(statement).start
    before = file.slice(Range(Position(start.line, 0), start))
    return (before, Position(start.line, 0)) if not before.strip() else None


def indented(text: str) -> str:
    """`text` one level deeper, its first line left as it is; lines that are empty stay so."""
    first, *rest = text.split("\n")
    return "\n".join([first, *(f"    {line}" if line.strip() else line for line in rest)])
