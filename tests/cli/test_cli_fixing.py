"""Rounds of fixes, on findings that are made by hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from djguide_analyzers.engine.report import Problem, Report, Stats
from djguide_analyzers.rules.finding import Confidence, Finding, Fix, Place, Safety, Severity
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position, Range
from djguide_server.cli.fixing import Buffers, Disk, Outcome, apply_fixes, unified_diff


class Memory:
    """Texts by path, and the findings that a function makes of them."""

    def __init__(self, texts: dict[str, str], find: Callable[[dict[str, str]], list[Finding]]) -> None:
        self.texts = texts
        self._find = find

    def text(self, path: str) -> str | None:
        return self.texts.get(path)

    def set_text(self, path: str, text: str) -> None:
        self.texts[path] = text

    def changed_on_disk(self, paths: Iterable[str]) -> None:
        for path in paths:
            self.texts[path] = Path(path).read_text()

    def check(self) -> Report:
        problems = [
            Problem("syntax", "broken", Place(path, span(0, 0)))
            for path, text in self.texts.items()
            if "((" in text
        ]
        return Report([], self._find(self.texts), problems, Stats())

    def fixed(self) -> Outcome:
        return apply_fixes(self, self.check, lambda path: True, Buffers(self))


def span(start: int, end: int) -> Range:
    return Range(Position(0, start), Position(0, end))


def finding(*edits: Edit, safety: Safety = Safety.SAFE) -> Finding:
    place = Place(edits[0].path, edits[0].range)
    fix = Fix("Fix it", safety, edits)
    return Finding("code", "practice", Severity.WARNING, Confidence.PROVEN, "Message", place, fixes=(fix,))


def once(*findings: Finding) -> Callable[[dict[str, str]], list[Finding]]:
    """Findings that are gone after the first check."""
    reports = iter([list(findings)])
    return lambda texts: next(reports, [])


def test_an_edit_that_two_fixes_share_is_made_once() -> None:
    shared = Edit("/a.py", span(0, 0), "import x\n")
    memory = Memory(
        {"/a.py": "a b\n"},
        once(
            finding(shared, Edit("/a.py", span(2, 3), "B")),
            finding(shared, Edit("/b.py", span(0, 1), "C")),
        ),
    )
    memory.texts["/b.py"] = "c\n"
    outcome = memory.fixed()
    assert memory.texts == {"/a.py": "import x\na B\n", "/b.py": "C\n"}
    assert outcome.fixed == 2 and sorted(outcome.changes) == ["/a.py", "/b.py"]


def test_fixes_that_conflict_take_turns() -> None:
    def find(texts: dict[str, str]) -> list[Finding]:
        text = texts["/a.py"]
        found = []
        if "xy" in text:
            at = text.index("xy")
            found.append(finding(Edit("/a.py", span(at, at + 2), "XY")))
        if "yz" in text:
            at = text.index("yz")
            found.append(finding(Edit("/a.py", span(at, at + 2), "YZ")))
        return found

    memory = Memory({"/a.py": "xyz yz\n"}, find)
    assert memory.fixed().fixed == 2
    assert memory.texts["/a.py"] == "XYz YZ\n"


def test_only_safe_fixes_are_applied() -> None:
    edit = Edit("/a.py", span(0, 1), "b")
    memory = Memory({"/a.py": "a\n"}, lambda texts: [finding(edit, safety=Safety.REVIEW)])
    outcome = memory.fixed()
    assert memory.texts == {"/a.py": "a\n"} and outcome.fixed == 0 and not outcome.changes


def test_a_fix_with_overlapping_edits_is_our_mistake() -> None:
    bad = finding(Edit("/a.py", span(0, 2), "x"), Edit("/a.py", span(1, 3), "y"))
    outcome = Memory({"/a.py": "abc\n"}, lambda texts: [bad]).fixed()
    assert [(problem.kind, problem.message) for problem in outcome.problems] == [
        ("internal", "not fixed: a fix has edits that overlap")
    ]
    assert not outcome.changes


def test_a_fix_for_a_file_that_cannot_be_read() -> None:
    outcome = Memory({}, lambda texts: [finding(Edit("/a.py", span(0, 0), "x"))]).fixed()
    assert [problem.message for problem in outcome.problems] == ["not fixed: cannot be read"]


def test_a_round_that_breaks_a_file_is_taken_back_whole() -> None:
    def find(texts: dict[str, str]) -> list[Finding]:
        # One fix spans both files and breaks the second; the third file has nothing to do with it.
        found = [finding(Edit("/a.py", span(0, 1), "A"), Edit("/b.py", span(0, 1), "(("))]
        if texts["/c.py"] == "c\n":
            found.append(finding(Edit("/c.py", span(0, 1), "C")))
        return found

    memory = Memory({"/a.py": "a\n", "/b.py": "b\n", "/c.py": "c\n"}, find)
    outcome = memory.fixed()
    assert memory.texts == {"/a.py": "a\n", "/b.py": "b\n", "/c.py": "C\n"}
    assert outcome.changes == {"/c.py": ("c\n", "C\n")}
    assert outcome.fixed == 1
    assert [(problem.kind, problem.place and problem.place.path) for problem in outcome.problems] == [
        ("internal", "/b.py")
    ]


def test_a_file_that_was_broken_before_can_still_be_fixed() -> None:
    memory = Memory({"/a.py": "a ((\n"}, once(finding(Edit("/a.py", span(0, 1), "A"))))
    assert memory.fixed().changes == {"/a.py": ("a ((\n", "A ((\n")}


def test_a_read_only_file_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.py"
    path.write_text("a\n")
    # Permissions alone would not do: they do not hold for root, and replacing a file only needs its folder's.
    monkeypatch.setattr(os, "access", lambda file, mode: mode != os.W_OK)
    memory = Memory({path.as_posix(): "a\n"}, once(finding(Edit(path.as_posix(), span(0, 1), "A"))))
    outcome = apply_fixes(memory, memory.check, lambda path: True, Disk(memory))
    assert [problem.message for problem in outcome.problems] == ["not fixed: is read-only"]
    assert path.read_text() == "a\n"


def test_one_refused_file_holds_back_the_whole_fix(tmp_path: Path) -> None:
    kept, moved = tmp_path / "kept.py", tmp_path / "moved.py"
    kept.write_text("a\n")
    moved.write_text("changed\n")
    memory = Memory(
        {kept.as_posix(): "a\n", moved.as_posix(): "b\n"},
        once(finding(Edit(kept.as_posix(), span(0, 1), "A"), Edit(moved.as_posix(), span(0, 1), "B"))),
    )
    outcome = apply_fixes(memory, memory.check, lambda path: True, Disk(memory))
    assert kept.read_text() == "a\n" and moved.read_text() == "changed\n"
    assert [problem.message for problem in outcome.problems] == ["not fixed: changed since it was read"]


def test_unified_diff_names_files_for_git_unless_they_are_absolute() -> None:
    changes = {"/p/b.py": ("x\n", "y\n"), "/q/a.py": ("x", "x\n")}
    diff = unified_diff(changes, lambda path: path.removeprefix("/p/"))
    assert diff == (
        "--- /q/a.py\n+++ /q/a.py\n@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+x\n"
        "--- a/b.py\n+++ b/b.py\n@@ -1 +1 @@\n-x\n+y\n"
    )
