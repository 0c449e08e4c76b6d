"""Which functions an edit was made in."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.python import decode_body
from djguide_analyzers.facts.spans import span
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.source.changes import Change

Place = tuple[int, int]
"""A function's body: the number of its chunk in the file, and its own in the chunk."""


def functions_edited(old: ir.PyFacts, new: ir.PyFacts, change: Change) -> set[Place] | None:
    """The functions, one inside the other, below whose first lines all of `change` lies.

    The facts are those of the text before and after it, with equal outlines. None when the change, or a part of
    it, lies in no function: then anything in the file may say something else.
    """
    before = set(_around(old, change.first, change.old_end, change.old))
    after = set(_around(new, change.first, change.new_end, change.new))
    return before | after if before and after else None


def _around(facts: ir.PyFacts, first: int, end: int, lines: list[str]) -> Iterator[Place]:
    for number, chunk in enumerate(facts.chunks):
        if chunk.line > first:
            return
        following = facts.chunks[number + 1].line if number + 1 < len(facts.chunks) else len(lines) + 1
        if first <= following:
            yield from _inside(number, chunk, chunk.outline, chunk.spans, first, end, lines)


def _inside(
    number: int,
    chunk: ir.Chunk,
    block: list[ir.Stmt],
    spans: bytes,
    first: int,
    end: int,
    lines: list[str],
) -> Iterator[Place]:
    for node in walk(block):
        if not isinstance(node, ir.FunctionDef):
            continue
        line, column, last, _ = span(spans, node.at)
        if chunk.line + line < first and end <= _end(lines, chunk.line + last + 1, column):
            yield number, node.body
            body = decode_body(chunk.bodies[node.body])
            yield from _inside(number, chunk, body, chunk.body_spans[node.body], first, end, lines)
            return


def _end(lines: list[str], end: int, column: int) -> int:
    """The line behind a function with the blank lines that follow, and comments deeper than its ``def``."""
    while end < len(lines):
        text = lines[end].strip()
        if text and not (text.startswith("#") and len(lines[end]) - len(lines[end].lstrip()) > column):
            break
        end += 1
    return end
