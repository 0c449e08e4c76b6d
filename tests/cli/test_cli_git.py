"""``check --changed``: what counts as changed, and that a repository cannot make git run anything."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cli_fakes import FakeEngine, Run

from djguide_server.cli.git import Changes, GitError, Repository

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")

IDENTITY = {
    "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
}  # fmt: skip


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=os.environ | IDENTITY, capture_output=True, text=True, check=True
    )
    return done.stdout


def commit(folder: Path, message: str = "x") -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--no-verify", "-m", message)


@pytest.fixture
def repository(project: Path) -> Path:
    git(project, "init", "-q", "-b", "main")
    (project / ".gitignore").write_text("ignored.py\n")
    for name in ("same.py", "edited.py", "sub/deep.py"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text("x = 1\n")
    commit(project)
    return project


def changed(folder: Path, since: str | None = None) -> set[str]:
    changes = Changes([folder], since)
    files = (path for path in folder.rglob("*.py"))
    return {path.relative_to(folder).as_posix() for path in files if changes(path.as_posix())}


def test_edited_staged_and_new_files_changed(repository: Path) -> None:
    assert changed(repository) == set()
    (repository / "edited.py").write_text("x = 2\n")
    (repository / "new ä.py").write_text("x = 1\n")
    (repository / "staged.py").write_text("x = 1\n")
    (repository / "ignored.py").write_text("x = 1\n")
    git(repository, "add", "staged.py")
    (repository / "same.py").touch()
    assert changed(repository) == {"edited.py", "new ä.py", "staged.py"}


def test_since_is_what_the_branch_did(repository: Path) -> None:
    git(repository, "checkout", "-q", "-b", "topic")
    (repository / "sub" / "deep.py").write_text("x = 3\n")
    commit(repository)
    git(repository, "checkout", "-q", "main")
    (repository / "edited.py").write_text("x = 4\n")
    commit(repository)
    git(repository, "checkout", "-q", "topic")
    assert changed(repository) == set()
    assert changed(repository, "main") == {"sub/deep.py"}
    assert changed(repository / "sub", "main") == {"deep.py"}


def test_line_ends_that_git_converts_are_no_change(repository: Path) -> None:
    (repository / "same.py").write_bytes(b"x = 1\r\n")
    assert changed(repository) == set()


def test_without_any_commit_everything_is_new(project: Path) -> None:
    git(project, "init", "-q")
    assert changed(project) == {"manage.py"}


def test_a_hook_that_starts_djguide_does_not_confuse_it(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "edited.py").write_text("x = 2\n")
    monkeypatch.setenv("GIT_DIR", (tmp_path / "elsewhere").as_posix())
    monkeypatch.setenv("GIT_INDEX_FILE", (tmp_path / "index").as_posix())
    assert changed(repository) == {"edited.py"}


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_configuration_in_variables_counts_but_turns_nothing_on(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "monitor.sh"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    script.chmod(0o755)
    excluded = tmp_path / "excluded"
    excluded.write_text("new.py\n")
    settings = {"core.fsmonitor": script.as_posix(), "core.excludesFile": excluded.as_posix()}
    monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(settings)))
    for number, (key, value) in enumerate(settings.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    (repository / "new.py").write_text("x = 1\n")
    (repository / "edited.py").write_text("x = 2\n")
    assert changed(repository) == {"edited.py"}
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("since", ["nowhere", "--output=x", "", "main..topic"])
def test_a_revision_that_is_none(repository: Path, since: str) -> None:
    with pytest.raises(GitError, match="no revision"):
        Repository(repository, since)


def test_no_repository(project: Path, fake: FakeEngine, run: Run) -> None:
    answer = run("check", "--changed")
    assert answer.status == 2
    assert "is not in a git repository." in answer.err
    assert fake.opened == []


def test_no_git(project: Path, monkeypatch: pytest.MonkeyPatch, fake: FakeEngine, run: Run) -> None:
    monkeypatch.setenv("PATH", (project / "empty").as_posix())
    answer = run("check", "--changed")
    assert answer.status == 2 and "there is no git on this machine" in answer.err


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_a_git_of_the_projects_own_is_not_run(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = project / "git"
    own.write_text("#!/bin/sh\ntouch ran\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", project.as_posix(), prepend=os.pathsep)
    with pytest.raises(GitError, match="lies in the project"):
        Changes([project])
    assert not (project / "ran").exists()


def test_findings_with_an_end_in_a_changed_file(repository: Path, fake: FakeEngine, run: Run) -> None:
    (repository / "same.py").write_text("bad = 1\nslow = 1\n")
    (repository / "edited.py").write_text("bad = 1\n")
    (repository / "access.html").write_text("{{ used }}\n")
    commit(repository)
    assert run("check", "--changed").out.startswith("No findings in what changed (4 files read).")
    (repository / "edited.py").write_text("bad = 2\n")
    assert "1 finding (1 warning)" in run("check", "--changed").out
    # The rows of `slow` in same.py are read in the template.
    (repository / "access.html").write_text("{{ used }} \n")
    out = run("check", "--changed").out
    assert "2 findings (1 warning, 1 info) in what changed, 4 files read." in out and "slow-word" in out
    assert "3 findings" in run("check").out


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_a_repository_makes_git_run_nothing(repository: Path, tmp_path: Path) -> None:
    """Its configuration names programs wherever git would run one."""
    marker = tmp_path / "ran"
    script = tmp_path / "trap.sh"
    script.write_text(f'#!/bin/sh\necho "$0 $@" >> {marker}\ncat\n')
    script.chmod(0o755)
    trap = script.as_posix()
    for key in (
        "core.fsmonitor", "core.pager", "core.sshCommand", "core.editor", "diff.external", "diff.x.textconv",
        "diff.x.command", "filter.x.clean", "filter.x.smudge", "filter.x.process", "credential.helper",
        "alias.ls-tree", "alias.ls-files", "gpg.program", "core.gitProxy", "core.askPass",
    ):  # fmt: skip
        git(repository, "config", key, trap)
    (repository / ".git" / "hooks").mkdir(exist_ok=True)
    for hook in ("post-index-change", "fsmonitor-watchman", "pre-commit", "reference-transaction"):
        (repository / ".git" / "hooks" / hook).symlink_to(script)
    (repository / ".gitattributes").write_text("*.py filter=x diff=x\n")
    (repository / "edited.py").write_text("x = 5\n")
    (repository / "same.py").touch()
    assert changed(repository, "main") == {"edited.py"}
    assert not marker.exists(), marker.read_text()
    # The traps are real: git itself falls into them.
    subprocess.run(
        ["git", "status"], cwd=repository, env=os.environ | IDENTITY, capture_output=True, check=False
    )
    assert marker.exists()
