from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cli_fakes import FakeEngine, FakeWorkspace, Run

from djguide_server.cli import files


def test_fix_applies_safe_fixes_only(project: Path, fake: FakeEngine, run: Run) -> None:
    views = project / "views.py"
    views.write_text("bad = 1\nugly = bad\n")
    answer = run("check", "--fix")
    assert views.read_text() == "good = 1\nugly = good\n"
    assert answer.status == 1
    assert answer.out.endswith(
        "Applied 2 fixes in 1 file. 1 finding (1 error) in 2 files checked. 1 with a fix to review.\n"
    )


def test_fix_repeats_until_nothing_safe_is_left(project: Path, fake: FakeEngine, run: Run) -> None:
    views = project / "views.py"
    views.write_text("x = 'bad bad bad'\n")  # the fake reports one a line, so each takes a round
    assert run("check", "--fix").out == "Applied 3 fixes in 1 file. No findings in 2 files.\n"


def test_fix_stops_after_five_rounds(project: Path, fake: FakeEngine, run: Run) -> None:
    (project / "views.py").write_text("x = '" + "bad " * 8 + "'\n")
    answer = run("check", "--fix")
    assert answer.status == 1
    assert (project / "views.py").read_text().count("bad") == 3
    assert len(fake.opened[0].checked) == 6


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"bad = 1\r\nx = 2\r\n", b"good = 1\r\nx = 2\r\n"),
        (b"\xef\xbb\xbfbad = 1\n", b"\xef\xbb\xbfgood = 1\n"),
        (
            "# coding: latin-1\nx = 'é bad'\n".encode("latin-1"),
            "# coding: latin-1\nx = 'é good'\n".encode("latin-1"),
        ),
        (b"bad = 1", b"good = 1"),
        (b"x = 1\x0c\nbad = 1\ry = 2\n", b"x = 1\x0c\ngood = 1\ry = 2\n"),
    ],
    ids=["crlf", "bom", "latin-1", "no-final-newline", "form-feed-and-cr"],
)
def test_fix_keeps_bytes_it_does_not_change(
    project: Path, fake: FakeEngine, run: Run, before: bytes, after: bytes
) -> None:
    (project / "views.py").write_bytes(before)
    run("check", "--fix")
    assert (project / "views.py").read_bytes() == after


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_fix_keeps_permissions_and_links(project: Path, tmp_path: Path, fake: FakeEngine, run: Run) -> None:
    target = project / "script.py"
    target.write_text("bad = 1\n")
    target.chmod(0o751)
    link = project / "views.py"
    link.symlink_to(target)
    assert run("check", "--fix").status == 0
    assert link.is_symlink() and target.read_text() == "good = 1\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o751
    assert sorted(path.name for path in project.iterdir()) == ["manage.py", "script.py", "views.py"]


def test_fix_refuses_a_file_that_changed_in_between(project: Path, fake: FakeEngine, run: Run) -> None:
    views = project / "views.py"
    views.write_text("bad = 1\n")
    (project / "other.py").write_text("bad = 2\n")

    def edit() -> None:
        views.write_text("bad = 1  # mine\n")

    def prepare(workspace: FakeWorkspace) -> None:
        # Analysis goes on seeing the old text, as if the editor had saved right after the check.
        workspace.buffers[views.as_posix()] = "bad = 1\n"
        workspace.before_write = edit

    fake.prepare = prepare
    answer = run("check", "--fix")
    assert views.read_text() == "bad = 1  # mine\n"
    assert (project / "other.py").read_text() == "good = 2\n"
    assert "views.py:1:1: unreadable: not fixed: changed since it was read" in answer.err
    assert answer.status == 1


def test_fix_takes_back_what_breaks_a_file(project: Path, fake: FakeEngine, run: Run) -> None:
    (project / "views.py").write_text("breaks = 1\n")
    (project / "other.py").write_text("bad = 2\n")
    answer = run("check", "--fix")
    assert (project / "views.py").read_text() == "breaks = 1\n"
    assert (project / "other.py").read_text() == "good = 2\n"
    assert answer.status == 2
    assert "not fixed: a fix would have broken it" in answer.err
    assert "Applied 1 fix in 1 file." in answer.out


def test_fix_leaves_files_outside_the_arguments_alone(project: Path, fake: FakeEngine, run: Run) -> None:
    for name in ("a.py", "b.py"):
        (project / name).write_text("bad = 1\n")
    run("check", "--fix", "a.py")
    assert (project / "a.py").read_text() == "good = 1\n"
    assert (project / "b.py").read_text() == "bad = 1\n"


def test_fix_with_json(project: Path, fake: FakeEngine, run: Run) -> None:
    (project / "views.py").write_text("bad = 1\nugly = 2\n")
    document = json.loads(run("check", "--fix", "--output-format", "json").out)
    assert [finding["code"] for finding in document["findings"]] == ["ugly-word"]
    assert document["stats"]["fixed"] == 1


def test_diff_writes_nothing_and_can_be_applied(project: Path, fake: FakeEngine, run: Run) -> None:
    views = project / "views.py"
    before = b"x = 'bad bad'\x0c\r\nugly = 2\r\nbad = 3"
    views.write_bytes(before)
    answer = run("check", "--diff")
    assert answer.status == 1
    assert views.read_bytes() == before
    assert "Would apply 3 fixes in 1 file." in answer.err
    assert answer.out.startswith("--- a/views.py\n+++ b/views.py\n@@")
    assert "\\ No newline at end of file\n" in answer.out
    subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "-"], input=answer.out.encode(), cwd=project, check=True
    )
    assert views.read_bytes() == b"x = 'good good'\x0c\r\nugly = 2\r\ngood = 3"


def test_diff_with_nothing_to_fix(project: Path, fake: FakeEngine, run: Run) -> None:
    assert run("check", "--diff") == (0, "", "Nothing to fix safely.\n")
    (project / "views.py").write_text("ugly = 1\n")
    assert run("check", "--diff").status == 1


def test_replacing_a_text_that_its_encoding_cannot_express(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes("# coding: latin-1\nx = 'é'\n".encode("latin-1"))
    text = path.read_text(encoding="latin-1")
    with pytest.raises(files.WriteRefused, match="cannot express"):
        files.replace_text(path.as_posix(), text, text.replace("é", "日"))
    assert path.read_text(encoding="latin-1") == text


def test_replacing_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(files.WriteRefused, match="cannot be read"):
        files.replace_text((tmp_path / "a.py").as_posix(), "", "x")


def test_a_failed_write_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.py"
    path.write_text("old\n")

    def fail(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(files.WriteRefused, match="No space left"):
        files.replace_text(path.as_posix(), "old\n", "new\n")
    assert path.read_text() == "old\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.py"]
