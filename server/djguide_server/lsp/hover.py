"""Hover on a finding: its message, the evidence, what can be done, and what the rule is about."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from functools import lru_cache

from lsprotocol import types

from djguide_analyzers.rules.finding import Related, Safety
from djguide_analyzers.source.positions import Position, Range
from djguide_server.lsp.convert import Shown, ShownFix
from djguide_server.lsp.scheduler import Result

_REGISTRY = "djguide_analyzers.rules.registry"
_SAFETY = {Safety.SAFE: "Safe fix", Safety.REVIEW: "Fix to review", Safety.MANUAL: "Advice"}
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_PROPERTIES = re.compile(r"^Severity: .*\n?", re.MULTILINE)
_CODE = re.compile(r"(`[^`]+`)")
# What CommonMark takes for a mark; underscores within a word are none, and some clients show the backslash.
_MARKS = re.compile(r"[\\*<]|\[(?=[^\]]*\]\()|(?<!\w)_+|_++(?![^\W_])")
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
    kind = types.MarkupKind.Markdown if markdown else types.MarkupKind.PlainText
    return types.Hover(types.MarkupContent(kind, text), touched[0].diagnostic.range)


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
