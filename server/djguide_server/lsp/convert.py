"""Findings in the terms of one client: its columns, its addresses, what it can show.

Runs on the worker, since the columns of a place in another file need that file's text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from lsprotocol import types

from djguide_analyzers.engine.report import Problem
from djguide_analyzers.rules import registry
from djguide_analyzers.rules.finding import Finding, Place, Related, Safety, Severity
from djguide_analyzers.source.edits import Edit, line_break_of
from djguide_analyzers.source.positions import LineIndex, Position, Range
from djguide_server.lsp.client import ClientFeatures
from djguide_server.lsp.documents import Document, uri_of

SOURCE = "djguide"
DOCS_URL: str | None = None
"""Where rule pages are published, with a slash at the end; None as long as they are not."""

_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFO: types.DiagnosticSeverity.Information,
    Severity.HINT: types.DiagnosticSeverity.Hint,
}
_TAGS = {
    "unnecessary": types.DiagnosticTag.Unnecessary,
    "deprecated": types.DiagnosticTag.Deprecated,
}
_UNNECESSARY = frozenset({"unused-suppression"})
"""Findings of the engine itself that mark what can go."""
_CAUSE = "The cause is here"
_EFFECT = "The effect shows here"


@dataclass(frozen=True)
class ShownFix:
    """A fix ready to be sent: its edits per file, in the client's columns. Advice has no edits."""

    title: str
    safety: Safety
    edits: Mapping[str, list[types.TextEdit]]


@dataclass(frozen=True)
class Shown:
    """A finding at the end of it that lies in the file shown. `range` is in characters."""

    finding: Finding
    range: Range
    diagnostic: types.Diagnostic
    fixes: tuple[ShownFix, ...]
    related: tuple[Related, ...]


@dataclass
class View:
    """How one client sees files: `documents` are what it has open, `read` gives the text of any other file."""

    client: ClientFeatures
    documents: Mapping[str, Document]
    roots: tuple[str, ...]
    read: Callable[[str], str | None]
    _indexes: dict[str, LineIndex | None] = field(default_factory=dict)

    def findings(self, path: str, findings: Iterable[Finding]) -> list[Shown]:
        """What to show in the file at `path`."""
        shown: list[Shown] = []
        seen: dict[str, int] = {}
        for finding in findings:
            for place, other in _ends(finding, path):
                related = _evidence(finding, place, other)
                shown.append(self._shown(finding, place, related, seen))
        return shown

    def problem(self, problem: Problem) -> types.Diagnostic:
        """A diagnostic for a problem that has a place."""
        assert problem.place is not None
        return types.Diagnostic(
            range=self.range(problem.place.path, problem.place.range),
            message=problem.message,
            severity=types.DiagnosticSeverity.Warning,
            code=problem.kind,
            source=SOURCE,
        )

    def range(self, path: str, range_: Range) -> types.Range:
        """A range in the client's columns."""
        return types.Range(self._position(path, range_.start), self._position(path, range_.end))

    def uri(self, path: str) -> str:
        """Address of a file, spelled as the client does if it has it open."""
        document = self.documents.get(path)
        return document.uri if document else uri_of(path)

    def name(self, path: str) -> str:
        """How to mention a file in a text: relative to its root if it has one."""
        for root in self.roots:
            if PurePosixPath(path).is_relative_to(root):
                return PurePosixPath(path).relative_to(root).as_posix()
        return path

    def _shown(
        self, finding: Finding, place: Place, related: tuple[Related, ...], seen: dict[str, int]
    ) -> Shown:
        message = finding.message
        if related and not self.client.related_information:
            message = "\n".join([message, *(self._line(step) for step in related)])
        diagnostic = types.Diagnostic(
            range=self.range(place.path, place.range),
            message=message,
            severity=_SEVERITIES[finding.severity],
            code=finding.code,
            code_description=self._description(finding.code),
            tags=self._tags(finding.code),
            source=SOURCE,
            related_information=self._locations(related) or None,
            data={"id": _identity(finding, place, seen)},
        )
        fixes = tuple(ShownFix(fix.title, fix.safety, self._edits(fix.edits)) for fix in finding.fixes)
        return Shown(finding, place.range, diagnostic, fixes, related)

    def _line(self, step: Related) -> str:
        return f"{self.name(step.place.path)}:{step.place.range.start.line + 1}: {step.message}"

    def _locations(self, related: tuple[Related, ...]) -> list[types.DiagnosticRelatedInformation]:
        if not self.client.related_information:
            return []
        return [
            types.DiagnosticRelatedInformation(
                types.Location(self.uri(step.place.path), self.range(*step.place)), step.message
            )
            for step in related
        ]

    def _description(self, code: str) -> types.CodeDescription | None:
        """The rule's page: where it is published, or the file that comes with djguide."""
        if not self.client.code_description:
            return None
        if DOCS_URL is not None:
            return types.CodeDescription(href=f"{DOCS_URL}{code}")
        entry = registry.get(code)
        return types.CodeDescription(href=uri_of(entry.page_path.as_posix())) if entry is not None else None

    def _tags(self, code: str) -> list[types.DiagnosticTag] | None:
        entry = registry.get(code)
        tag = "unnecessary" if code in _UNNECESSARY else entry.rule.tag if entry is not None else None
        return [_TAGS[tag]] if tag is not None and _TAGS[tag] in self.client.diagnostic_tags else None

    def _edits(self, edits: Iterable[Edit]) -> dict[str, list[types.TextEdit]]:
        result: dict[str, list[types.TextEdit]] = {}
        for edit in edits:
            text = with_line_breaks(edit.text, self.documents.get(edit.path))
            result.setdefault(edit.path, []).append(types.TextEdit(self.range(edit.path, edit.range), text))
        return result

    def _position(self, path: str, position: Position) -> types.Position:
        index = self._index(path)
        line, column = index.to_units(position, self.client.encoding) if index else position
        return types.Position(line, column)

    def _index(self, path: str) -> LineIndex | None:
        if (document := self.documents.get(path)) is not None:
            return document.index
        if path not in self._indexes:
            text = self.read(path)
            self._indexes[path] = None if text is None else LineIndex(text)
        return self._indexes[path]


def with_line_breaks(text: str, document: Document | None) -> str:
    """`text` with the line breaks that an open document uses.

    A closed file is left to the client: what it will hold in memory need not be what is on disk.
    """
    return text if document is None else text.replace("\n", line_break_of(document.text))


def _ends(finding: Finding, path: str) -> list[tuple[Place, Place | None]]:
    """Where a finding is shown in a file, each with the other end to link."""
    owner, access = finding.place, finding.access
    if access is None:
        return [(owner, None)] if owner.path == path else []
    if owner.path == access.path:
        return [(access, owner)] if access.path == path else []
    if owner.path == path:
        return [(owner, access)]
    return [(access, owner)] if access.path == path else []


def _evidence(finding: Finding, place: Place, other: Place | None) -> tuple[Related, ...]:
    """The finding's evidence and, unless that mentions it already, its other end.

    What would lead to the very place that is shown is left out.
    """
    steps = tuple(step for step in finding.related if step.place != place)
    if other is None or other == place or any(step.place == other for step in steps):
        return steps
    return (*steps, Related(_CAUSE if other == finding.place else _EFFECT, other))


def _identity(finding: Finding, place: Place, seen: dict[str, int]) -> str:
    """An identifier that stays the same when lines move; equal findings are counted."""
    key = "\0".join((finding.code, place.path, finding.place.path, finding.message))
    seen[key] = seen.get(key, 0) + 1
    return hashlib.blake2s(f"{key}\0{seen[key]}".encode(errors="replace"), digest_size=8).hexdigest()
