"""What an expression before the cursor is, in text that is being typed.

Only the function around the cursor is parsed and traced, as part of the module as it was last linked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from djguide_analyzers.assist.scanning import Spot, Surroundings
from djguide_analyzers.facts import ir
from djguide_analyzers.facts.python import decode_body, facts_of, python_facts
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Module
from djguide_analyzers.project.project import Project
from djguide_analyzers.source.parse import Parsed
from djguide_analyzers.source.positions import LineIndex, Position
from djguide_analyzers.source.syntax import try_parse
from djguide_analyzers.trace.tracer import Trace, trace_function, trace_statements
from djguide_analyzers.trace.values import UNKNOWN, AbstractValue

_CLASS = "class _:\n"
_SUITE = "if 1:\n"


class Snippet(NamedTuple):
    """Part of a text as a text of its own, and the line and column at which its line `shift` begins."""

    text: str
    line: int
    shift: int


class Traced(NamedTuple):
    """The statements around the cursor with what their nodes are, and how far their lines are off."""

    trace: Trace
    chunk: ir.Chunk
    module: Module
    moved: int

    def tables(self) -> Iterator[tuple[Code, list[ir.Stmt]]]:
        """All tables of nodes: the outline and each function's body."""
        yield Code(self.module, self.chunk), self.chunk.outline
        for number, blob in enumerate(self.chunk.bodies):
            yield Code(self.module, self.chunk, number), decode_body(blob)

    def nodes(self) -> Iterator[tuple[Code, ir.Node]]:
        for code, statements in self.tables():
            for node in walk(statements):
                yield code, node

    def position(self, position: Position) -> Position:
        """A place of the document in the snippet."""
        return Position(position.line + self.moved, position.column)


def find_class(module: Module, names: tuple[str, ...]) -> ClassInfo | None:
    """The class called ``A.B`` for names ``("A", "B")``, as the module was when it was linked."""
    found: ClassInfo | None = None
    for name in names:
        binding = (module.symbols if found is None else found.members).get(name)
        if not isinstance(binding, ClassInfo):
            return None
        found = binding
    return found


def traced(
    project: Project, module: Module, index: LineIndex, spot: Spot, around: Surroundings
) -> Traced | None:
    """Trace the function around the cursor, or the statement of a class or module; None when it cannot be read."""
    snippet, owner = _snippet(index, spot, around), find_class(module, around.owners)
    for chunk in _facts(list(_repaired(index, spot, snippet))).chunks:
        code = Code(module, chunk)
        info = _function(chunk.outline, code, owner) if around.function is not None else None
        if info is not None:
            trace = trace_function(project, info)
        elif around.function is None:
            trace = trace_statements(project, code, chunk.outline, owner)
        else:
            continue
        return Traced(trace, chunk, module, snippet.shift - snippet.line)
    return None


def receiver(found: Traced, end: Position, name: str) -> AbstractValue:
    """What ``x`` in ``x.name`` is, where `name` ends at `end` of the document."""
    wanted = found.position(end)
    for code, node in found.nodes():
        if isinstance(node, ir.Attr) and node.name == name and code.range(node).end == wanted:
            return found.trace.value(code, node.value)
    return UNKNOWN


def _facts(texts: list[str]) -> ir.PyFacts:
    """Facts of the first text that parses, or of what can be recovered of the last."""
    for text in texts:
        statements, _ = try_parse(text)
        if statements is not None:
            return facts_of(Parsed(statements, []), text)
    return python_facts(texts[-1])


def _snippet(index: LineIndex, spot: Spot, around: Surroundings) -> Snippet:
    """The function around the cursor, or else the text of its statement up to the cursor."""
    if around.function is not None:
        start, end = around.function.start, around.function.end
        text = index.text[_start(index, start) : _start(index, end)]
    else:
        start = index.position(spot.statement).line
        text = index.text[spot.statement : spot.offset]
    indented = text[:1] in (" ", "\t")
    header = "" if not indented else _CLASS if around.function is not None else _SUITE
    return Snippet(header + text, start, 1 if header else 0)


def _repaired(index: LineIndex, spot: Spot, snippet: Snippet) -> Iterator[str]:
    """The snippet as it is, then with what is being typed closed, the more radical way last."""
    header = snippet.text[: snippet.text.index("\n") + 1] if snippet.shift else ""
    start = _start(index, snippet.line)
    before = header + index.text[start : spot.offset]
    if len(snippet.text) > len(before):
        yield snippet.text
    cut = snippet.text.find("\n", len(before))
    after = snippet.text[cut:] if cut >= 0 else ""
    for rest in dict.fromkeys((after, "")):
        for ending in spot.endings:
            yield f"{before}{ending}{rest}"


def _start(index: LineIndex, line: int) -> int:
    return index.starts[line] if line < len(index.starts) else len(index.text)


def _function(block: list[ir.Stmt], code: Code, owner: ClassInfo | None) -> FunctionInfo | None:
    for node in block:
        if isinstance(node, ir.FunctionDef):
            return FunctionInfo(node, code, owner)
        if isinstance(node, ir.ClassDef):
            return _function(node.body, code, owner)
    return None
