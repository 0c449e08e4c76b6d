"""Syntax trees to the intermediate form.

Dispatch is by node class through two dictionaries, one for expressions and one for statements: this runs once
per node of every file, and is the largest part of a cold start after the parser itself.
"""

from __future__ import annotations

import ast
from typing import Any

import msgspec

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.extract_expressions import EXPRESSIONS, opaque
from djguide_analyzers.facts.extract_statements import STATEMENTS
from djguide_analyzers.facts.spans import pack

_encoder = msgspec.msgpack.Encoder()


class Extractor:
    """Turns the statements of one text into chunks."""

    def __init__(self, text: str, first_line_shift: int = 0) -> None:
        self._lines = None if text.isascii() else _utf8_lines(text)
        self._shift = first_line_shift
        self._base = 1
        self._spans: list[int] = []
        self._bodies: list[bytes] = []
        self._body_spans: list[bytes] = []
        self.yields = False
        self.sets: set[str] = set()
        self.loads: set[str] = set()

    def chunk(self, statements: list[ast.stmt]) -> ir.Chunk:
        """The chunk made of `statements`, which share their lines."""
        first = statements[0]
        decorators = getattr(first, "decorator_list", ())
        self._base = min([first.lineno, *(d.lineno for d in decorators)])
        self._spans, self._bodies, self._body_spans, self.loads = [], [], [], set()
        outline = self.block(statements)
        last = max(s.end_lineno or s.lineno for s in statements)
        return ir.Chunk(
            self._base - 1,
            last - self._base + 1,
            outline,
            pack(self._spans),
            self._bodies,
            sorted(self.loads),
            self._body_spans,
        )

    def block(self, statements: list[ast.stmt]) -> list[ir.Stmt]:
        """Statements in order; bare strings (docstrings) are left out."""
        result: list[ir.Stmt] = []
        for node in statements:
            if type(node) is ast.Expr and type(node.value) is ast.Constant:
                continue
            result.append(STATEMENTS[type(node)](self, node))
        return result

    def expr(self, node: Any) -> ir.Expr:
        return EXPRESSIONS.get(type(node), opaque)(self, node)

    def optional(self, node: ast.expr | None) -> ir.Expr | None:
        return None if node is None else EXPRESSIONS.get(type(node), opaque)(self, node)

    def exprs(self, nodes: list[Any]) -> list[ir.Expr]:
        table = EXPRESSIONS
        return [table.get(type(node), opaque)(self, node) for node in nodes]

    def at(self, node: Any) -> int:
        """A new number for `node`, whose span is recorded."""
        spans = self._spans
        number = len(spans) >> 2
        if self._lines is None and not self._shift:
            spans += (
                node.lineno - self._base,
                node.col_offset,
                node.end_lineno - self._base,
                node.end_col_offset,
            )
        else:
            start = self._column(node.lineno, node.col_offset)
            end = self._column(node.end_lineno, node.end_col_offset)
            spans += (node.lineno - self._base, start, node.end_lineno - self._base, end)
        return number

    def _column(self, line: int, column: int) -> int:
        """Column in characters of a column in UTF-8 bytes."""
        shift = self._shift if line == 1 else 0
        if self._lines is None:
            return column + shift
        encoded = self._lines.get(line - 1)
        if encoded is None:
            return column + shift
        return len(encoded[:column].decode("utf-8", "replace")) + shift

    def function_body(self, statements: list[ast.stmt]) -> tuple[int, bool, list[str]]:
        """Store a function's body in a table of its own; its number, whether it is a generator's, what it sets."""
        spans, yields, sets = self._spans, self.yields, self.sets
        self._spans, self.yields, self.sets = [], False, set()
        number = len(self._bodies)
        self._bodies.append(b"")
        self._body_spans.append(b"")
        self._bodies[number] = _encoder.encode(self.block(statements))
        self._body_spans[number] = pack(self._spans)
        result = number, self.yields, sorted(self.sets)
        # What a nested function sets is there to be read just like what the outer one does.
        self._spans, self.yields, self.sets = spans, yields, sets | self.sets
        return result

    def params(self, args: ast.arguments) -> ir.Params:
        """A parameter list in calling order."""
        items: list[ir.Param] = []
        plain = [(arg, "pos") for arg in args.posonlyargs] + [(arg, "any") for arg in args.args]
        defaults: list[ast.expr | None] = [None] * (len(plain) - len(args.defaults)) + list(args.defaults)
        for (arg, kind), default in zip(plain, defaults, strict=True):
            items.append(self._param(arg, kind, default))
        if args.vararg:
            items.append(self._param(args.vararg, "*", None))
        for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
            items.append(self._param(arg, "kw", default))
        if args.kwarg:
            items.append(self._param(args.kwarg, "**", None))
        return ir.Params(items)

    def _param(self, arg: ast.arg, kind: str, default: ast.expr | None) -> ir.Param:
        return ir.Param(arg.arg, kind, self.optional(arg.annotation), self.optional(default))

    def keywords(self, nodes: list[ast.keyword]) -> list[ir.Keyword]:
        return [ir.Keyword(self.at(node), node.arg, self.expr(node.value)) for node in nodes]


def _utf8_lines(text: str) -> dict[int, bytes]:
    """The lines of `text` that are not ASCII, encoded, by zero-based number."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    return {
        number: line.encode("utf-8", "replace")
        for number, line in enumerate(unified.split("\n"))
        if not line.isascii()
    }
