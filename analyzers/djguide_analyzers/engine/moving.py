"""Findings after an edit elsewhere in a file that they name: the same, with the lines they stand on now."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from djguide_analyzers.rules.finding import Finding, Fix, Place, Related
from djguide_analyzers.source.changes import Change
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position, Range


class _Touched(Exception):
    """Something that is to be moved stands in what was changed."""


def moved(finding: Finding, path: str, change: Change) -> Finding | None:
    """`finding` after `change` of the file at `path`; None when it names lines that were changed."""
    move = _Move(path, change)
    try:
        return structs.replace(
            finding,
            place=move.place(finding.place),
            access=None if finding.access is None else move.place(finding.access),
            related=tuple(Related(related.message, move.place(related.place)) for related in finding.related),
            fixes=tuple(move.fix(fix) for fix in finding.fixes),
            data=move.data(finding.data),
        )
    except _Touched:
        return None


class _Move:
    def __init__(self, path: str, change: Change) -> None:
        self._path = path
        self._change = change

    def place(self, place: Place) -> Place:
        return Place(place.path, self._range(place.path, place.range))

    def _range(self, path: str, range_: Range) -> Range:
        if path != self._path:
            return range_
        moved = self._change.moved(range_)
        if moved is None:
            raise _Touched
        return moved

    def fix(self, fix: Fix) -> Fix:
        edits = tuple(Edit(edit.path, self._range(edit.path, edit.range), edit.text) for edit in fix.edits)
        return Fix(fix.title, fix.safety, edits)

    def data(self, value: Any) -> Any:
        """Machine-readable data, in which places are a path and a one-based line."""
        match value:
            case {"path": self._path, "line": int(line)}:
                start = Position(line - 1, 0)
                return {**value, "line": self._range(self._path, Range(start, start)).start.line + 1}
            case dict():
                return {key: self.data(inner) for key, inner in value.items()}
            case list():
                return [self.data(inner) for inner in value]
            case _:
                return value
