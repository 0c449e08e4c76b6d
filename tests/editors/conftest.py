"""Real editors against the real server: run with ``pytest tests/editors --editors DIR``.

DIR is the folder that ``install.sh`` filled. Without the option the tests are deselected; with it a missing
program is a failure, not a skip.
"""

from __future__ import annotations

import os
import shutil
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from editor_processes import MARK, remaining_processes
from editor_programs import Editors
from ground_truth import Repair, find_repairs

SHOP = Path(__file__).resolve().parents[1] / "projects" / "shop"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--editors", metavar="DIR", type=Path, help="run the editor tests with the editors in DIR"
    )
    parser.addoption(
        "--djguide", metavar="PROGRAM", type=Path, help="the djguide to test; default: this Python's"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # A run that does not name this folder reads this file too late to know the option.
    if config.getoption("editors", None) is not None:
        return
    deselected = [item for item in items if item.get_closest_marker("editor")]
    config.hook.pytest_deselected(items=deselected)
    items[:] = [item for item in items if item not in deselected]


@pytest.fixture(scope="session")
def editors(pytestconfig: pytest.Config) -> Editors:
    folder = pytestconfig.getoption("editors")
    assert folder is not None, "an editor test was selected without --editors"
    return Editors(folder)


@pytest.fixture(scope="session")
def djguide(pytestconfig: pytest.Config) -> Path:
    """The program under test, as users run it."""
    program: Path = pytestconfig.getoption("djguide") or Path(sys.executable).with_name("djguide")
    if not program.exists():
        pytest.fail(f"{program} is missing: install djguide into this environment, or name it with --djguide")
    return program.absolute()


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A fresh copy of the shop project, to be edited."""
    copy = tmp_path / "shop"
    shutil.copytree(SHOP, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture
def bare_environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Environment variables for an editor: a home of its own, no djguide, and a mark on the processes.

    When the test is over, none of the processes it started may be left.
    """
    home = tmp_path / "home"
    no_djguide = home / "bin"
    no_djguide.mkdir(parents=True)
    for name in ("python3", "python"):
        (no_djguide / name).write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        (no_djguide / name).chmod(0o755)
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("VSCODE_", "NVIM", "XDG_"))
    }
    mark = uuid.uuid4().hex
    path = [entry for entry in os.environ["PATH"].split(os.pathsep) if not (Path(entry) / "djguide").exists()]
    environment = kept | {"HOME": str(home), "SHELL": "/bin/bash", MARK: mark}
    yield with_path(environment, os.pathsep.join([str(no_djguide), *path]))
    assert remaining_processes(mark) == []


@pytest.fixture
def environment(bare_environment: dict[str, str], djguide: Path) -> dict[str, str]:
    """The same with the djguide under test on PATH."""
    return with_path(bare_environment, f"{djguide.parent}{os.pathsep}{bare_environment['PATH']}")


def with_path(environment: dict[str, str], path: str) -> dict[str, str]:
    """The environment with another PATH, also for login shells: VS Code takes PATH from one."""
    profile = Path(environment["HOME"]) / ".bash_profile"
    profile.write_text(f'export PATH="{path}"\n', encoding="utf-8")
    return environment | {"PATH": path}


@pytest.fixture
def repairs(djguide: Path, shop: Path, bare_environment: dict[str, str]) -> list[Repair]:
    """The fixes to apply, each with what has to be seen before and after it."""
    return list(find_repairs(djguide, shop, bare_environment))


@pytest.fixture
def repair(djguide: Path, shop: Path, bare_environment: dict[str, str]) -> Repair:
    """The first of them."""
    return next(find_repairs(djguide, shop, bare_environment))
