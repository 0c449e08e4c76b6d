"""Comments that silence findings: ``# djguide: ignore[code]`` and ``# djguide: ignore-file[code]``.

In templates they stand in ``{# #}``. A comment at the end of a line silences that line; where the line is the first
of a block (a function, class, loop, ``with``; a block tag), the whole block. A comment alone on its line speaks
for the next line of code. A code is required, and a suppression that silences nothing is itself a finding.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.template_ir import If, TemplateFacts
from djguide_analyzers.facts.template_ir import walk as walk_template
from djguide_analyzers.facts.templates import template_facts
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, FunctionInfo, Module
from djguide_analyzers.project.templates import TemplateSource
from djguide_analyzers.rules.finding import Confidence, Finding, Fix, Place, Safety, Severity
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position, Range

UNUSED = "unused-suppression"
INVALID = "invalid-suppression"
CODES = frozenset((UNUSED, INVALID))
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
    return _suppressions(module.path, module.facts.comments, lambda: _code_lines(module))


def read_template(template: TemplateSource) -> Suppressions:
    """The suppressions in the ``{# #}`` comments of `template`."""
    facts = template.facts
    return _suppressions(template.path, facts.comments, lambda: _template_lines(facts))


def reads_as_comment(before: str, after: str, place: Position) -> bool:
    """Whether the template text `after`, made from `before`, has a directive at `place` and is not more broken.

    In translated blocks Django allows no comments, and in verbatim ones they are text.
    """
    facts = template_facts(after)
    if not any((comment.line, comment.column) == place for comment in facts.comments):
        return False
    return len(facts.problems) <= len(template_facts(before).problems)


def _suppressions(path: str, comments: list[ir.Comment], lines: Callable[[], _CodeLines]) -> Suppressions:
    if not comments:
        return Suppressions(path, [])
    code = lines()
    return Suppressions(path, [_read(comment, code) for comment in comments])


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


@dataclass
class _CodeLines:
    """Where the code of a file stands.

    Attributes:
        starts: Lines that something starts on.
        blocks: Last line of each block, by its first line and those of its decorators.
    """

    starts: set[int] = field(default_factory=set)
    blocks: dict[int, int] = field(default_factory=dict)

    def next_after(self, line: int) -> int:
        """The next line below `line` that code starts on; the very next one when there is none."""
        return min((number for number in self.starts if number > line), default=line + 1)

    def add_block(self, first: int, last: int) -> None:
        self.blocks[first] = max(last, self.blocks.get(first, last))


def _code_lines(module: Module) -> _CodeLines:
    lines = _CodeLines()
    for chunk in module.facts.chunks:
        _enter(lines, chunk.outline, Code(module, chunk))
    return lines


def _enter(lines: _CodeLines, statements: list[ir.Stmt], code: Code) -> None:
    for node in walk(statements):
        place = code.range(node)
        lines.starts.add(place.start.line)
        if isinstance(node, _BLOCKS):
            lines.add_block(place.start.line, place.end.line)
            for decorator in getattr(node, "decorators", ()):
                lines.add_block(code.range(decorator).start.line, place.end.line)
        if isinstance(node, ir.FunctionDef):
            info = FunctionInfo(node, code)
            _enter(lines, info.statements, info.body_code)


def _template_lines(facts: TemplateFacts) -> _CodeLines:
    """Lines of tags and outputs. A block without its end tag counts as one line: how far it goes is a guess."""
    lines = _CodeLines()
    for node in walk_template(facts.nodes):
        first = facts.range_of(node.at).start.line
        lines.starts.add(first)
        if isinstance(node, If):
            lines.starts.update(facts.range_of(branch.at).start.line for branch in node.branches)
        close = getattr(node, "close", None)
        if close is not None:
            lines.add_block(first, facts.range_of(close).end.line)
    return lines
