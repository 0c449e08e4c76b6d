"""What ``djguide check`` hands to an output format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Literal

from msgspec import Struct, field

from djguide_analyzers.engine.report import Problem, Report
from djguide_analyzers.rules.finding import Finding, Fix, Place, Safety
from djguide_analyzers.source.positions import LineIndex
from djguide_server.cli.targets import Targets

GroupBy = Literal["file", "practice", "rule"]


class Texts:
    """The texts that the analysis saw, with their line index; asked for once each."""

    def __init__(self, read: Callable[[str], str | None]) -> None:
        self._read = read
        self._indexes: dict[str, LineIndex | None] = {}

    def __getitem__(self, path: str) -> LineIndex | None:
        """Line index of the file at `path`; None when it cannot be read."""
        if path not in self._indexes:
            text = self._read(path)
            self._indexes[path] = None if text is None else LineIndex(text)
        return self._indexes[path]


class CheckResult(Struct):
    """One check: its report, and how to read and name the files in it.

    Attributes:
        fixed: Number of fixes that were applied before `report` was made.
        fixed_files: How many files they changed.
        statistics: Whether the user wants counts instead of each finding.
        group_by: What findings are put together by, for people.
        changed: Whether only findings in changed files were asked for.
    """

    report: Report
    targets: Targets
    texts: Texts
    fixed: int = 0
    fixed_files: int = 0
    statistics: bool = False
    group_by: GroupBy = "file"
    changed: bool = False
    extra_problems: list[Problem] = field(default_factory=list)

    @property
    def findings(self) -> list[Finding]:
        """Findings in order of the place they are printed at."""
        return sorted(self.report.findings, key=lambda finding: (standing(finding), finding.code))

    @property
    def problems(self) -> list[Problem]:
        """What could not be analysed or fixed."""
        return [*self.report.problems, *self.extra_problems]

    def counts_by_rule(self) -> dict[str, int]:
        """Number of findings by code, the most frequent first."""
        counts = Counter(finding.code for finding in self.report.findings)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def counts_by_practice(self) -> dict[str, int]:
        """Number of findings by practice, the most frequent first."""
        counts = Counter(finding.practice for finding in self.report.findings)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def counts_by_severity(self) -> dict[str, int]:
        """Number of findings by severity; severities without one are left out."""
        return dict(Counter(finding.severity.value for finding in self.report.findings))

    def counts_by_safety(self) -> dict[str, int]:
        """Number of findings by the class of the best fix they offer; those without an edit are left out."""
        best = (best_fix(finding) for finding in self.report.findings)
        return dict(Counter(fix.safety.value for fix in best if fix is not None))


def standing(finding: Finding) -> Place:
    """Where the command line prints `finding`: at the access when both ends lie in one file, else at the owner."""
    if finding.access is not None and finding.access.path == finding.place.path:
        return finding.access
    return finding.place


def best_fix(finding: Finding) -> Fix | None:
    """The safest fix of `finding` that has edits; the first of them when several are equally safe."""
    fixes = [fix for fix in finding.fixes if fix.edits]
    return min(fixes, key=lambda fix: list(Safety).index(fix.safety), default=None)


def has_internal(problems: Iterable[Problem]) -> bool:
    """Whether djguide itself failed somewhere, so that its answer is not complete."""
    return any(problem.kind == "internal" for problem in problems)
