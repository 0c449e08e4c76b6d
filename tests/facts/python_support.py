"""Facts of Python texts in a form that reads well in tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.python import decode_body, python_facts
from djguide_analyzers.facts.spans import span
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.source.positions import LineIndex, Position, Range


def plain(node: Any) -> Any:
    """`node` as nested tuples: the name of its class, then its fields, without node numbers."""
    if isinstance(node, list):
        return [plain(item) for item in node]
    if not isinstance(node, Struct):
        return node
    fields = [plain(getattr(node, name)) for name in node.__struct_fields__ if name != "at"]
    return (type(node).__name__, *fields)


def statements(text: str) -> list[Any]:
    """The outline of `text`."""
    return [plain(statement) for chunk in python_facts(text).chunks for statement in chunk.outline]


def expression(text: str) -> Any:
    """The facts of one expression."""
    ((kind, _, value, _),) = statements(f"_ = ({text})")
    assert kind == "Assign"
    return value


def bodies(text: str) -> list[Any]:
    """The bodies of all functions, in order of their definition."""
    return [plain(decode_body(body)) for chunk in python_facts(text).chunks for body in chunk.bodies]


def tables(facts: ir.PyFacts) -> Iterator[tuple[ir.Chunk, list[ir.Stmt], bytes]]:
    """Each table of nodes with its chunk: outlines and function bodies."""
    for chunk in facts.chunks:
        yield chunk, chunk.outline, chunk.spans
        for blob, spans in zip(chunk.bodies, chunk.body_spans, strict=True):
            yield chunk, decode_body(blob), spans


def nodes(text: str) -> Iterator[tuple[ir.Node, str]]:
    """Every node of `text` with the text its span covers."""
    index = LineIndex(text)
    for chunk, block, spans in tables(python_facts(text)):
        for node in walk(block):
            line, column, end_line, end_column = span(spans, node.at)
            start, end = Position(chunk.line + line, column), Position(chunk.line + end_line, end_column)
            yield node, index.slice(Range(start, end))
