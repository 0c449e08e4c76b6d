"""``--output-format gitlab``: a Code Quality report, which GitLab shows in merge requests."""

from __future__ import annotations

from typing import Any

from djguide_analyzers.rules.finding import Finding, Severity
from djguide_server.cli.ci import in_words, repository_path
from djguide_server.cli.formats.json import dumps
from djguide_server.cli.formats.text import problem_lines
from djguide_server.cli.result import CheckResult, standing
from djguide_server.cli.streams import Terminal
from djguide_server.cli.targets import Targets

_SEVERITIES = {
    Severity.ERROR: "critical",
    Severity.WARNING: "major",
    Severity.INFO: "minor",
    Severity.HINT: "info",
}


def render(result: CheckResult, terminal: Terminal) -> str:
    """A JSON array with one object for each finding."""
    return dumps([_issue(finding, result.targets) for finding in result.findings])


def render_problems(result: CheckResult, terminal: Terminal) -> str:
    """The report has no place for what could not be analysed."""
    return problem_lines(result.problems, result.targets, terminal)


def _issue(finding: Finding, targets: Targets) -> dict[str, Any]:
    place = standing(finding)
    start, end = place.range
    return {
        "type": "issue",
        "check_name": finding.code,
        "description": finding.message,
        "content": {"body": in_words(finding, targets)},
        "categories": [finding.practice],
        "severity": _SEVERITIES[finding.severity],
        "fingerprint": finding.fingerprint,
        "location": {
            "path": repository_path(place.path, targets),
            "lines": {"begin": start.line + 1, "end": end.line + 1},
        },
    }
