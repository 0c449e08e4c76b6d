"""``--output-format github``: workflow commands that GitHub Actions shows as annotations in the changed files."""

from __future__ import annotations

from djguide_analyzers.engine.report import Problem
from djguide_analyzers.rules.finding import Finding, Place, Severity
from djguide_server.cli.ci import in_words, repository_path
from djguide_server.cli.formats.text import summary
from djguide_server.cli.result import CheckResult, standing
from djguide_server.cli.streams import Terminal
from djguide_server.cli.targets import Targets

_COMMANDS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.INFO: "notice",
    Severity.HINT: "notice",
}


def render(result: CheckResult, terminal: Terminal) -> str:
    """One command a line; what stands between commands is shown in the log only."""
    lines = [_problem(problem, result.targets) for problem in result.problems]
    lines += [_finding(finding, result.targets) for finding in result.findings]
    return "\n".join([*lines, summary(result, Terminal()), ""])


def _finding(finding: Finding, targets: Targets) -> str:
    properties = _properties(standing(finding), targets) | {"title": f"djguide: {finding.code}"}
    return _command(_COMMANDS[finding.severity], properties, in_words(finding, targets))


def _problem(problem: Problem, targets: Targets) -> str:
    properties = _properties(problem.place, targets) if problem.place else {}
    kind = "error" if problem.kind == "internal" else "warning"
    return _command(kind, properties | {"title": f"djguide: {problem.kind}"}, problem.message)


def _properties(place: Place, targets: Targets) -> dict[str, str]:
    start, end = place.range
    properties = {
        "file": repository_path(place.path, targets),
        "line": str(start.line + 1),
        "endLine": str(end.line + 1),
    }
    if start.line == end.line:  # columns of other lines are refused
        properties |= {"col": str(start.column + 1), "endColumn": str(end.column + 1)}
    return properties


def _command(name: str, properties: dict[str, str], message: str) -> str:
    written = ",".join(f"{key}={_escaped(value, ':,')}" for key, value in properties.items())
    return f"::{name} {written}::{_escaped(message)}"


def _escaped(text: str, more: str = "") -> str:
    """`text` without the characters that end a command, or with `more` a property."""
    for char in ("%", "\r", "\n", *more):
        text = text.replace(char, f"%{ord(char):02X}")
    return text
