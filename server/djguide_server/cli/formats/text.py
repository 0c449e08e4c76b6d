"""``--output-format text``: findings for people, with the code, the evidence and the fix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from djguide_analyzers.engine.report import Problem
from djguide_analyzers.rules.finding import Confidence, Finding, Fix, Place, Safety, Severity
from djguide_analyzers.source.edits import Edit, OverlappingEdits
from djguide_analyzers.source.positions import LineIndex, Position
from djguide_server.cli.frames import Mark, code_frame, diff_lines, edit_diff
from djguide_server.cli.result import CheckResult, GroupBy, standing
from djguide_server.cli.streams import Terminal, clean
from djguide_server.cli.targets import Targets
from djguide_server.cli.wrapping import wrapped

COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue", Severity.HINT: "cyan"}
_PLURALS = {Severity.INFO: "infos"}
_MARGIN = 2
"""Cells before each line of a finding."""


def render(result: CheckResult, terminal: Terminal) -> str:
    """Findings grouped by file (or counts by rule), then a line that sums them up."""
    lines: list[str] = []
    if result.statistics:
        lines += _statistics(result, terminal)
    else:
        title = _TITLES[result.group_by]
        ordered = sorted(result.findings, key=title)
        for name, findings in groupby(ordered, key=title):
            lines += [terminal.style(clean(result.targets.display(name)), bold=True), ""]
            for finding in findings:
                lines += [
                    f"{'':{_MARGIN}}{line}".rstrip() for line in finding_lines(finding, result, terminal)
                ]
                lines.append("")
    return "\n".join([*lines, *_by_practice(result, terminal), *closing_lines(result, terminal), ""])


_TITLES: dict[GroupBy, Callable[[Finding], str]] = {
    "file": lambda finding: standing(finding).path,
    "practice": lambda finding: finding.practice,
    "rule": lambda finding: finding.code,
}


def render_problems(result: CheckResult, terminal: Terminal) -> str:
    """Everything that could not be analysed."""
    return problem_lines(result.problems, result.targets, terminal)


def problem_lines(problems: Iterable[Problem], targets: Targets, terminal: Terminal) -> str:
    """`problems` as text, each with its line break."""
    lines: list[str] = []
    for problem in problems:
        where = ""
        if problem.place is not None:
            path, (start, _) = problem.place
            where = f"{targets.display(path)}:{start.line + 1}:{start.column + 1}: "
        kind = terminal.style(
            f"{problem.kind} error" if problem.kind != "unreadable" else "unreadable", fg="red"
        )
        head = f"{clean(where)}{kind}: "
        lines += wrapped(head, _one_line(problem.message), terminal, margin=0)
    return "".join(f"{line}\n" for line in lines)


def finding_lines(finding: Finding, result: CheckResult, terminal: Terminal) -> Iterator[str]:
    """One finding: message, code, evidence and fixes, without the margin that stands before each line."""
    place = standing(finding)
    start = place.range.start
    severity = terminal.style(finding.severity.value, fg=COLOURS[finding.severity], bold=True)
    likely = " (likely)" if finding.confidence is Confidence.LIKELY else ""
    code = terminal.style(f"[{finding.code}]", dim=True)
    where = f"{start.line + 1}:{start.column + 1}"
    if result.group_by != "file":  # the heading does not name it
        where = clean(f"{result.targets.display(place.path)}:{where}")
    head = f"{where}  {severity}{likely}  "
    yield from wrapped(head, _one_line(finding.message), terminal, margin=_MARGIN, tail=code)
    yield from _frames(finding, result, terminal)
    framed = {_start(finding.place), _start(finding.access or finding.place)}
    for message, related in finding.related:
        # What has a frame is not told again, unless the two ends share one: that one has no labels.
        if not (_has_two_frames(finding) and _start(related) in framed):
            yield from _step(message, related, result, terminal)
    for number, fix in enumerate(finding.fixes):
        yield from _fix(fix, result, terminal, in_full=number == 0)


def _frames(finding: Finding, result: CheckResult, terminal: Terminal) -> Iterator[str]:
    """The owner's line; the access in the same frame, or in a second one when it is in another file."""
    owner, access = finding.place, finding.access
    marks = [Mark(owner.range, primary=standing(finding) == owner)]
    if access is not None and access.path == owner.path and access != owner:
        marks.append(Mark(access.range, primary=True))
    index = result.texts[owner.path]
    if index is not None:
        yield from (f"  {line}" for line in code_frame(index, marks, terminal))
    if access is None or not _has_two_frames(finding):
        return
    messages = {_start(related): message for message, related in finding.related}
    yield from _step(messages.get(_start(access), "used here"), access, result, terminal)
    index = result.texts[access.path]
    if index is not None:
        yield from (f"  {line}" for line in code_frame(index, [Mark(access.range, primary=True)], terminal))


def _has_two_frames(finding: Finding) -> bool:
    return finding.access is not None and finding.access.path != finding.place.path


def _start(place: Place) -> tuple[str, Position]:
    return place.path, place.range.start


def _step(message: str, place: Place, result: CheckResult, terminal: Terminal) -> list[str]:
    """One step of the evidence."""
    at = place.range.start
    where = f"{result.targets.display(place.path)}:{at.line + 1}:{at.column + 1}"
    head = f"  {terminal.style(clean(where), fg='blue')}  "
    return wrapped(head, _one_line(message), terminal, margin=_MARGIN)


def _fix(fix: Fix, result: CheckResult, terminal: Terminal, *, in_full: bool) -> Iterator[str]:
    colour = {Safety.SAFE: "green", Safety.REVIEW: "yellow", Safety.MANUAL: None}[fix.safety]
    head = f"  {terminal.style(f'fix ({fix.safety.value})', fg=colour)}: "
    yield from wrapped(head, _one_line(fix.title), terminal, margin=_MARGIN)
    if not in_full:
        return
    by_file: dict[str, list[Edit]] = {}
    for edit in fix.edits:
        by_file.setdefault(edit.path, []).append(edit)
    for path, edits in by_file.items():
        if len(by_file) > 1:
            yield terminal.style(f"    {clean(result.targets.display(path))}", dim=True)
        try:
            lines = edit_diff(result.texts[path] or LineIndex(""), edits)
        except OverlappingEdits:
            continue
        yield from (f"    {line}" for line in diff_lines(lines, terminal))


def _statistics(result: CheckResult, terminal: Terminal) -> list[str]:
    counts = result.counts_by_rule()
    if not counts:
        return []
    severities = {finding.code: finding.severity for finding in result.report.findings}
    width = max(len(str(count)) for count in counts.values())
    return [
        f"{count:>{width}}  {terminal.style(f'{severities[code].value:7}', fg=COLOURS[severities[code]])}  {code}"
        for code, count in counts.items()
    ] + [""]


def _by_practice(result: CheckResult, terminal: Terminal) -> list[str]:
    """How many findings each practice has, with the rules that found them: where to begin."""
    counts = result.counts_by_practice()
    if result.statistics or result.group_by == "rule" or len(counts) < 2:
        return []
    practices = {finding.code: finding.practice for finding in result.report.findings}
    rules: dict[str, list[str]] = {}
    for code, number in result.counts_by_rule().items():
        rules.setdefault(practices[code], []).append(f"{code} {number}" if number > 1 else code)
    width, digits = max(map(len, counts)), max(len(str(number)) for number in counts.values())
    lines: list[str] = []
    for practice, number in counts.items():
        head = f"{terminal.style(f'{practice:{width}}', bold=True)}  {number:>{digits}}  "
        lines += wrapped(head, ", ".join(rules[practice]), terminal, margin=0)
    return [*lines, ""]


def closing_lines(result: CheckResult, terminal: Terminal) -> list[str]:
    """The summary, and below it what is to be said of baselines."""
    lines = [summary(result, terminal)]
    if known := len(result.report.known):
        baselines = ", ".join(
            clean(result.targets.display(b.path.as_posix())) for b in result.report.baselines
        )
        lines.append(f"{count(known, 'known finding')} not shown: see {baselines}.")
    for use in result.report.baselines:
        if use.gone:
            number = sum(entry.count for entry in use.gone)
            what = count(
                number, "finding of the baseline no longer occurs", "findings of the baseline no longer occur"
            )
            path = clean(result.targets.display(use.path.as_posix()))
            prune = f"`djguide baseline --prune` removes {'it' if number == 1 else 'them'}."
            lines.append(f"{what}: {f'taken out of {path}.' if use.pruned else prune}")
    return lines


def summary(result: CheckResult, terminal: Terminal) -> str:
    """One line: what was fixed, how many findings there are by severity, and how many have a fix."""
    parts: list[str] = []
    if result.fixed:
        parts.append(f"Applied {count(result.fixed, 'fix', 'fixes')} in {count(result.fixed_files, 'file')}.")
    files = count(result.report.stats.files, "file")
    total = len(result.report.findings)
    if not total and not result.report.projects:
        parts.append(
            terminal.style("No Django project was found here; `djguide doctor` tells more.", fg="yellow")
        )
        return " ".join(parts)
    if not total:
        new = "new " if result.report.known else ""
        where = f"what changed ({files} read)" if result.changed else files
        parts.append(terminal.style(f"No {new}findings in {where}.", fg="green"))
        return " ".join(parts)
    by_severity = result.counts_by_severity()
    kinds = [
        terminal.style(
            count(by_severity[severity], severity.value, _PLURALS.get(severity)), fg=COLOURS[severity]
        )
        for severity in Severity
        if severity in by_severity
    ]
    noun = "new finding" if result.report.known else "finding"
    where = f"what changed, {files} read" if result.changed else f"{files} checked"
    parts.append(f"{count(total, noun)} ({', '.join(kinds)}) in {where}.")
    by_safety = result.counts_by_safety()
    if safe := by_safety.get(Safety.SAFE):
        parts.append(f"{safe} fixable with --fix.")
    if review := by_safety.get(Safety.REVIEW):
        parts.append(f"{review} with a fix to review.")
    return " ".join(parts)


def count(number: int, noun: str, plural: str | None = None) -> str:
    """`number` with `noun` in the right form."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def _one_line(text: str) -> str:
    return clean(" ".join(text.split()))
