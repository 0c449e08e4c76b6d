from __future__ import annotations

from pathlib import Path

import pytest
from cli_fakes import FakeEngine, Run

from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import LineIndex, Position, Range
from djguide_server.cli import streams
from djguide_server.cli.frames import DiffLine, Mark, code_frame, edit_diff
from djguide_server.cli.streams import Terminal, clean


def span(line: int, start: int, end: int) -> Range:
    return Range(Position(line, start), Position(line, end))


def test_finding_with_frame_evidence_and_fix(project: Path, fake: FakeEngine, run: Run) -> None:
    (project / "views.py").write_text("import os\nvalue = bad + 1\n")
    assert (
        run("check").out
        == """\
views.py

  2:9  warning  The word `bad` is bad  [bad-word]
    2 │ value = bad + 1
      │         ^^^
    views.py:1:1  `bad` is declared here
    fix (safe): Write `good`
      - value = bad + 1
      + value = good + 1

1 finding (1 warning) in 2 files checked. 1 fixable with --fix.
"""
    )


def test_findings_are_grouped_by_file_and_counted(project: Path, fake: FakeEngine, run: Run) -> None:
    (project / "a.py").write_text("bad = 1\nugly = 2\n")
    (project / "b.py").write_text("bad = 1\n")
    answer = run("check").out
    assert [line for line in answer.split("\n") if line.endswith(".py")] == ["a.py", "b.py"]
    assert "error (likely)  The word `ugly`" in answer
    assert answer.endswith(
        "3 findings (1 error, 2 warnings) in 3 files checked. 2 fixable with --fix. 1 with a fix to review.\n"
    )


def test_owner_and_access_in_one_frame(project: Path, fake: FakeEngine, run: Run) -> None:
    (project / "views.py").write_text("slow = 1\nother = 2\nx = used = 3\n")
    assert (
        """\
  3:5  info  The word `slow` is slow  [slow-word]
    1 │ slow = 1
      │ ----
      ⋮
    3 │ x = used = 3
      │     ^^^^
"""
        in run("check").out
    )


def test_access_in_another_file_has_its_own_frame(project: Path, fake: FakeEngine, run: Run) -> None:
    (project / "views.py").write_text("import os\nslow = 1\n")
    (project / "access.html").write_text("{{ used }}\n")
    assert (
        """\
  2:1  info  The word `slow` is slow  [slow-word]
    2 │ slow = 1
      │ ^^^^
    access.html:1:4  each row is read here
    1 │ {{ used }}
      │    ^^^^
    views.py:1:1  `slow` is declared here
    fix (manual): Think about it
"""
        in run("check").out
    )


def test_no_colour_when_piped(project: Path, fake: FakeEngine, run: Run) -> None:
    (project / "views.py").write_text("bad = 1\n")
    assert "\x1b" not in run("check").out


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "0"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, False),
    ],
)
def test_colour_on_request(
    project: Path,
    fake: FakeEngine,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    expected: bool,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (project / "views.py").write_text("bad = 1\n")
    assert ("\x1b[" in run("check").out) is expected


class _Screen:
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "expected"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colour_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: bool
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    terminal = streams.terminal_of(_Screen())  # pyright: ignore[reportArgumentType]
    assert terminal.interactive and terminal.colour is expected


def test_text_from_files_cannot_steer_the_terminal(project: Path, fake: FakeEngine, run: Run) -> None:
    (project / "views.py").write_text("x = 'bad \x1b[2J\u202e\x07'\n", encoding="utf-8")
    answer = run("check").out
    assert "\x1b" not in answer and "\u202e" not in answer and "\x07" not in answer
    assert "x = 'bad \ufffd[2J\ufffd\ufffd'" in answer


def test_clean_keeps_ordinary_text() -> None:
    text = "déjà vu\t日本\n"
    assert clean(text) == text


def test_frame_counts_cells_not_characters() -> None:
    frame = code_frame(LineIndex("\t日本 = bad\n"), [Mark(span(0, 6, 9), primary=True)], Terminal(width=80))
    assert frame == ["1 │     日本 = bad", "  │            ^^^"]


def test_frame_of_a_long_line_shows_the_mark() -> None:
    line = "x = '" + "a" * 5000 + "' + bad + '" + "b" * 5000 + "'"
    column = line.index("bad")
    frame = code_frame(LineIndex(line), [Mark(span(0, column, column + 3), primary=True)], Terminal(width=80))
    assert all(len(row) <= 80 for row in frame)
    assert frame[0][frame[1].index("^") :].startswith("bad")
    assert frame[1].count("^") == 3


def test_frame_of_a_range_over_lines_marks_the_first() -> None:
    where = Range(Position(0, 4), Position(2, 1))
    frame = code_frame(LineIndex("x = foo(  \n    1,\n)\n"), [Mark(where, primary=True)], Terminal())
    assert frame == ["1 │ x = foo(", "  │     ^^^^"]


def test_frame_of_a_line_that_is_gone_is_empty() -> None:
    assert code_frame(LineIndex("x\n"), [Mark(span(7, 0, 1), primary=True)], Terminal()) == []


def test_diff_of_an_inserted_line_shows_only_that_line() -> None:
    edit = Edit("/a.py", span(1, 0, 0), "import json\n")
    assert edit_diff(LineIndex("import os\nimport sys\n"), [edit]) == [DiffLine("+", "import json")]


def test_diff_of_a_deleted_line_shows_only_that_line() -> None:
    edit = Edit("/a.py", Range(Position(1, 0), Position(2, 0)), "")
    assert edit_diff(LineIndex("a\r\nb\r\nc\r\n"), [edit]) == [DiffLine("-", "b")]


def test_diff_of_edits_far_apart() -> None:
    text = "a\nb\nc\nd\ne\n"
    edits = [Edit("/a.py", span(4, 0, 1), "E"), Edit("/a.py", span(0, 0, 1), "A")]
    assert [line.sign + line.text for line in edit_diff(LineIndex(text), edits)] == [
        "-a",
        "+A",
        " ⋮",
        "-e",
        "+E",
    ]


def test_messages_are_broken_at_the_width_of_the_terminal(
    project: Path, fake: FakeEngine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "views.py").write_text("import os\nvalue = bad + 1\n")
    monkeypatch.setattr(streams, "terminal_of", lambda stream: Terminal(interactive=True, width=42))
    assert (
        """\
  2:9  warning  The word `bad` is bad
                [bad-word]
    2 │ value = bad + 1
      │         ^^^
    views.py:1:1  `bad` is declared here
    fix (safe): Write `good`
"""
        in run("check").out
    )
