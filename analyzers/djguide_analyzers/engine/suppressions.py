"""Comments that silence findings: ``# djguide: ignore[code]`` and ``# djguide: ignore-file[code]``.

A comment at the end of a line silences that line; where the line is the first of a block (a function, class,
loop, ``with``), the whole block. A comment alone on its line speaks for the next line of code. A code is
required, and a suppression that silences nothing is itself a finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, FunctionInfo, Module
from djguide_analyzers.rules.finding import Confidence, Finding, Fix, Place, Safety, Severity
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position, Range

UNUSED = "unused-suppression"
INVALID = "invalid-suppression"
PRACTICE = "djguide"

_DIRECTIVE = re.compile(r"djguide\s*:\s*(?P<kind>[\w-]+)\s*(?:\[(?P<codes>[^\]]*)\])?", re.IGNORECASE)
_BLOCKS = (ir.FunctionDef, ir.ClassDef, ir.For, ir.While, ir.With, ir.If, ir.Try, ir.Match)


@dataclass(eq=False)
class Suppression:
    """One comment: the lines it covers (zero-based, both ends included; None: the whole file) and its codes."""

    comment: ir.Comment
    codes: list[str]
    first: int | None
    last: int | None
    problem: str | None = None
    used: set[str] = field(default_factory=set)

    def silences(self, code: str, line: int) -> bool:
        """Whether it covers a finding of `code` on `line`, which then counts as a use."""
        covered = self.first is None or self.last is None or self.first <= line <= self.last
        if code not in self.codes or not covered or self.problem is not None:
            return False
        self.used.add(code)
        return True


class Suppressions:
    """The suppressions of one file."""

    def __init__(self, path: str, items: list[Suppression]) -> None:
        self.path = path
        self.items = items

    def silence(self, finding: Finding) -> bool:
        """Whether some comment silences `finding` at an end that lies in this file."""
        places = [place for place in (finding.place, finding.access) if place is not None]
        lines = [place.range.start.line for place in places if place.path == self.path]
        return any(item.silences(finding.code, line) for item in self.items for line in lines)

    def findings(self, ran: frozenset[str], known: frozenset[str]) -> Iterator[Finding]:
        """What is wrong with the comments themselves: no code, an unknown code, or nothing silenced.

        Only codes of rules that `ran` can be called unused.
        """
        for item in self.items:
            if item.problem is not None:
                yield self._finding(INVALID, item, item.problem, ())
                continue
            unknown = [code for code in item.codes if code not in known]
            if unknown:
                yield self._finding(INVALID, item, f"There is no rule called `{unknown[0]}`", ())
            unused = [code for code in item.codes if code in ran and code not in item.used]
            if unused:
                names = ", ".join(f"`{code}`" for code in unused)
                yield self._finding(
                    UNUSED, item, f"Nothing to ignore here for {names}", self._fix(item, unused)
                )

    def _finding(self, code: str, item: Suppression, message: str, fixes: tuple[Fix, ...]) -> Finding:
        return Finding(
            code,
            PRACTICE,
            Severity.WARNING,
            Confidence.PROVEN,
            message,
            Place(self.path, _range(item.comment)),
            fixes=fixes,
        )

    def _fix(self, item: Suppression, unused: list[str]) -> tuple[Fix, ...]:
        """Take the unused codes out, with the comment when nothing is left of it."""
        comment = item.comment
        whole = _range(comment)
        kept = [code for code in item.codes if code not in unused]
        if kept:
            text = re.sub(r"\[[^\]]*\]", f"[{', '.join(kept)}]", comment.text, count=1)
            edit = Edit(self.path, whole, text)
        elif _DIRECTIVE.sub("", comment.text).strip("# \t{}"):
            return ()  # somebody's words stand beside the directive
        elif comment.alone:
            edit = Edit(self.path, Range(Position(comment.line, 0), Position(comment.line + 1, 0)), "")
        else:
            edit = Edit(self.path, whole, "")
        return (Fix("Remove what is not needed", Safety.SAFE, (edit,)),)


def _range(comment: ir.Comment) -> Range:
    start = Position(comment.line, comment.column)
    return Range(start, Position(comment.line, comment.column + len(comment.text)))


def read(module: Module) -> Suppressions:
    """The suppressions in the comments of `module`."""
    comments = module.facts.comments
    if not comments:
        return Suppressions(module.path, [])
    code = _CodeLines(module)
    return Suppressions(module.path, [_read(comment, code) for comment in comments])


def _read(comment: ir.Comment, code: _CodeLines) -> Suppression:
    match = _DIRECTIVE.search(comment.text)
    kind = match["kind"].lower() if match else ""
    codes = [code.strip() for code in (match["codes"] or "").split(",") if code.strip()] if match else []
    line = code.next_after(comment.line) if comment.alone else comment.line
    first: int | None = line
    last: int | None = code.blocks.get(line, line)
    problem = None
    if kind == "ignore-file":
        first = last = None
    elif kind != "ignore":
        problem = (
            f"`djguide: {kind}` means nothing; use `djguide: ignore[code]` or `djguide: ignore-file[code]`"
        )
    if problem is None and not codes:
        problem = f"Say which rule is meant: `djguide: {kind}[code]`"
    return Suppression(comment, codes, first, last, problem)


class _CodeLines:
    """Where the code of a module stands.

    Attributes:
        blocks: Last line of each block statement, by its first line and those of its decorators.
    """

    def __init__(self, module: Module) -> None:
        self.blocks: dict[int, int] = {}
        self._lines: set[int] = set()
        for chunk in module.facts.chunks:
            self._enter(chunk.outline, Code(module, chunk))

    def next_after(self, line: int) -> int:
        """The next line below `line` that code starts on; the very next one when there is none."""
        return min((number for number in self._lines if number > line), default=line + 1)

    def _enter(self, statements: list[ir.Stmt], code: Code) -> None:
        for node in walk(statements):
            place = code.range(node)
            self._lines.add(place.start.line)
            if isinstance(node, _BLOCKS):
                self.blocks[place.start.line] = place.end.line
                for decorator in getattr(node, "decorators", ()):
                    self.blocks[code.range(decorator).start.line] = place.end.line
            if isinstance(node, ir.FunctionDef):
                info = FunctionInfo(node, code)
                self._enter(info.statements, info.body_code)
