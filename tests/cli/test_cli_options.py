"""The options of ``check`` that say what is told, and how, and where the text comes from."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_fakes import Answer, FakeEngine, FakeWorkspace, Run

from djguide_analyzers.engine.baseline import Entry
from djguide_analyzers.engine.report import BaselineUse
from djguide_server.cli import watching

Stdin = Callable[[bytes], None]


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Stdin:
    """Let standard input hold some bytes."""

    def put(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return put


def codes(answer: Answer) -> list[str]:
    return [finding["code"] for finding in json.loads(answer.out)["findings"]]


def found(run: Run, *arguments: object) -> list[str]:
    return codes(run("check", "--output-format", "json", *arguments))


@pytest.fixture
def views(project: Path, fake: FakeEngine) -> Path:
    path = project / "views.py"
    path.write_text("bad = 1\nugly = 2\nslow = 3\n")
    return path


# --- what is told ----------------------------------------------------------------------------------------


def test_severity_is_the_lowest_that_is_told(views: Path, run: Run) -> None:
    assert found(run, "--severity", "error") == ["ugly-word"]
    assert found(run, "--severity", "warning") == ["bad-word", "ugly-word"]
    assert len(found(run, "--severity", "hint")) == len(found(run)) == 3
    views.write_text("slow = 1\n")
    assert run("check", "--severity", "warning").status == 0


def test_practices(views: Path, run: Run) -> None:
    assert found(run, "--practice", "speed") == ["slow-word"]
    assert found(run, "--practice", "speed,words", "--practice", "own") == [
        "bad-word",
        "ugly-word",
        "slow-word",
    ]


def test_only_what_is_told_is_fixed(views: Path, run: Run) -> None:
    run("check", "--fix", "--severity", "error")
    assert views.read_text().startswith("bad")
    run("check", "--fix", "--severity", "warning")
    assert views.read_text().startswith("good")


def test_review_applies_both_classes(views: Path, run: Run) -> None:
    assert "+pretty" not in run("check", "--diff").out
    assert "+pretty" in run("check", "--diff", "--review").out
    answer = run("check", "--fix", "--review")
    assert views.read_text() == "good = 1\npretty = 2\nslow = 3\n"
    assert answer.out.splitlines()[-1].startswith("Applied 2 fixes in 1 file. 1 finding (1 info)")


def test_grouping(project: Path, views: Path, run: Run) -> None:
    (project / "admin.py").write_text("bad = 1\n")

    def headings(*arguments: str) -> list[str]:
        return [line for line in run("check", *arguments).out.splitlines() if line and line[0] != " "]

    assert headings()[:2] == ["admin.py", "views.py"]
    assert headings("--group-by", "practice")[:2] == ["speed", "words"]
    assert headings("--group-by", "rule")[:3] == ["bad-word", "slow-word", "ugly-word"]
    assert "  admin.py:1:1  warning  " in run("check", "--group-by", "rule").out


def test_the_summary_tells_practices(views: Path, run: Run) -> None:
    views.write_text("bad = 1\nbad = 2\nugly = 2\nslow = 3\n")
    lines = run("check").out.splitlines()
    assert lines[-4:-1] == ["words  3  bad-word 2, ugly-word", "speed  1  slow-word", ""]
    assert not any(line.startswith("words") for line in run("check", "--statistics").out.splitlines())


# --- the baseline ----------------------------------------------------------------------------------------


def accepted(fake: FakeEngine, project: Path, *gone: Entry) -> None:
    def prepare(workspace: FakeWorkspace) -> None:
        workspace.known = {"fp-views.py-bad-word-1"}
        workspace.baselines = [BaselineUse(project / "known.json", gone)]

    fake.prepare = prepare


def test_known_findings_are_counted_and_not_shown(
    views: Path, project: Path, fake: FakeEngine, run: Run
) -> None:
    accepted(fake, project)
    answer = run("check")
    assert "bad-word" not in answer.out
    assert answer.out.splitlines()[-2].startswith("2 new findings (1 error, 1 info) in 2 files checked.")
    assert answer.out.splitlines()[-1] == "1 known finding not shown: see known.json."
    assert found(run) == ["ugly-word", "slow-word"]
    views.write_text("bad = 1\n")
    answer = run("check")
    assert answer.status == 0 and answer.out.startswith("No new findings in 2 files.\n")


def test_no_baseline_shows_them(views: Path, project: Path, fake: FakeEngine, run: Run) -> None:
    accepted(fake, project)
    assert found(run, "--no-baseline") == ["bad-word", "ugly-word", "slow-word"]


def test_entries_that_are_gone(views: Path, project: Path, fake: FakeEngine, run: Run) -> None:
    accepted(fake, project, Entry("views.py", "bad-word", "", "bad", "abc", 2))
    last = run("check").out.splitlines()[-1]
    assert last == "2 findings of the baseline no longer occur: `djguide baseline --prune` removes them."
    stats = json.loads(run("check", "--output-format", "json").out)["stats"]
    assert stats["known"] == 1
    assert stats["baselines"][0]["path"] == "known.json"
    assert stats["baselines"][0]["gone"][0]["count"] == 2
    # Rules that did not run found nothing.
    for arguments in (["--select", "ugly-word"], ["--ignore", "bad-word"]):
        assert "no longer" not in run("check", *arguments).out


# --- standard input --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dash", [[], ["-"]])
def test_standard_input_stands_for_a_file(
    views: Path, project: Path, run: Run, stdin: Stdin, dash: list[str]
) -> None:
    (project / "other.py").write_text("bad = 1\n")
    stdin(b"ugly = 1\n")
    answer = run("check", "--stdin-filename", "views.py", "--output-format", "json", *dash)
    assert codes(answer) == ["ugly-word"] and answer.status == 1
    assert views.read_text().startswith("bad")


def test_a_file_that_does_not_exist_yet(project: Path, fake: FakeEngine, run: Run, stdin: Stdin) -> None:
    fake.prepare = lambda workspace: (project / "new.py").touch()  # the fake lists only files that exist
    stdin(b"bad = 1\n")
    assert "new.py" in run("check", "--stdin-filename", "new.py").out


def test_fixed_standard_input_goes_to_standard_output(views: Path, run: Run, stdin: Stdin) -> None:
    data = "\ufeffx = 'é bad'\r\nugly = 1\r\n".encode()
    stdin(data)
    answer = run("check", "--stdin-filename", "views.py", "--fix")
    assert answer.out.encode() == data.replace(b"bad", b"good")
    assert answer.status == 1 and "1 finding (1 error)" in answer.err
    assert views.read_text() == "bad = 1\nugly = 2\nslow = 3\n"


def test_diff_of_standard_input(views: Path, run: Run, stdin: Stdin) -> None:
    stdin(b"bad = 1\n")
    answer = run("check", "--stdin-filename", "views.py", "--diff")
    assert answer.out.splitlines()[-2:] == ["-bad = 1", "+good = 1"]


def test_standard_input_that_is_no_text(views: Path, run: Run, stdin: Stdin) -> None:
    stdin(b"# coding: utf-8\nx = '\xff'\n")
    answer = run("check", "--stdin-filename", "views.py")
    assert answer.status == 2 and "standard input: " in answer.err


# --- watching --------------------------------------------------------------------------------------------


def test_watch_checks_again_what_changed(
    views: Path, project: Path, run: Run, monkeypatch: pytest.MonkeyPatch, fake: FakeEngine
) -> None:
    rounds: list[Callable[[], Any]] = [lambda: None, lambda: views.write_text("ugly = 100\n")]
    told: list[list[str]] = []

    def prepare(workspace: FakeWorkspace) -> None:
        monkeypatch.setattr(workspace, "changed_on_disk", lambda paths: told.append(list(paths)))

    def sleep(seconds: float) -> None:
        if not rounds:
            raise KeyboardInterrupt
        rounds.pop(0)()

    fake.prepare = prepare
    monkeypatch.setattr(watching.time, "sleep", sleep)
    answer = run("check", "--watch")
    assert answer.status == 0
    assert told == [[views.as_posix()]]
    assert answer.out.count("Waiting for changes") == 2
    first, second = answer.out.split("Waiting for changes")[:2]
    assert "bad-word" in first and "bad-word" not in second


def test_what_is_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "a.py",
        "b.html",
        "c.png",
        ".git/d.py",
        "node_modules/e.py",
        "env/pyvenv.cfg",
        "env/f.py",
        "x/g.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    seen = {Path(path).relative_to(tmp_path).as_posix() for path in watching.state_of([tmp_path])}
    assert seen == {"a.py", "b.html", "x/g.py"}
    before = watching.state_of([tmp_path])
    (tmp_path / "a.py").unlink()
    (tmp_path / "x" / "new.py").touch()
    monkeypatch.setattr(watching.time, "sleep", lambda seconds: None)
    _, changed = watching.wait_for_change([tmp_path], before)
    assert changed == [(tmp_path / "a.py").as_posix(), (tmp_path / "x" / "new.py").as_posix()]
