"""One call of Python's own parser."""

from __future__ import annotations

import ast
import warnings
from typing import NamedTuple


class SyntaxProblem(NamedTuple):
    """Where a text is broken: zero-based line, zero-based column in characters, the parser's message."""

    line: int
    column: int
    message: str


def try_parse(text: str) -> tuple[list[ast.stmt] | None, SyntaxProblem | None]:
    """The statements of `text`, or why there are none; never raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text).body, None
        except SyntaxError as error:
            line, column = max((error.lineno or 1) - 1, 0), max((error.offset or 1) - 1, 0)
            return None, SyntaxProblem(line, column, error.msg or "invalid syntax")
        except (ValueError, RecursionError, MemoryError) as error:
            return None, SyntaxProblem(0, 0, str(error) or type(error).__name__)
