"""Text to syntax tree, also where the text is broken.

A text that parses is parsed once. In a broken one, the top-level blocks that parse keep their statements; in a
broken block the statement with the error is blanked (or its header repaired) and the block is parsed again,
until it parses or nothing helps. Blanking replaces characters one by one, so all positions stay right.

Syntax newer than the running interpreter is rewritten in place to something of the same length that means
the same to an analysis.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import NamedTuple

from djguide_analyzers.source.scan import block_starts

MAX_ATTEMPTS = 60
"""Parses spent on one broken block before it is given up."""


class SyntaxProblem(NamedTuple):
    """Where a text is broken: zero-based line, zero-based column in characters, the parser's message."""

    line: int
    column: int
    message: str


class Parsed(NamedTuple):
    """Top-level statements with positions as in the text, and what could not be read."""

    statements: list[ast.stmt]
    problems: list[SyntaxProblem]


def parse(text: str) -> Parsed:
    """Parse a whole file; never raises on any text."""
    clean = _printable(text)
    tree, _ = _try(clean)
    if tree is not None:
        return Parsed(tree, [])
    statements: list[ast.stmt] = []
    problems: list[SyntaxProblem] = []
    starts = block_starts(clean)
    line = 0
    for start, end in zip(starts, [*starts[1:], len(clean)], strict=True):
        block = clean[start:end]
        parsed = parse_block(block, first_line=line)
        statements += parsed.statements
        problems += parsed.problems
        line += len(_LINES.findall(block))
    return Parsed(statements, problems)


def parse_block(block: str, first_line: int = 0) -> Parsed:
    """Parse one top-level block that stands at `first_line` of its file."""
    lines = _split(block)
    tree, error = _try(block)
    first_error = error
    attempts = 0
    lost = False
    while tree is None and error is not None and attempts < MAX_ATTEMPTS:
        best: tuple[int, list[str], list[ast.stmt] | None, SyntaxError, bool] | None = None
        at = min(max((error.lineno or 1) - 1, 0), len(lines) - 1)
        for candidate, loses in _repairs(lines, at):
            attempts += 1
            new_tree, new_error = _try("".join(candidate))
            reach = len(lines) + 1 if new_error is None else new_error.lineno or 0
            if best is None or reach > best[0]:
                best = (reach, candidate, new_tree, new_error or error, loses)
            if new_tree is not None or (not loses and reach > at + 1):
                break
        if best is None:
            break
        _, lines, tree, error, loses = best
        lost = lost or loses
    problems = (
        [_problem(first_error, first_line)] if first_error is not None and (lost or tree is None) else []
    )
    statements = tree or []
    if first_line:
        for statement in statements:
            ast.increment_lineno(statement, first_line)
    return Parsed(statements, problems)


def _try(text: str) -> tuple[list[ast.stmt] | None, SyntaxError | None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text).body, None
        except SyntaxError as error:
            return None, error
        except (ValueError, RecursionError, MemoryError) as error:
            return None, SyntaxError(str(error) or type(error).__name__)


def _problem(error: SyntaxError, first_line: int) -> SyntaxProblem:
    line = max((error.lineno or 1) - 1, 0)
    column = max((error.offset or 1) - 1, 0)
    return SyntaxProblem(line + first_line, column, error.msg or "invalid syntax")


# --- repairs ---------------------------------------------------------------------------------------------

_LINES = re.compile(r"\r\n|\n|\r")
_UNPARSABLE = re.compile("[\0\ud800-\udfff]")
_HEADER = re.compile(r"(\s*)(async\s+def|def|class)\s+(\w+)")
_SUITE = re.compile(r"\s*(?:async\s+)?(if|for|while|with|try|match|case)\b")
_CLAUSE = re.compile(r"(\s*)(else|elif|except|finally)\b")
_EXCEPT_LIST = re.compile(r"(\s*except\*?\s+)([^()#:]+,[^()#:]+)(:.*)", re.DOTALL)
_TYPE_PARAMETERS = re.compile(r"(\s*(?:async\s+def|def|class)\s+\w+)(\[[^\r\n]*?\])(?=\s*[(:])")
_TYPE_PARAMETERS_OPEN = re.compile(r"(\s*(?:async\s+def|def|class)\s+\w+)\[\s*$")
_TYPE_ALIAS = re.compile(r"(\s*)type\s+(\w+)(\[[^=\r\n]*\])?(\s*=)")
_F_STRING = re.compile(r"""\b(?:[fF][rR]?|[rR][fF])(?=["'])""")
_TEMPLATE_STRING = re.compile(r"""\b([tT])([rR]?)(?=["'])""")


def _printable(text: str) -> str:
    """`text` with what the parser refuses outright (NUL, lone surrogates) replaced one for one."""
    return _UNPARSABLE.sub("?", text)


def _split(text: str) -> list[str]:
    """Lines with their line breaks; breaks only where Python breaks lines."""
    ends = [match.end() for match in _LINES.finditer(text)]
    lines = [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]
    return lines if lines[-1] or len(lines) == 1 else lines[:-1]


def _repairs(lines: list[str], at: int) -> list[tuple[list[str], bool]]:
    """Candidates for getting past an error in line `at`, and whether each loses code. Best first."""
    candidates: list[tuple[list[str], bool]] = []
    modern = _modernise(lines[at])
    if modern != lines[at]:
        candidates.append((_with(lines, at, modern), False))
    plain = _F_STRING.sub(lambda match: " " * len(match[0]), lines[at])
    if plain != lines[at]:  # quotes and backslashes inside f-strings are allowed since Python 3.12
        candidates.append((_with(lines, at, plain), False))
    if joined := _without_type_parameters(lines, at):
        candidates.append((joined, False))
    if header := _stub_header(lines, at):
        candidates.append((_with(lines, at, header), True))
    candidates.append((_with(lines, at, _blank(lines[at])), True))
    before = _line_before(lines, at)
    if before is not None:
        if header := _stub_header(lines, before):
            candidates.append((_with(lines, before, header), True))
        candidates.append((_with(lines, before, _blank(lines[before])), True))
    candidates.append((_blank_suite(lines, at), True))
    return candidates


def _with(lines: list[str], at: int, line: str) -> list[str]:
    return [*lines[:at], line, *lines[at + 1 :]]


def _line_before(lines: list[str], at: int) -> int | None:
    for number in range(at - 1, -1, -1):
        if lines[number].strip():
            return number
    return None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _fit(text: str, line: str) -> str:
    """`text` padded or cut to the length of `line`, which keeps its line break."""
    body = line.rstrip("\r\n")
    return text[: len(body)].ljust(len(body)) + line[len(body) :]


def _blank(line: str) -> str:
    """`line` as ``pass`` at its own indentation, or as white space where that does not fit."""
    indent = line[: _indent(line)]
    room = len(line.rstrip("\r\n")) - len(indent)
    return _fit(indent + ("pass" if room >= 4 else "0" if room else ""), line)


def _stub_header(lines: list[str], at: int) -> str | None:
    """A header of the same shape that parses, for a broken header with a suite below it."""
    line = lines[at]
    if match := _HEADER.match(line):
        stub = f"{match[0]}:" if match[2] == "class" else f"{match[0]}():"
        return _fit(stub, line) if len(stub) <= len(line.rstrip("\r\n")) else None
    following = next((other for other in lines[at + 1 :] if other.strip()), "")
    if _indent(following) <= _indent(line):
        return None
    if match := _CLAUSE.match(line):
        stub = match[1] + match[2] + (" 0:" if match[2] == "elif" else ":")
    elif _SUITE.match(line):
        stub = line[: _indent(line)] + "if 0:"
    else:
        return None
    return _fit(stub, line) if len(stub) <= len(line.rstrip("\r\n")) else None


def _blank_suite(lines: list[str], at: int) -> list[str]:
    """`lines` with the statement at `at` and everything indented below it blanked."""
    indent = _indent(lines[at])
    result = [*lines[:at], _blank(lines[at])]
    inside = True
    for line in lines[at + 1 :]:
        inside = inside and (not line.strip() or _indent(line) > indent)
        result.append(_fit("", line) if inside else line)
    return result


def _modernise(line: str) -> str:
    """`line` with syntax of later Python versions replaced by older syntax of the same length."""
    if match := _EXCEPT_LIST.fullmatch(line):
        return match[1] + match[2].replace(",", "|") + match[3]
    if match := _TYPE_PARAMETERS.match(line):
        return line[: match.start(2)] + " " * len(match[2]) + line[match.end(2) :]
    if match := _TYPE_ALIAS.match(line):
        return _fit(match[1] + match[2], match[0])[: len(match[0]) - 1] + "=" + line[match.end() :]
    return _TEMPLATE_STRING.sub(r"f\2", line)


def _without_type_parameters(lines: list[str], at: int) -> list[str] | None:
    """`lines` without the type parameters that open at the end of line `at` and close some lines below.

    Their lines become continuations of the header, which keeps every position.
    """
    match = _TYPE_PARAMETERS_OPEN.match(lines[at])
    if match is None:
        return None
    result = [*lines[:at], _fit(match[1] + "\\", lines[at])]
    for number in range(at + 1, len(lines)):
        line = lines[number]
        body = line.rstrip("\r\n")
        if body.lstrip().startswith("]"):
            closed = body.index("]") + 1
            return [*result, " " * closed + line[closed:], *lines[number + 1 :]]
        result.append(_fit(" " * (len(body) - 1) + "\\", line))
    return None
