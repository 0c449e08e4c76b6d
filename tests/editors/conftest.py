"""Real editors against the real server: run with ``pytest tests/editors --editors DIR``.

DIR is the folder that ``install.sh`` filled. Without the option the tests are deselected; with it a missing
program is a failure, not a skip.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest
from code_server import Browser, running_browser
from editor_processes import MARK, remaining_processes
from editor_programs import ARTEFACTS, ROOT, Editors, build_wheel, package_extension, package_probe
from ground_truth import FarRepair, Repair, find_far_repair, find_repairs
from vscode_window import VSCode, Window, running_vscode

SHOP = ROOT / "tests" / "projects" / "shop"

# Code and findings, and nothing else that takes room in a picture.
UNCLUTTERED = {
    "editor.folding": False,
    "editor.fontSize": 14,
    "editor.hover.above": False,
    "editor.guides.indentation": False,
    "editor.matchBrackets": "never",
    "editor.occurrencesHighlight": "off",
    "editor.renderLineHighlight": "none",
    "editor.hideCursorInOverviewRuler": True,
    "editor.overviewRulerBorder": False,
    "editor.scrollbar.horizontal": "hidden",
    "editor.scrollbar.vertical": "hidden",
    "editor.stickyScroll.enabled": False,
    "workbench.activityBar.location": "hidden",
    "workbench.statusBar.visible": False,
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--editors", metavar="DIR", type=Path, help="run the editor tests with the editors in DIR"
    )
    parser.addoption(
        "--pictures",
        metavar="DIR",
        type=Path,
        default=ARTEFACTS,
        help="where the pictures for the documentation go",
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
    return copy_of_shop(tmp_path)


def copy_of_shop(folder: Path) -> Path:
    return shutil.copytree(SHOP, folder / "shop", ignore=shutil.ignore_patterns("__pycache__"))


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory, djguide: Path) -> Path:
    """A user's home, with djguide installed in `installed` and no Python that has it."""
    home = tmp_path_factory.mktemp("home")
    programs = installed(home).parent
    programs.mkdir(parents=True)
    for name in ("python3", "python"):
        (programs / name).write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    installed(home).symlink_to(djguide)
    return home


def installed(home: Path) -> Path:
    """The program that a user of `home` has on the search path."""
    return home / "bin" / "djguide"


@pytest.fixture
def not_installed(home: Path, djguide: Path) -> Iterator[None]:
    """For one test, djguide is not on the search path."""
    installed(home).unlink()
    yield
    installed(home).symlink_to(djguide)


@pytest.fixture(scope="session")
def user_environment(home: Path) -> dict[str, str]:
    """Environment variables of that user, who has nothing else of djguide's on the search path."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("VSCODE_", "NVIM", "XDG_"))
    }
    path = [entry for entry in os.environ["PATH"].split(os.pathsep) if not (Path(entry) / "djguide").exists()]
    search_path = os.pathsep.join([str(installed(home).parent), *path])
    # Login shells must have it too: VS Code takes PATH from one.
    (home / ".bash_profile").write_text(f'export PATH="{search_path}"\n', encoding="utf-8")
    return kept | {"HOME": str(home), "SHELL": "/bin/bash", "PATH": search_path}


@pytest.fixture
def environment(user_environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """The same with a mark on the processes: when the test is over, none that it started may be left."""
    with marked(user_environment) as environment:
        yield environment


@contextmanager
def marked(environment: dict[str, str]) -> Iterator[dict[str, str]]:
    mark = uuid.uuid4().hex
    yield environment | {MARK: mark}
    assert remaining_processes(mark) == []


@pytest.fixture(scope="session")
def neovim_configuration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An init.lua with the lines that the README tells users to put into theirs."""
    init = tmp_path_factory.mktemp("neovim") / "init.lua"
    init.write_text(readme_lua("Set up"), encoding="utf-8")
    return init


def readme_lua(title: str) -> str:
    """The first lines of Lua in a section of Neovim's README."""
    folder = ROOT / "client-config" / "neovim"
    readme = (folder / "README.md").read_text(encoding="utf-8")
    block = re.search(rf"## {title}\n.*?```lua\n(.*?)```", readme, re.DOTALL)
    assert block is not None
    return block[1].replace("/path/to/djguide/client-config/neovim", str(folder))


@pytest.fixture(scope="session")
def browser(editors: Editors, user_environment: dict[str, str]) -> Iterator[Browser]:
    with running_browser(editors, user_environment) as browser:
        yield browser


@pytest.fixture(scope="session")
def vscode(
    editors: Editors,
    browser: Browser,
    user_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[VSCode]:
    """VS Code with djguide's extension, packaged from its sources, and the probe."""
    wheel = build_wheel(tmp_path_factory.mktemp("wheel"))
    extensions = [package_extension(editors, wheel), package_probe(editors, tmp_path_factory.mktemp("probe"))]
    with (
        marked(user_environment) as environment,
        running_vscode(editors, browser, environment, extensions) as vscode,
    ):
        yield vscode


@pytest.fixture(scope="module")
def open_shop_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy of the shop in `shop_window`. A test leaves its files as they were."""
    return copy_of_shop(tmp_path_factory.mktemp("open"))


@pytest.fixture(scope="module")
def shop_window(vscode: VSCode, open_shop_folder: Path) -> Iterator[Window]:
    """A window on the shop for all tests of a module: opening one takes seconds."""
    file = open_shop_folder / "orders" / "views.py"
    with vscode.window(file, workspace=open_shop_folder, settings=UNCLUTTERED) as window:
        window.run_command("workbench.action.closeSidebar")
        yield window


@pytest.fixture(scope="session")
def repairs(
    djguide: Path, user_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> list[Repair]:
    """Some fixes to apply in a copy of the shop, each with what has to be seen before and after it."""
    shop = copy_of_shop(tmp_path_factory.mktemp("repairs"))
    return list(islice(find_repairs(djguide, shop, user_environment), 3))


@pytest.fixture(scope="session")
def repair(repairs: list[Repair]) -> Repair:
    """The first of them."""
    return repairs[0]


@pytest.fixture(scope="session")
def far_repair(
    djguide: Path, user_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> FarRepair:
    """A fix that changes another file than the one it is offered in."""
    return find_far_repair(djguide, copy_of_shop(tmp_path_factory.mktemp("far")), user_environment)


@pytest.fixture
def exit_codes(home: Path, djguide: Path, tmp_path: Path) -> Iterator[Path]:
    """For one test, a file with the exit code of each server that has ended.

    The server runs in a session of its own: an editor that kills what it has started does not reach it.
    """
    file = tmp_path / "exit-codes"
    installed(home).unlink()
    run = f'{shlex.quote(str(djguide))} "$@"; echo $? >>{shlex.quote(str(file))}'
    installed(home).write_text(f'#!/bin/sh\nexec setsid -w sh -c {shlex.quote(run)} djguide "$@"\n', "utf-8")
    installed(home).chmod(0o755)
    yield file
    installed(home).unlink()
    installed(home).symlink_to(djguide)
