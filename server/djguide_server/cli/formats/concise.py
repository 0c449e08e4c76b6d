"""``--output-format concise``: one line a finding, in the form that compilers have and editors jump along."""

from __future__ import annotations

from djguide_analyzers.rules.finding import Confidence, Finding
from djguide_server.cli.formats.text import COLOURS, closing_lines, problem_lines
from djguide_server.cli.result import CheckResult, standing
from djguide_server.cli.streams import Terminal, clean


def render(result: CheckResult, terminal: Terminal) -> str:
    """Findings by place, then the summary."""
    lines = [_line(finding, result, terminal) for finding in result.findings]
    return "\n".join([*lines, *closing_lines(result, terminal), ""])


def render_problems(result: CheckResult, terminal: Terminal) -> str:
    """Everything that could not be analysed."""
    return problem_lines(result.problems, result.targets, terminal)


def _line(finding: Finding, result: CheckResult, terminal: Terminal) -> str:
    place = standing(finding)
    start = place.range.start
    where = clean(f"{result.targets.display(place.path)}:{start.line + 1}:{start.column + 1}")
    severity = terminal.style(finding.severity.value, fg=COLOURS[finding.severity], bold=True)
    likely = " (likely)" if finding.confidence is Confidence.LIKELY else ""
    message = clean(" ".join(finding.message.split()))
    return f"{where}: {severity}{likely}: {message} {terminal.style(f'[{finding.code}]', dim=True)}"
