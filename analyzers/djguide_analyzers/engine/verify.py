"""A fix is applied to a copy of its texts and parsed again before anybody sees it.

Only the top-level statements that it touches are parsed: whether a text parses is decided statement by statement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.template_ir import TemplateFacts
from djguide_analyzers.facts.templates import template_facts
from djguide_analyzers.rules.finding import Fix, Safety
from djguide_analyzers.source.edits import Edit, OverlappingEdits, apply_edits
from djguide_analyzers.source.parse import parse
from djguide_analyzers.source.positions import LineIndex, Position, Range

Facts = ir.PyFacts | TemplateFacts


def verified(fix: Fix, lines: Callable[[str], LineIndex | None], facts: Callable[[str], Facts | None]) -> Fix:
    """`fix` when its edits apply and leave each file no more broken than it was; else it as mere advice.

    `lines` gives the text of a file, `facts` what is known of a Python file or a template.
    """
    by_path: dict[str, list[Edit]] = {}
    for edit in fix.edits:
        by_path.setdefault(edit.path, []).append(edit)
    for path, edits in by_path.items():
        index = lines(path)
        if index is None or not _applies(index, edits, facts(path)):
            return Fix(fix.title, Safety.MANUAL)
    return fix


def _applies(index: LineIndex, edits: list[Edit], facts: Facts | None) -> bool:
    if isinstance(facts, TemplateFacts):
        return _applies_to_template(index, edits, facts)
    chunks = facts.chunks if facts is not None else []
    try:
        for (first, last), inside in _by_region(edits, chunks, index.line_count).items():
            start, end = Position(first, 0), Position(last, 0)
            before = index.slice(Range(start, end))
            after = apply_edits(before, [_moved(edit, first) for edit in inside])
            if after == before or (facts is not None and (lost := _lost(after)) and lost > _lost(before)):
                return False
    except OverlappingEdits:
        return False
    return True


@lru_cache(maxsize=256)
def _lost(text: str) -> int:
    """How many statements of `text` cannot be read; several findings often share a fix."""
    return parse(text).lost


def _applies_to_template(index: LineIndex, edits: list[Edit], facts: TemplateFacts) -> bool:
    try:
        after = apply_edits(index.text, edits)
    except OverlappingEdits:
        return False
    return after != index.text and len(template_facts(after).problems) <= len(facts.problems)


def _by_region(
    edits: list[Edit], chunks: Sequence[ir.Chunk], line_count: int
) -> dict[tuple[int, int], list[Edit]]:
    """Edits by the stretch of lines (first, and behind the last) that has to be parsed to judge them.

    A stretch goes from the start of a statement to the start of a later one, so nothing lies between two.
    """
    starts = [0, *sorted({chunk.line for chunk in chunks if chunk.line})]
    regions: dict[tuple[int, int], list[Edit]] = {}
    for edit in sorted(edits, key=lambda edit: edit.range):
        first = max(start for start in starts if start <= edit.range.start.line)
        last = min((start for start in starts if start > edit.range.end.line), default=line_count)
        together = [region for region in regions if region[1] > first]
        moved = [e for region in together for e in regions.pop(region)]
        first, last = min([first, *(r[0] for r in together)]), max([last, *(r[1] for r in together)])
        regions[first, last] = [*moved, edit]
    return regions


def _moved(edit: Edit, lines: int) -> Edit:
    start, end = edit.range
    return Edit(
        edit.path,
        Range(Position(start.line - lines, start.column), Position(end.line - lines, end.column)),
        edit.text,
    )
