"""Hover: a finding's message, evidence and fixes; what a rule is about; and what the code itself means."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from lsprotocol import types

from djguide_analyzers.rules.finding import Related, Safety
from djguide_analyzers.source.positions import Position, Range
from djguide_server.lsp.client import ClientFeatures
from djguide_server.lsp.convert import Shown, ShownFix
from djguide_server.lsp.documents import Document
from djguide_server.lsp.events import Result

if TYPE_CHECKING:
    from djguide_analyzers.assist.describe import Description

_REGISTRY = "djguide_analyzers.rules.registry"
_SAFETY = {Safety.SAFE: "Safe fix", Safety.REVIEW: "Fix to review", Safety.MANUAL: "Advice"}
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_PROPERTIES = re.compile(r"^Severity: .*\n?", re.MULTILINE)
_CODE = re.compile(r"(`[^`]+`)")
# What CommonMark takes for a mark; underscores within a word are none, and some clients show the backslash.
_MARKS = re.compile(r"[\\*<]|\[(?=[^\]]*\]\()|(?<!\w)_+|_++(?![^\W_])")
_SUPPRESSION = re.compile(r"djguide\s*:\s*ignore(?:-file)?\s*\[(?P<codes>[^\]\r\n]*)\]?", re.IGNORECASE)
_WORD = re.compile(r"[\w-]+")
_SEPARATOR = "\n\n---\n\n"


def hover(
    result: Result, position: Position, name: Callable[[str], str], *, markdown: bool
) -> types.Hover | None:
    """What to show at `position` (in characters), None outside of findings. `name` shortens paths.

    For each finding there are two parts, separated by a rule in Markdown: what the diagnostic says (editors that
    show diagnostics in their hover can leave it out), and what follows from it.
    """
    touched = [shown for shown in result.shown if shown.range.contains(position)]
    if not touched:
        return None
    touched.sort(key=lambda shown: _size(shown.range))
    parts = [part for shown in touched for part in _describe(shown, name, markdown=markdown) if part]
    text = (_SEPARATOR if markdown else "\n\n").join(parts)
    return _hover(text, touched[0].diagnostic.range, markdown=markdown)


def code_hover(document: Document, position: Position, client: ClientFeatures) -> types.Hover | None:
    """What a rule is about, on its code in a suppression comment."""
    line = document.index.line(position.line)
    for directive in _SUPPRESSION.finditer(line):
        for code in _WORD.finditer(line, *directive.span("codes")):
            if not code.start() <= position.column <= code.end() or (page := rule_summary(code[0])) is None:
                continue
            text = f"`{code[0]}`\n\n{page}" if client.markdown_hover else f"{code[0]}\n\n{plain(page)}"
            start, end = (
                types.Position(*document.index.to_units(Position(position.line, column), client.encoding))
                for column in code.span()
            )
            return _hover(text, types.Range(start, end), markdown=client.markdown_hover)
    return None


def with_description(
    found: types.Hover | None, about: tuple[types.Range, Description] | None, *, markdown: bool
) -> types.Hover | None:
    """`found` with what there is to say about the code itself."""
    if about is None:
        return found
    range_, description = about
    return both(found, _hover(rendered(description, markdown=markdown), range_, markdown=markdown))


def both(first: types.Hover | None, second: types.Hover | None) -> types.Hover | None:
    """What two say about the same position, one after the other."""
    if first is None or second is None:
        return second if first is None else first
    assert isinstance(first.contents, types.MarkupContent)
    assert isinstance(second.contents, types.MarkupContent)
    markdown = first.contents.kind == types.MarkupKind.Markdown
    joined = (_SEPARATOR if markdown else "\n\n").join((first.contents.value, second.contents.value))
    return _hover(joined, first.range or second.range, markdown=markdown)


def rendered(description: Description, *, markdown: bool) -> str:
    """A description as text of the client's kind."""
    if markdown:
        heading, sql = f"```python\n{description.heading}\n```", f"```sql\n{description.sql}\n```"
        facts = "\n".join(f"- **{label}:** {value}" for label, value in description.facts)
        remarks = "\n\n".join(escape(remark) for remark in description.remarks)
    else:
        heading, sql = description.heading, str(description.sql)
        facts = "\n".join(f"{label}: {plain(value)}" for label, value in description.facts)
        remarks = "\n".join(description.remarks)
    return _paragraphs(heading, facts, sql if description.sql else "", remarks)


def _hover(text: str, range_: types.Range | None, *, markdown: bool) -> types.Hover:
    kind = types.MarkupKind.Markdown if markdown else types.MarkupKind.PlainText
    return types.Hover(types.MarkupContent(kind, text), range_)


def _describe(shown: Shown, name: Callable[[str], str], *, markdown: bool) -> tuple[str, str]:
    """The diagnostic and its evidence; the fixes and what the rule is about, which may be nothing."""
    finding = shown.finding
    message = (
        f"{escape(finding.message)} `{finding.code}`" if markdown else f"{finding.message} ({finding.code})"
    )
    evidence = "\n".join(_step(step, name, markdown=markdown) for step in shown.related)
    bullet = "- " if len(shown.fixes) > 1 else ""
    fixes = "\n".join(bullet + _fix(fix, markdown=markdown) for fix in shown.fixes)
    summary = rule_summary(finding.code) or ""
    return _paragraphs(message, evidence), _paragraphs(fixes, summary if markdown else plain(summary))


def _step(step: Related, name: Callable[[str], str], *, markdown: bool) -> str:
    where = f"{name(step.place.path)}:{step.place.range.start.line + 1}"
    return f"- `{where}` {escape(step.message)}" if markdown else f"- {where} {step.message}"


def _fix(fix: ShownFix, *, markdown: bool) -> str:
    label = _SAFETY[fix.safety]
    return f"**{label}:** {escape(fix.title)}" if markdown else f"{label}: {fix.title}"


def _paragraphs(*paragraphs: str) -> str:
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def escape(text: str) -> str:
    """`text`, where only backquotes are marks, as Markdown: ``__str__`` must not become bold."""
    parts = _CODE.split(text)
    return "".join(part if _CODE.fullmatch(part) else _MARKS.sub(_escaped, part) for part in parts)


def _escaped(marks: re.Match[str]) -> str:
    return "".join(f"\\{mark}" for mark in marks[0])


@lru_cache(maxsize=256)
def rule_summary(code: str) -> str | None:
    """What the page of a rule says before its first section, in Markdown; None when there is no page."""
    try:
        page: object = importlib.import_module(_REGISTRY).page(code)
    except Exception:
        # A hover without the page is better than none: findings of the engine itself have no page.
        return None
    return introduction(page) if isinstance(page, str) else None


def introduction(page: str) -> str | None:
    """The text of a Markdown page between its title and the next heading or code block.

    The line with the rule's properties is left out: the diagnostic and its fixes show them as they are here.
    """
    lines: list[str] = []
    for line in _PROPERTIES.sub("", _FRONT_MATTER.sub("", page)).splitlines():
        if line.startswith("# ") and not any(lines):
            continue
        if line.startswith(("#", "```", "~~~")):
            break
        lines.append(line)
    return "\n".join(lines).strip() or None


def plain(markdown: str) -> str:
    """`markdown` without its marks for code, emphasis and links."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    text = re.sub(r"\*\*(.+?)\*\*", r"\1", text)
    return text.replace("`", "")


def _size(range_: Range) -> tuple[int, int]:
    (line, column), (end_line, end_column) = range_
    return end_line - line, end_column - column
