"""What all refactorings share: the selected statements, the file they are in, and the change that results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from djguide_analyzers.assist.evaluation import find_class
from djguide_analyzers.assist.scanning import Surroundings, laid_out, surroundings
from djguide_analyzers.facts import ir
from djguide_analyzers.facts.python import facts_of, python_facts
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, FunctionInfo, Module
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.nodes import blocks
from djguide_analyzers.source.edits import Edit, apply_edits
from djguide_analyzers.source.parse import Parsed
from djguide_analyzers.source.positions import LineIndex, Position, Range
from djguide_analyzers.source.syntax import try_parse

Read = Callable[[str], str | None]
"""Text of a file as the editor has it; None when there is none."""


@dataclass(frozen=True)
class Change:
    """Edits of files that are there, and texts of files to be made, by path."""

    edits: tuple[Edit, ...]
    created: dict[str, str] = field(default_factory=dict)


class Refactoring(NamedTuple):
    """One that seems to apply. `make` gives None when a closer look finds a reason against it."""

    kind: str
    title: str
    make: Callable[[], Change | None]


@dataclass(frozen=True)
class Source:
    """One file as it is now: `module` is what the project was linked with."""

    project: Project
    module: Module
    index: LineIndex
    read: Read

    @property
    def path(self) -> str:
        return self.module.path

    def context(self, path: str | None = None) -> FileContext | None:
        """A file of the project with the facts of its present text; None when there is no such file."""
        path = path or self.path
        text = self.index.text if path == self.path else self.read(path)
        if text is None:
            return None
        known = self.project.modules.get(path)
        module = Module(known.name if known else path, path, python_facts(text), "project")
        own = path

        def read(other: str) -> str | None:
            return text if other == own else self.read(other)

        def sibling(other: Module) -> FileContext:
            return FileContext(self.project, other, read, sibling)

        return FileContext(self.project, module, read, sibling)

    def checked(self, change: Change) -> Change | None:
        """`change` if every text it leads to can be parsed."""
        for path in {edit.path for edit in change.edits}:
            text = self.index.text if path == self.path else self.read(path)
            if text is None or not _parses(apply_edits(text, [e for e in change.edits if e.path == path])):
                return None
        return change if all(_parses(text) for text in change.created.values()) else None


@dataclass(frozen=True)
class Region:
    """Whole statements that are selected, one after the other in one block of a function.

    `code` is the table of their nodes, whose lines are `moved` lines further down than in the document.
    """

    source: Source
    outermost: FunctionInfo
    function: FunctionInfo
    code: Code
    block: list[ir.Stmt]
    first: int
    last: int
    moved: int

    @property
    def statements(self) -> list[ir.Stmt]:
        return self.block[self.first : self.last + 1]

    @cached_property
    def lines(self) -> tuple[int, int]:
        """The first line and the line behind the last, in the document."""
        return self.place(self.statements[0]).start.line, self.place(self.statements[-1]).end.line + 1

    @property
    def indent(self) -> str:
        line = self.source.index.line(self.lines[0])
        return line[: len(line) - len(line.lstrip())]

    @cached_property
    def range(self) -> Range:
        """All of their lines."""
        first, behind = self.lines
        return Range(Position(first, 0), Position(behind, 0))

    def place(self, node: ir.Node) -> Range:
        """Where a node stands in the document."""
        start, end = self.code.range(node)
        return Range(
            Position(start.line - self.moved, start.column), Position(end.line - self.moved, end.column)
        )

    def text(self, node: ir.Node) -> str:
        return self.source.index.slice(self.place(node))

    def shifted(self, by: str) -> list[str]:
        """Their lines with `by` in front; lines that a string goes on in stay as they are."""
        first, behind = self.lines
        all_lines = laid_out(self.source.index.text)
        result: list[str] = []
        for number in range(first, min(behind, len(all_lines))):
            line = all_lines[number]
            inside = bool(line.code) and not line.starts and not all_lines[number - 1].code.endswith("\\")
            text = line.text.rstrip("\r\n")
            result.append(by + text if text.strip() and not inside else text)
        return result

    def holds(self, *kinds: type[ir.Node]) -> bool:
        """Whether a node of one of `kinds` is among them."""
        return any(isinstance(node, kinds) for node in walk(self.statements))


def find_region(source: Source, selected: Range) -> Region | None:
    """The statements that `selected` holds; None when it cuts one in two, or holds none of a function."""
    index = source.index
    start, end = index.offset(selected.start), index.offset(selected.end)
    text = index.text[start:end]
    start, end = start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())
    if start >= end:
        return None
    first = index.position(start)
    around = surroundings(index.text, *first)
    parsed = _parsed_function(source, around)
    if parsed is None:
        return None
    outermost, moved = parsed
    for function in _functions(outermost):
        code = function.body_code
        for block in blocks(function.statements):
            found = _covered(index, code, block, moved, start, end)
            if found is not None:
                region = Region(source, outermost, function, code, block, *found, moved)
                return region if _alone(region) else None
    return None


def parsed_function(source: Source, position: Position) -> tuple[FunctionInfo, int] | None:
    """The outermost function around `position`, parsed as it is now, and how far down its lines are moved."""
    return _parsed_function(source, surroundings(source.index.text, *position))


def functions_of(outermost: FunctionInfo) -> list[FunctionInfo]:
    """A function and those defined in it."""
    return list(_functions(outermost))


def _parsed_function(source: Source, around: Surroundings) -> tuple[FunctionInfo, int] | None:
    if around.function is None:
        return None
    index, definition = source.index, around.function
    stop = index.starts[definition.end] if definition.end < index.line_count else len(index.text)
    text = index.text[index.starts[definition.start] : stop]
    header = "class _:\n" if text[:1] in (" ", "\t") else ""
    statements, _ = try_parse(header + text)
    if statements is None:
        return None
    owner = find_class(source.module, around.owners)
    for chunk in facts_of(Parsed(statements, []), header + text).chunks:
        code = Code(source.module, chunk)
        for node in walk(chunk.outline):
            if isinstance(node, ir.FunctionDef):
                return FunctionInfo(node, code, owner), (1 if header else 0) - definition.start
    return None


def _functions(info: FunctionInfo) -> Iterator[FunctionInfo]:
    yield info
    for node in walk(info.statements):
        if isinstance(node, ir.FunctionDef):
            yield from _functions(FunctionInfo(node, info.body_code, None, info))


def _covered(
    index: LineIndex, code: Code, block: list[ir.Stmt], moved: int, start: int, end: int
) -> tuple[int, int] | None:
    """Numbers of the first and last statement of `block` that make up the text from `start` to `end`."""

    def offset(position: Position) -> int:
        return index.offset(Position(position.line - moved, position.column))

    spans = [(offset(code.range(each).start), offset(code.range(each).end)) for each in block]
    inside = [number for number, (low, high) in enumerate(spans) if start <= low and high <= end]
    if not inside or spans[inside[0]][0] != start:
        return None
    rest = index.text[spans[inside[-1]][1] : end]
    if any(line.strip() and not line.lstrip().startswith("#") for line in rest.splitlines()):
        return None
    return inside[0], inside[-1]


def _alone(region: Region) -> bool:
    """Whether no other statement shares its lines."""
    index = region.source.index
    start, end = region.place(region.statements[0]).start, region.place(region.statements[-1]).end
    rest = index.line(end.line)[end.column :].strip()
    return not index.line(start.line)[: start.column].strip() and (not rest or rest.startswith("#"))


def _parses(text: str) -> bool:
    return try_parse(text.removeprefix("\ufeff"))[0] is not None
