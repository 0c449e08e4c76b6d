"""A fix is applied to a copy of its texts and parsed again before anybody sees it."""

from __future__ import annotations

from collections.abc import Callable

from djguide_analyzers.rules.finding import Fix, Safety
from djguide_analyzers.source.edits import Edit, OverlappingEdits, apply_edits
from djguide_analyzers.source.parse import parse


def verified(fix: Fix, read: Callable[[str], str | None]) -> Fix:
    """`fix` when its edits apply and leave each file no more broken than it was; else it as mere advice."""
    by_path: dict[str, list[Edit]] = {}
    for edit in fix.edits:
        by_path.setdefault(edit.path, []).append(edit)
    for path, edits in by_path.items():
        text = read(path)
        if text is None or not _still_parses(path, text, edits):
            return Fix(fix.title, Safety.MANUAL)
    return fix


def _still_parses(path: str, text: str, edits: list[Edit]) -> bool:
    try:
        changed = apply_edits(text, edits)
    except OverlappingEdits:
        return False
    if changed == text:
        return False
    return not path.endswith(".py") or len(parse(changed).problems) <= len(parse(text).problems)
