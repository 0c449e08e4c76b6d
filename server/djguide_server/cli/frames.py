"""Pieces of source text for the terminal: code frames and the short diff of a fix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from djguide_analyzers.source.edits import Edit, apply_edits
from djguide_analyzers.source.positions import LineIndex, Position, Range
from djguide_server.cli.streams import Terminal, cells, clean

TAB = "    "
MAX_DIFF_LINES = 14


class Mark(NamedTuple):
    """A stretch of text to underline: the finding itself (``^``) or what explains it (``-``)."""

    range: Range
    primary: bool


class DiffLine(NamedTuple):
    sign: Literal["-", "+", " "]
    text: str


def code_frame(index: LineIndex, marks: Sequence[Mark], terminal: Terminal) -> list[str]:
    """The lines that `marks` begin on, numbered and underlined; lines between them are left out."""
    by_line: dict[int, list[Mark]] = {}
    for mark in sorted(marks):
        if mark.range.start.line < index.line_count:
            by_line.setdefault(mark.range.start.line, []).append(mark)
    if not by_line:
        return []
    gutter = len(str(max(by_line) + 1))
    result: list[str] = []
    previous: int | None = None
    for number, line_marks in by_line.items():
        if previous is not None and number > previous + 1:
            result.append(terminal.style(f"{'':{gutter}} ⋮", dim=True))
        text, underline = _marked_line(index.line(number), number, line_marks, terminal.width - gutter - 8)
        result.append(terminal.style(f"{number + 1:>{gutter}} │ ", dim=True) + text)
        colour = "red" if any(mark.primary for mark in line_marks) else "blue"
        bar = terminal.style(f"{'':{gutter}} │ ", dim=True)
        result.append(bar + terminal.style(underline, fg=colour, bold=True))
        previous = number
    return result


def _marked_line(line: str, number: int, marks: Iterable[Mark], room: int) -> tuple[str, str]:
    """One line and the line of underlines below it, cut to `room` cells around the first mark."""
    indent = len(line) - len(line.lstrip())
    signs = [" "] * (len(line) + 1)
    first = len(line)
    for mark in marks:
        start = min(mark.range.start.column, len(line))
        end = mark.range.end.column if mark.range.end.line == number else len(line.rstrip())
        for column in range(start, max(start + 1, min(end, len(line)))):
            signs[column] = "^" if mark.primary else signs[column] if signs[column] == "^" else "-"
        first = min(first, start)
    room = max(room, 40)
    # Common indentation says nothing; a line that is still too long is shown from shortly before the mark.
    begin = indent if cells(_expand(line)) > room else 0
    if cells(_expand(line[begin:])) > room:
        begin = max(begin, first - room // 3)
    text, underline = ("… ", "  ") if begin > indent else ("", "")
    for column in range(begin, len(line) + 1):
        shown = _expand(clean(line[column])) if column < len(line) else " "
        width = cells(shown)
        if len(text) + width > room:
            return text + "…", underline.rstrip()
        text += shown
        underline += signs[column] * width
    return text.rstrip(), underline.rstrip()


def _expand(text: str) -> str:
    return text.replace("\t", TAB)


def edit_diff(index: LineIndex, edits: Iterable[Edit]) -> list[DiffLine]:
    """What `edits` of the text of `index` change, line by line, without context.

    Only the lines touched are compared, so the cost does not depend on the size of the file.

    Raises:
        OverlappingEdits: two edits share a character.
    """
    result: list[DiffLine] = []
    for cluster in _clusters(sorted(edits, key=lambda edit: edit.range)):
        first = cluster[0].range.start.line
        last = max(edit.range.end.line for edit in cluster)
        before = "\n".join(index.line(number) for number in range(first, last + 1))
        moved = [edit._replace(range=_up(edit.range, first)) for edit in cluster]
        after = apply_edits(before, [edit._replace(text=edit.text.replace("\r\n", "\n")) for edit in moved])
        if result:
            result.append(DiffLine(" ", "⋮"))
        result += _changed_lines(before.split("\n"), after.split("\n"))
    return result


def _clusters(edits: Iterable[Edit]) -> list[list[Edit]]:
    """Edits (in order) in groups that share lines."""
    groups: list[list[Edit]] = []
    end = -1
    for edit in edits:
        if groups and edit.range.start.line <= end:
            groups[-1].append(edit)
        else:
            groups.append([edit])
        end = max(end, edit.range.end.line)
    return groups


def _up(range_: Range, lines: int) -> Range:
    start, end = range_
    return Range(Position(start.line - lines, start.column), Position(end.line - lines, end.column))


def _changed_lines(before: list[str], after: list[str]) -> list[DiffLine]:
    while before and after and before[-1] == after[-1]:
        before, after = before[:-1], after[:-1]
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    return [DiffLine("-", line) for line in before[start:]] + [DiffLine("+", line) for line in after[start:]]


def diff_lines(lines: Sequence[DiffLine], terminal: Terminal) -> list[str]:
    """`lines` of a short diff for the terminal, the rest cut off when there are many."""
    shown = lines if len(lines) <= MAX_DIFF_LINES else lines[: MAX_DIFF_LINES - 1]
    colours = {"-": "red", "+": "green", " ": None}
    result = [
        terminal.style(f"{line.sign} {_expand(clean(line.text))}".rstrip(), fg=colours[line.sign])
        for line in shown
    ]
    if len(shown) < len(lines):
        result.append(terminal.style(f"  … {len(lines) - len(shown)} more lines", dim=True))
    return result
