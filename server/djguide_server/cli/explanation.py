"""How ``djguide explain`` tells what it knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from msgspec import structs

from djguide_analyzers.rules.finding import Finding, Place
from djguide_server.cli import engine
from djguide_server.cli.formats.json import dumps, finding_value, place_value
from djguide_server.cli.formats.text import finding_lines
from djguide_server.cli.frames import Mark, code_frame
from djguide_server.cli.result import CheckResult
from djguide_server.cli.streams import Terminal, clean
from djguide_server.cli.targets import Targets
from djguide_server.cli.wrapping import wrapped

if TYPE_CHECKING:
    from djguide_analyzers.engine.explaining import Explanation, Note

_SECTION = re.compile(r"^## (?P<title>.+)\n(?P<text>(?:(?!## ).*\n?)*)", re.MULTILINE)
_TOLD = ("Why", "When not to follow it")
_MARGIN = 2


def as_text(explanation: Explanation, result: CheckResult, terminal: Terminal) -> str:
    """The explanation for people."""
    lines: list[str] = []
    for finding in explanation.findings:
        lines += [*_finding(finding, result, terminal), ""]
    if explanation.hidden:
        lines += [terminal.style("Found and not told", bold=True), ""]
        for finding, reason in explanation.hidden:
            head = f"  {clean(finding.code)}  "
            lines += wrapped(head, f"{clean(finding.message)}: {reason}.", terminal, margin=0)
        lines.append("")
    if explanation.notes:
        lines += [terminal.style("What is known of this line", bold=True), ""]
        for note in explanation.notes:
            lines += _note(note, result, terminal)
        lines.append("")
    if not lines:
        lines = [
            "Nothing is found here, and nothing is known of querysets, rows or queries on this line.",
            "",
        ]
    elif not explanation.findings:
        lines = ["Nothing is found here.", "", *lines]
    return "\n".join(lines[:-1]) + "\n"


def as_json(explanation: Explanation, targets: Targets) -> str:
    """The explanation for programs; places and findings are those of ``check --output-format json``."""
    hidden = [{**finding_value(found, targets), "reason": reason} for found, reason in explanation.hidden]
    notes = [
        {
            "message": note.message,
            **place_value(note.place, targets),
            "origin": [{"message": text, **place_value(place, targets)} for text, place in note.origin],
        }
        for note in explanation.notes
    ]
    document: dict[str, Any] = {
        "version": 1,
        "findings": [finding_value(finding, targets) for finding in explanation.findings],
        "hidden": hidden,
        "notes": notes,
    }
    return dumps(document)


def _finding(finding: Finding, result: CheckResult, terminal: Terminal) -> Iterator[str]:
    """One finding as `check` tells it, then its evidence with the code of each step, then what its page says."""
    # The steps of the evidence follow, with their code.
    elsewhere = finding.access is not None and finding.access.path != finding.place.path
    bare = structs.replace(finding, related=(), access=None if elsewhere else finding.access)
    yield from finding_lines(bare, result, terminal)
    if finding.known:
        yield terminal.style("  The baseline holds it: `check` does not tell it.", dim=True)
    if finding.related:
        yield ""
        yield terminal.style("  The evidence, step by step", bold=True)
        steps = [(message, place) for message, place in finding.related]
        yield from (f"  {line}" for line in _steps(steps, result, terminal))
    if engine.rule(finding.code) is None:
        return
    page = engine.rule_page(finding.code)
    for match in _SECTION.finditer(page):
        if match["title"] in _TOLD:
            yield ""
            yield terminal.style(f"  {match['title']}", bold=True)
            for paragraph in match["text"].strip().split("\n\n"):
                yield from wrapped("    ", " ".join(paragraph.split()), terminal, margin=0)
    yield ""
    yield f"  The whole page: djguide rule {finding.code}"


def _steps(steps: Iterable[tuple[str, Place]], result: CheckResult, terminal: Terminal) -> Iterator[str]:
    for number, (message, place) in enumerate(steps, 1):
        start = place.range.start
        where = clean(f"{result.targets.display(place.path)}:{start.line + 1}:{start.column + 1}")
        head = f"{number}. {terminal.style(where, fg='blue')}  "
        yield from wrapped(head, clean(message), terminal, margin=_MARGIN)
        index = result.texts[place.path]
        if index is not None:
            yield from (
                f"   {line}" for line in code_frame(index, [Mark(place.range, primary=False)], terminal)
            )


def _note(note: Note, result: CheckResult, terminal: Terminal) -> Iterator[str]:
    index = result.texts[note.place.path]
    code = " ".join(index.slice(note.place.range).split()) if index is not None else ""
    shown = code if len(code) <= 50 else f"{code[:49]}…"
    start = note.place.range.start
    head = f"  {start.line + 1}:{start.column + 1}  {terminal.style(clean(shown), fg='blue')}  "
    yield from wrapped(head, clean(note.message), terminal, margin=0)
    for message, place in note.origin:
        at = place.range.start
        where = clean(f"{result.targets.display(place.path)}:{at.line + 1}:{at.column + 1}")
        yield from wrapped(f"      {terminal.style(where, fg='blue')}  ", clean(message), terminal, margin=0)
