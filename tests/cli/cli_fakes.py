"""A stand-in for the analysis: findings come from words in the text, so that fixing has an effect.

``bad`` is a warning with a safe fix, ``ugly`` an error with a fix to review, ``slow`` an information whose
access is the next line that says ``used``; ``breaks`` has a safe fix that makes the file unparsable.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from djguide_analyzers.engine.report import BaselineUse, Problem, ProjectSummary, Report, Stats
from djguide_analyzers.rules.base import Rule
from djguide_analyzers.rules.finding import Confidence, Finding, Fix, Place, Related, Safety, Severity
from djguide_analyzers.source.decoding import decode
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import LineIndex, Position, Range


class Answer(NamedTuple):
    """What one run of ``djguide`` left behind."""

    status: int
    out: str
    err: str


Run = Callable[..., Answer]


class Entry(NamedTuple):
    code: str
    practice: str
    rule: Rule
    page_path: Path
    source: str = ""


RULES = [
    Entry("bad-word", "words", Rule("Bad words", Severity.WARNING, Safety.SAFE), Path("bad_word.md")),
    Entry(
        "ugly-word", "words", Rule("Ugly words", Severity.ERROR, Safety.REVIEW, django=">=5.0"), Path("u.md")
    ),
    Entry("slow-word", "speed", Rule("Slow words", Severity.INFO, default=False), Path("slow_word.md")),
    Entry("breaks-file", "speed", Rule("Fixes that break", Severity.HINT, Safety.SAFE), Path("b.md")),
]
PAGES = {entry.code: f"# {entry.code}\n\n{entry.rule.summary}: *avoid* them.\n" for entry in RULES}


class FakeWorkspace:
    """The part of `Workspace` that the command line uses."""

    def __init__(self, roots: Iterable[Path], **options: Any) -> None:
        self.roots = [Path(root) for root in roots]
        self.options = options
        self.buffers: dict[str, str] = {}
        self.checked: list[list[str] | None] = []
        self.extra_problems: list[Problem] = []
        self.known: set[str] = set()
        self.baselines: list[BaselineUse] = []
        self.before_write: Callable[[], None] = lambda: None
        self.model_graph: dict[str, object] = {"models": [], "unknown": []}
        self.doctor_facts: dict[str, object] = {}

    def text(self, path: str) -> str | None:
        if path in self.buffers:
            return self.buffers[path]
        try:
            return decode(Path(path).read_bytes()).text
        except OSError:
            return None

    def set_text(self, path: str, text: str) -> None:
        self.buffers[path] = text

    def shrunken_baseline(self, use: BaselineUse) -> None:
        return None

    def changed_on_disk(self, paths: Iterable[str]) -> None:
        for path in paths:
            self.buffers.pop(path, None)

    def check(self, paths: list[str] | None = None, *, progress: Any = None, cancelled: Any = None) -> Report:
        self.checked.append(paths)
        files = sorted(file.as_posix() for root in self.roots for file in root.rglob("*.py"))
        if paths is not None:
            files = [file for file in files if any(file == p or file.startswith(f"{p}/") for p in paths)]
        findings: list[Finding] = []
        problems = list(self.extra_problems)
        for number, file in enumerate(files, 1):
            if progress:
                progress("checking", number, len(files))
            text = self.text(file) or ""
            try:
                ast.parse(text)
            except SyntaxError as error:
                at = Position((error.lineno or 1) - 1, (error.offset or 1) - 1)
                problems.append(Problem("syntax", error.msg, Place(file, Range(at, at))))
            findings += findings_in(file, text)
        # What happens between a check and the writing of its fixes.
        self.before_write()
        stats = Stats(len(files), seconds=0.25, phases={"checking": 0.25})
        known = [finding for finding in findings if finding.fingerprint in self.known]
        findings = [finding for finding in findings if finding.fingerprint not in self.known]
        return Report(self.projects(), findings, problems, stats, known, self.baselines)

    def projects(self) -> list[ProjectSummary]:
        root = self.roots[0].as_posix()
        return [ProjectSummary(root, "shop.settings", "5.2", "uv.lock", None, ("shop",), 3)]

    def problems(self) -> list[Problem]:
        return self.extra_problems

    def models(self, path: str | None = None) -> dict[str, object]:
        return self.model_graph

    def doctor(self) -> dict[str, object]:
        return self.doctor_facts


def findings_in(path: str, text: str) -> list[Finding]:
    index = LineIndex(text)
    result: list[Finding] = []
    for number in range(index.line_count):
        line = index.line(number)
        for word, code in (("bad", 0), ("ugly", 1), ("slow", 2), ("breaks", 3)):
            if word in line:
                at = line.index(word)
                where = Range(Position(number, at), Position(number, at + len(word)))
                result.append(_finding(RULES[code], word, Place(path, where), index))
    return result


def _finding(entry: Entry, word: str, place: Place, index: LineIndex) -> Finding:
    texts = {"bad": "good", "ugly": "pretty", "breaks": "(("}
    fixes: tuple[Fix, ...] = ()
    if word in texts:
        edit = Edit(place.path, place.range, texts[word])
        safety = entry.rule.safety or Safety.MANUAL
        fixes = (Fix(f"Write `{texts[word]}`", safety, (edit,)),)
    else:
        fixes = (Fix("Think about it", Safety.MANUAL),)
    access = None
    data: dict[str, object] = {}
    if word == "slow":
        access = _used(place, index)
        if access:
            line = access.range.start.line + 1
            data = {"model": "shop.Order", "access": {"path": access.path, "line": line}, "owner": None}
    start = Range(Position(0, 0), Position(0, 1))
    related = (Related(f"`{word}` is declared here", Place(place.path, start)),)
    if access is not None:
        related += (Related("each row is read here", access),)
    return Finding(
        entry.code,
        entry.practice,
        entry.rule.severity,
        Confidence.LIKELY if word == "ugly" else Confidence.PROVEN,
        f"The word `{word}` is {word}",
        place,
        access,
        related,
        fixes,
        data,
        f"fp-{Path(place.path).name}-{entry.code}-{place.range.start.line + 1}",
    )


def _used(place: Place, index: LineIndex) -> Place | None:
    """The next line with ``used`` in the same file, else the first line of ``access.html`` beside it."""
    for number in range(place.range.start.line + 1, index.line_count):
        if "used" in index.line(number):
            at = index.line(number).index("used")
            return Place(place.path, Range(Position(number, at), Position(number, at + 4)))
    other = Path(place.path).with_name("access.html")
    return Place(other.as_posix(), Range(Position(0, 3), Position(0, 7))) if other.exists() else None


class FakeEngine:
    """Takes the place of `djguide_server.cli.engine`; remembers the workspaces it opened."""

    def __init__(self) -> None:
        self.opened: list[FakeWorkspace] = []
        self.prepare: Callable[[FakeWorkspace], None] = lambda workspace: None

    @contextmanager
    def open_workspace(self, roots: Iterable[Path], **options: Any) -> Iterator[FakeWorkspace]:
        workspace = FakeWorkspace(roots, **options)
        self.prepare(workspace)
        self.opened.append(workspace)
        yield workspace

    def all_rules(self) -> list[Entry]:
        return RULES

    def broken_rules(self) -> list[str]:
        return []

    def own_codes(self) -> dict[str, str]:
        return {"unused-word": "own"}

    def rule(self, code: str) -> Entry | None:
        return next((entry for entry in RULES if entry.code == code), None)

    def rule_page(self, code: str) -> str:
        return PAGES[code]
