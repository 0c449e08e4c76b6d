"""Hover on a finding: its message, the evidence, what can be done, and what the rule is about."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from functools import lru_cache

from lsprotocol import types

from djguide_analyzers.rules.finding import Safety
from djguide_analyzers.source.positions import Position, Range
from djguide_server.lsp.convert import Shown
from djguide_server.lsp.scheduler import Result

_REGISTRY = "djguide_analyzers.rules.registry"
_SAFETY = {Safety.SAFE: "safe fix", Safety.REVIEW: "fix to review", Safety.MANUAL: "advice"}
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


def hover(
    result: Result, position: Position, name: Callable[[str], str], *, markdown: bool
) -> types.Hover | None:
    """What to show at `position` (in characters), None outside of findings. `name` shortens paths."""
    touched = [shown for shown in result.shown if shown.range.contains(position)]
    if not touched:
        return None
    touched.sort(key=lambda shown: _size(shown.range))
    separator = "\n\n---\n\n" if markdown else "\n\n"
    text = separator.join(_describe(shown, name, markdown=markdown) for shown in touched)
    kind = types.MarkupKind.Markdown if markdown else types.MarkupKind.PlainText
    return types.Hover(types.MarkupContent(kind, text), touched[0].diagnostic.range)


def _describe(shown: Shown, name: Callable[[str], str], *, markdown: bool) -> str:
    finding = shown.finding
    bold, tick = ("**", "`") if markdown else ("", "")
    parts = [f"{bold}{finding.code}{bold}: {finding.message}"]
    evidence = [
        f"- {tick}{name(step.place.path)}:{step.place.range.start.line + 1}{tick} {step.message}"
        for step in shown.related
    ]
    fixes = [f"- {fix.title} ({_SAFETY[fix.safety]})" for fix in shown.fixes]
    for title, lines in (("Evidence", evidence), ("What to do", fixes)):
        if lines:
            parts.append("\n".join([f"{title}:", *([""] if markdown else []), *lines]))
    if summary := rule_summary(finding.code):
        parts.append(summary if markdown else plain(summary))
    return "\n\n".join(parts)


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
    """The text of a Markdown page between its title and the next heading or code block."""
    lines: list[str] = []
    for line in _FRONT_MATTER.sub("", page).splitlines():
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
