"""Which findings of a report the user asked for."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct, structs

from djguide_analyzers.engine.report import Report
from djguide_analyzers.rules.finding import Finding, Severity


class Filters(Struct, frozen=True):
    """Leaves findings out of reports. Rules run all the same: what they find elsewhere may end here.

    Attributes:
        practices: The practices asked for; empty for all.
        least: The lowest severity asked for.
        changed: Whether the file at an absolute POSIX path changed; None: that does not matter.
        baseline: Whether known findings are left out.
        selected: Whether only some rules ran, so that nothing can be said of the entries of a baseline.
    """

    practices: frozenset[str] = frozenset()
    least: Severity = Severity.HINT
    changed: Callable[[str], bool] | None = None
    baseline: bool = True
    selected: bool = False

    def applied(self, report: Report) -> Report:
        """`report` with what was asked for."""
        findings, known, baselines = report.findings, report.known, report.baselines
        if not self.baseline:
            findings, known, baselines = sorted([*findings, *known], key=lambda f: (f.place, f.code)), [], []
        if self.selected or self.changed is not None:
            baselines = [structs.replace(use, gone=()) for use in baselines]
        return structs.replace(
            report,
            findings=[finding for finding in findings if self._wants(finding)],
            known=[finding for finding in known if self._wants(finding)],
            baselines=baselines,
        )

    def _wants(self, finding: Finding) -> bool:
        order = list(Severity)
        if self.practices and finding.practice not in self.practices:
            return False
        if order.index(finding.severity) > order.index(self.least):
            return False
        ends = (finding.place, finding.access)
        return self.changed is None or any(self.changed(place.path) for place in ends if place is not None)
