"""Recovering a broken text: what does not parse is taken apart along its indentation.

The statements of a block are parsed in runs. Where a run fails, the *piece* (a statement with all its lines)
that holds the error is looked at by itself: a compound statement keeps its header, repaired if need be, and
its suite is recovered the same way; of a simple statement as much is kept as parses. So a broken statement
loses itself, not its neighbours.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from itertools import pairwise
from typing import Any

from djguide_analyzers.source.headers import CASE, CLAUSES, CLOSES, MATCH, find_header, keyword_line
from djguide_analyzers.source.older_syntax import older
from djguide_analyzers.source.scan import layout, line_break, without_strings
from djguide_analyzers.source.syntax import SyntaxProblem, try_parse

MAX_DEPTH = 60
"""Nesting of suites beyond which nothing is looked into."""
_EFFORT = 30
"""How often the parser may see each character of a broken text, on average, before recovery gives up."""
_RUN_AFTER_ERROR = 16
"""Statements parsed at once behind an error; four times as many with every success."""
_BLANKED_LINES = 4
"""Lines taken out of one statement of many lines (a list of URL patterns, say) to save the rest of it."""

_GIVEN_UP = "too many errors to read on"
_HAS_CLAUSES = re.compile(r"\s*(?:if|for|while|try|async\s+for|elif|except)\b")
_DECORATED = re.compile(r"\s*(?:@|(?:async\s+)?def\b|class\b)")
_JUMP = re.compile(r"(\s*)(return|raise|break|continue)\b")
_OPENED_ON = re.compile(r"opening parenthesis '.' on line (\d+)")
_NOT_BREAK = re.compile(r"[^\r\n]")

Statements = list[ast.stmt]


class Recovery:
    """One broken text."""

    def __init__(self, text: str) -> None:
        self.lines = layout(text)
        self._effort = _EFFORT * len(text) + 400_000
        self._found: list[SyntaxProblem] = []
        self._rewritten = 0

    def statements(self) -> Statements:
        """What the text says as far as it can be read, with positions as in the text."""
        return self._block(0, len(self.lines), in_function=False, depth=0)

    @property
    def lost(self) -> int:
        """How many problems there were in all."""
        return len(self._found)

    @property
    def problems(self) -> list[SyntaxProblem]:
        """What was lost: the first problem of each top-level statement."""
        starts = [start for start, _ in self._pieces(0, len(self.lines))]
        first: dict[int, SyntaxProblem] = {}
        for problem in sorted(self._found):
            first.setdefault(bisect_right(starts, problem.line), problem)
        return list(first.values())

    # --- blocks ------------------------------------------------------------------------------------------

    def _block(self, start: int, end: int, *, in_function: bool, depth: int) -> Statements:
        """Statements of the lines from `start` to before `end`, which form one suite."""
        if depth > MAX_DEPTH:
            return []
        return self._run(self._pieces(start, end), in_function, depth)

    def _pieces(self, start: int, end: int) -> list[tuple[int, int]]:
        """First line and line behind each statement of a suite.

        A statement takes along the deeper lines below it, closing brackets at its own indentation, its
        decorators, and clauses such as ``else``.
        """
        cuts: list[int] = []
        previous = ""
        for number in range(start, end):
            line = self.lines[number]
            if not line.starts:
                continue
            if not cuts:
                cuts.append(number)
            else:
                current = self.lines[cuts[-1]]
                decorated = previous.lstrip().startswith("@") and _DECORATED.match(line.code)
                if line.indent == current.indent and CLAUSES.match(line.code):
                    self._join_clause(cuts, number)
                elif line.indent <= current.indent and not decorated and not CLOSES.match(line.code):
                    cuts.append(number)
            if line.indent == self.lines[cuts[-1]].indent and not CLOSES.match(line.code):
                previous = line.code
        return list(pairwise([*cuts, end]))

    def _join_clause(self, cuts: list[int], number: int) -> None:
        """Add a clause to the last statement that can have one; a line typed in between goes with it."""
        for back in range(len(cuts) - 1, max(len(cuts) - 4, -1), -1):
            line = self.lines[cuts[back]]
            if line.indent != self.lines[number].indent:
                break
            if _HAS_CLAUSES.match(line.code):
                del cuts[back + 1 :]
                return
        cuts.append(number)

    def _run(self, pieces: list[tuple[int, int]], in_function: bool, depth: int) -> Statements:
        """The statements of neighbouring pieces.

        They are parsed many at once; fewer after an error, as the parser takes its time to fail.
        """
        result: Statements = []
        position, window = 0, len(pieces)
        while position < len(pieces) and self._effort > 0:
            run = pieces[position : position + window]
            parsed, problem = self._parse(run[0][0], run[-1][1])
            if parsed is not None:
                result += parsed
                position += len(run)
                window *= 4
                continue
            at = self._piece_of(run, problem)
            if at:
                result += self._run(run[:at], in_function, depth)
            result += self._piece(*run[at], in_function, depth)
            position += at + 1
            window = min(max(window // 4, 1), _RUN_AFTER_ERROR)
        if position < len(pieces):
            self._lose(SyntaxProblem(pieces[position][0], 0, _GIVEN_UP))
        return result

    def _piece_of(self, pieces: list[tuple[int, int]], problem: SyntaxProblem | None) -> int:
        line = problem.line if problem is not None else 0
        return max(bisect_right([start for start, _ in pieces], line) - 1, 0)

    # --- statements --------------------------------------------------------------------------------------

    def _piece(self, start: int, end: int, in_function: bool, depth: int) -> Statements:
        """What can be read of one statement."""
        parsed, problem = self._parse(start, end)
        if parsed is not None:
            return parsed
        if self._effort > 0 and keyword_line(self.lines, start, end) is not None:
            before = len(self._found), self._rewritten
            recovered = self._compound(start, end, problem, in_function, depth)
            if before == (len(self._found), self._rewritten):
                self._lose(problem)
            return recovered
        return self._simple(start, end, problem, in_function, depth)

    def _simple(
        self, start: int, end: int, problem: SyntaxProblem | None, in_function: bool, depth: int
    ) -> Statements:
        """A simple statement. Deeper lines below it belong to it, or follow it without a header of theirs."""
        text = "".join(line.text for line in self.lines[start:end])
        if (rewritten := older(text)) != text:
            parsed, _ = self._parse(start, end, rewritten)
            if parsed is not None:
                self._rewritten += 1
                return parsed
        self._lose(problem)
        body = next((number for number in range(start + 1, end) if self.lines[number].starts), end)
        code = "\n".join(line.code for line in self.lines[start:body])
        parsed: Statements | None = None
        rest: Statements = []
        if _is_open(code):
            parsed = self._with_blanks(start, end, problem)
        elif body < end:
            parsed, _ = self._parse(start, body)
            rest = self._block(body, end, in_function=True, depth=depth + 1) if in_function else []
        if not parsed and (match := _JUMP.match(code)):
            parsed, _ = self._parse(start, start + 1, match[0])
        return (parsed or []) + rest

    def _with_blanks(self, start: int, end: int, problem: SyntaxProblem | None) -> Statements:
        """A statement of many lines without those of its lines that hold its errors."""
        texts = [line.text for line in self.lines[start:end]]
        for _ in range(_BLANKED_LINES):
            if problem is None:
                break
            opened = _OPENED_ON.search(problem.message)
            line = (int(opened[1]) - 1 if opened else problem.line) - start
            if not 0 < line < len(texts) or not texts[line].strip():
                break
            texts[line] = _NOT_BREAK.sub(" ", texts[line])
            parsed, problem = self._parse(start, end, "".join(texts))
            if parsed is not None:
                return parsed
        return []

    def _compound(
        self, start: int, end: int, problem: SyntaxProblem | None, in_function: bool, depth: int
    ) -> Statements:
        """A compound statement from its headers, with its suites put back in."""
        cuts = [start, *self._clauses(start, end)]
        skeleton: list[str] = []
        suites: dict[int, Statements] = {}
        broken = False
        for first, last in pairwise([*cuts, end]):
            header = find_header(self.lines, first, last, self._parses)
            broken = broken or header.broken
            self._rewritten += header.rewritten
            skeleton.append(header.text)
            skeleton += [line_break(line) for line in self.lines[header.end : last]]
            inside = header.kind == "def" or (in_function and header.kind != "class")
            suites[header.suite] = self._block(header.end, last, in_function=inside, depth=depth + 1)
        parsed, _ = self._parse(start, end, "".join(skeleton))
        if parsed is None or broken:
            self._lose(problem)
        if parsed is None:
            return [statement for suite in suites.values() for statement in suite]
        for statement in parsed:
            if broken:
                self._keep_inside(statement)
            self._graft(statement, suites)
        return parsed

    def _clauses(self, start: int, end: int) -> list[int]:
        """Lines at which further clauses of a compound statement start."""
        indent, pattern = self.lines[start].indent, CLAUSES
        if MATCH.match(self.lines[start].code):
            first = next((n for n in range(start + 1, end) if CASE.match(self.lines[n].code)), start)
            indent, pattern = self.lines[first].indent, CASE
        return [
            number
            for number in range(start + 1, end)
            if self.lines[number].starts
            and self.lines[number].indent == indent
            and pattern.match(self.lines[number].code)
        ]

    # --- putting suites back in --------------------------------------------------------------------------

    def _graft(self, node: Any, suites: dict[int, Statements]) -> None:
        """Replace each ``pass`` that stands for a suite, and let the statements around it end with it."""
        last: Any = None
        for name in ("cases", "body", "handlers", "orelse", "finalbody"):
            children = getattr(node, name, None)
            if not isinstance(children, list) or not children:
                continue
            only = children[0]
            if type(only) is ast.Pass and only.lineno - 1 in suites:
                children[:] = suites.pop(only.lineno - 1) or [self._at_end_of_header(only)]
            else:
                for child in children:
                    self._graft(child, suites)
            last = children[-1]
        if last is not None and hasattr(node, "end_lineno"):
            last = last.body[-1] if isinstance(last, ast.match_case) else last
            node.end_lineno, node.end_col_offset = last.end_lineno, last.end_col_offset

    def _at_end_of_header(self, node: ast.Pass) -> ast.Pass:
        end = len(self.lines[node.lineno - 1].code.encode())
        node.col_offset = node.end_col_offset = end
        return node

    def _keep_inside(self, statement: ast.stmt) -> None:
        """Cut positions in stand-ins, which may be longer than what they stand for."""
        for node in ast.walk(statement):
            if isinstance(node, (ast.expr, ast.stmt, ast.arg, ast.keyword)):
                for line, column in (("lineno", "col_offset"), ("end_lineno", "end_col_offset")):
                    room = len(self.lines[getattr(node, line) - 1].code.encode())
                    setattr(node, column, min(getattr(node, column), room))

    # --- parsing -----------------------------------------------------------------------------------------

    def _lose(self, problem: SyntaxProblem | None) -> None:
        if problem is not None:
            self._found.append(problem)

    def _parses(self, text: str) -> bool:
        return self._spend(text, 0)[0] is not None

    def _spend(self, text: str, lines_before: int) -> tuple[Statements | None, SyntaxProblem | None]:
        self._effort -= len(text) + lines_before // 4 + 100
        if self._effort < 0:
            return None, SyntaxProblem(lines_before, 0, _GIVEN_UP)
        return try_parse("\n" * lines_before + text)

    def _parse(
        self, start: int, end: int, text: str | None = None
    ) -> tuple[Statements | None, SyntaxProblem | None]:
        """Parse the lines from `start` to before `end`, or `text` in their place, as one suite."""
        if text is None:
            text = "".join(line.text for line in self.lines[start:end])
        if text.lstrip("\r\n")[:1] not in (" ", "\t"):
            parsed, problem = self._spend(text, start)
            return parsed, self._inside(problem, 0)
        parsed, problem = self._spend("if 1:\n" + text, start - 1)
        if parsed is None:
            return None, self._inside(problem, 0 if start else -1)
        statements = [*parsed[0].body, *parsed[1:]]  # type: ignore[attr-defined]
        if not start:
            for statement in statements:
                ast.increment_lineno(statement, -1)
        return statements, None

    def _inside(self, problem: SyntaxProblem | None, shift: int) -> SyntaxProblem | None:
        """`problem` moved by `shift` lines and kept inside the text."""
        if problem is None:
            return None
        line = max(min(problem.line + shift, len(self.lines) - 1), 0)
        return SyntaxProblem(
            line, min(problem.column, len(self.lines[line].text.rstrip("\r\n"))), problem.message
        )


def _is_open(code: str) -> bool:
    """Whether more brackets open than close."""
    plain = without_strings(code)
    return sum(plain.count(bracket) for bracket in "([{") > sum(plain.count(bracket) for bracket in ")]}")
