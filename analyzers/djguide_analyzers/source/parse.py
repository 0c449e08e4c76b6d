"""Text to syntax tree, also where the text is broken.

A text that parses is parsed once. A broken one is taken apart along its indentation: statements are parsed in
runs, and only the statement that holds an error is looked into (see `recover`). What cannot be read is left
out; everything else keeps its position.
"""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

from djguide_analyzers.source.recover import Recovery
from djguide_analyzers.source.syntax import SyntaxProblem, try_parse

_INDENTED = "unexpected indent"
_UNPARSABLE = re.compile("[\0\ud800-\udfff]")


class Parsed(NamedTuple):
    """Top-level statements with positions as in the text, and what could not be read.

    `problems` holds the first of each top-level statement; `lost` is how many there are in all.
    """

    statements: list[ast.stmt]
    problems: list[SyntaxProblem]
    lost: int = 0


def parse(text: str) -> Parsed:
    """Parse a whole file; never raises on any text."""
    clean = _UNPARSABLE.sub("?", text)  # the parser refuses these outright
    statements, refused = try_parse(clean)
    if statements is not None:
        return Parsed(statements, [])
    recovery = Recovery(clean)
    statements, problems = recovery.statements(), recovery.problems
    if refused is not None and refused.message == _INDENTED and not problems:
        # A whole text that is indented reads like a suite, in which recovery finds nothing to mend.
        return Parsed(statements, [refused], 1)
    return Parsed(statements, problems, recovery.lost)
