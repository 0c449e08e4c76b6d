"""What is shown of what was found: findings that no comment and no setting silences."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from djguide_analyzers.engine import suppressions
from djguide_analyzers.engine.suppressions import Suppressions
from djguide_analyzers.engine.tracked import TrackedProject
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.finding import Confidence, Finding

IgnoredFor = Callable[[str], frozenset[str]]
"""The codes that the configuration ignores in a file."""


def visible(
    tracked: TrackedProject,
    ignored_for: IgnoredFor,
    ran: frozenset[str] | None,
    known: frozenset[str],
    path: str | None = None,
) -> Iterator[Finding]:
    """Findings without what comments and path settings silence, and what is wrong with the comments; in no order.

    Args:
        ran: Codes of the rules that have looked at everything; None when comments are not judged.
        known: Codes that comments may name.
        path: The file whose findings are wanted: only those of files that they start in are told then. An editor
            asks so with every edit, in a project that may have thousands of files.
    """
    comments = _Comments(tracked.project)
    found = tracked.findings() if path is None else tracked.findings_around(path)
    for finding in found:
        if finding.confidence is not Confidence.PROVEN or not comments.is_own(finding.place.path):
            continue
        ends = [finding.place.path] + ([finding.access.path] if finding.access else [])
        if any(finding.code in ignored_for(end) for end in ends):
            continue
        silenced = [own.silence(finding) for end in ends if (own := comments.of(end)) is not None]
        if not any(silenced):
            yield finding
    if ran is not None:
        for own in comments.all() if path is None else filter(None, [comments.of(path)]):
            ignored = ignored_for(own.path)
            yield from (f for f in own.findings(ran, known) if f.code not in ignored)


class _Comments:
    """The suppressions in the files of a project, read once each; their uses are counted from the start."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._templates = frozenset(project.templates.own_files)
        self._read: dict[str, Suppressions | None] = {}

    def is_own(self, path: str) -> bool:
        """Whether a module or a template of the project is at `path`."""
        return path in self._project.modules or path in self._templates

    def of(self, path: str) -> Suppressions | None:
        """Those in the file at `path`; None when it has none."""
        if path not in self._read:
            self._read[path] = self._suppressions(path)
        return self._read[path]

    def all(self) -> Iterator[Suppressions]:
        """Those of all files."""
        for path in (*self._templates, *self._project.modules):
            if (found := self.of(path)) is not None:
                yield found

    def _suppressions(self, path: str) -> Suppressions | None:
        module = self._project.modules.get(path)
        if module is not None:
            return suppressions.read(module) if module.facts.comments else None
        template = self._project.templates.at(path) if path in self._templates else None
        if template is None or not template.facts.comments:
            return None
        return suppressions.read_template(template)
