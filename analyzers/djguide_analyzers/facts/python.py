"""Python text to facts: a pure function."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import msgspec

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.extract import Extractor
from djguide_analyzers.facts.extract_expressions import encodable
from djguide_analyzers.source.parse import Parsed, parse
from djguide_analyzers.source.positions import LineIndex
from djguide_analyzers.source.scan import comments

FORMAT = "5"
"""Version of the facts; part of the cache's key, to be changed whenever `ir` or its meaning changes."""

_encoder = msgspec.msgpack.Encoder()
_body_decoder = msgspec.msgpack.Decoder(list[ir.Stmt])
_facts_decoder = msgspec.msgpack.Decoder(ir.PyFacts)

_DIRECTIVE = re.compile(r"#\s*djguide\s*:", re.IGNORECASE)


def python_facts(text: str) -> ir.PyFacts:
    """What the Python file `text` says; never raises on any text."""
    shift = 1 if text.startswith("\ufeff") else 0
    parsed = parse(text[shift:])
    return facts_of(parsed, text[shift:], first_line_shift=shift)


def facts_of(parsed: Parsed, text: str, *, first_line_shift: int = 0) -> ir.PyFacts:
    """Facts of an already parsed text."""
    shift = first_line_shift
    problems = [
        ir.Problem(p.line, p.column + (shift if p.line == 0 else 0), p.message) for p in parsed.problems
    ]
    extractor = Extractor(text, shift)
    chunks: list[ir.Chunk] = []
    for group in _groups(parsed.statements):
        try:
            chunks.append(extractor.chunk(group))
        except RecursionError:
            line = _first_line(group[0])
            problems.append(ir.Problem(line, 0, "nested too deeply to be analysed"))
    return ir.PyFacts(chunks, list(directives(text, shift)), problems)


def encode(facts: ir.PyFacts) -> bytes:
    """Facts as bytes for the cache."""
    return _encoder.encode(facts)


def decode(blob: bytes) -> ir.PyFacts:
    """Facts from bytes of the same `FORMAT`.

    Raises:
        msgspec.DecodeError: the bytes are something else.
    """
    return _facts_decoder.decode(blob)


def decode_body(blob: bytes) -> list[ir.Stmt]:
    """One function's statements from `ir.Chunk.bodies`."""
    return _body_decoder.decode(blob)


def _groups(statements: list[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """Top-level statements, those that share a line together."""
    group: list[ast.stmt] = []
    for statement in statements:
        if group and _first_line(statement) > (group[-1].end_lineno or 0) - 1:
            yield group
            group = []
        group.append(statement)
    if group:
        yield group


def _first_line(statement: ast.stmt) -> int:
    """Zero-based first line, decorators included."""
    decorators = getattr(statement, "decorator_list", None)
    return min([statement.lineno, *(d.lineno for d in decorators or ())]) - 1


def directives(text: str, first_line_shift: int = 0) -> Iterator[ir.Comment]:
    """The comments of `text` that speak to djguide; columns of the first line count `first_line_shift` more."""
    if not _DIRECTIVE.search(text):
        return
    index = LineIndex(text)
    for token in comments(text):
        if _DIRECTIVE.search(token.text):
            line, column = index.position(token.offset)
            shift = first_line_shift if line == 0 else 0
            yield ir.Comment(
                line, column + shift, encodable(token.text), not index.line(line)[:column].strip()
            )
