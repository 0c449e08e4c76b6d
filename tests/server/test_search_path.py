"""The current folder on the module search path."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from lsp_client import REPOSITORY

from djguide_server.search_path import leave_current_folder


@pytest.fixture
def search_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The search path, to be changed at will, in a folder that is not on it."""
    (tmp_path / "here").mkdir()
    (tmp_path / "link").symlink_to("here")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    return sys.path


@pytest.mark.parametrize("entry", ["", ".", "HERE", "HERE/", "LINK", "HERE/../here"])
def test_the_current_folder_goes_however_it_is_spelled(
    search_path: list[str], tmp_path: Path, entry: str
) -> None:
    kept = list(search_path)
    spelled = entry.replace("HERE", str(tmp_path / "here")).replace("LINK", str(tmp_path / "link"))
    search_path.insert(0, spelled)
    search_path.append(spelled)
    leave_current_folder()
    assert search_path == kept


@pytest.mark.parametrize("name", ["djguide_server", "djguide_analyzers"])
def test_a_folder_that_holds_djguide_stays(search_path: list[str], tmp_path: Path, name: str) -> None:
    (tmp_path / "here" / name).mkdir()
    search_path.insert(0, str(tmp_path / "here"))
    leave_current_folder()
    assert search_path[0] == str(tmp_path / "here")


def test_a_folder_that_is_gone(search_path: list[str], tmp_path: Path) -> None:
    (tmp_path / "here").rmdir()
    leave_current_folder()
    assert search_path == [str(tmp_path)]


@pytest.mark.parametrize("folder", ["server", "analyzers"])
def test_running_from_the_folders_of_the_source(folder: str) -> None:
    roots = os.pathsep.join(str(REPOSITORY / name) for name in ("server", "analyzers"))
    for variables in ({"PYTHONPATH": roots}, {"PYTHONPATH": f".{os.pathsep}{roots}"}):
        done = subprocess.run(
            [sys.executable, "-m", "djguide_server", "rules", "--format", "json"],
            cwd=REPOSITORY / folder,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
