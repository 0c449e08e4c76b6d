"""djguide's extension in a real VS Code: which server is started, seen in windows of their own."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest
from editor_programs import ARTEFACTS
from ground_truth import Repair
from vscode_steps import assert_shown, number_of_starts, write_workspace_settings
from vscode_window import VSCode, Window

pytestmark = pytest.mark.editor

Open = Callable[..., AbstractContextManager[Window]]


@pytest.fixture
def open_shop(vscode: VSCode, shop: Path) -> Open:
    """Open a file of the shop: ``open_shop(file, trusted=..., settings=...)``."""
    return partial(vscode.window, workspace=shop)


def write_script(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
    path.chmod(0o755)
    return path


def test_an_untrusted_folder_runs_nothing_of_its_own(
    open_shop: Open, djguide: Path, repair: Repair, shop: Path, tmp_path: Path
) -> None:
    file, marker = shop / repair.path, tmp_path / "marker"
    hostile = write_hostile_files(shop, tmp_path, marker, djguide)
    with open_shop(file, trusted=False) as window:
        assert_shown(window, file, repair.before)
        # A Python would find modules in the folder it is started in.
        module = [str(djguide.with_name("python")), "-m", "djguide_server"]
        window.set_for_user("djguide.path", module)
        assert window.wait_for(lambda: " ".join(module) in window.output(), True)
        assert_shown(window, file, repair.before)
        starts = number_of_starts(window)
        window.run_command("djguide.restart")
        assert window.wait_for(lambda: number_of_starts(window) > starts, True)
        assert_shown(window, file, repair.before)
        assert window.evaluate("return vscode.workspace.isTrusted") is False
        assert not marker.exists()
        window.screenshot(ARTEFACTS / "vscode-restricted.png")

        # The folder's settings count as soon as it is trusted: the test would have seen the script run.
        window.trust_workspace()
        assert window.wait_for(marker.exists, True)
        assert set(marker.read_text(encoding="utf-8").split()) == {str(hostile)}


def write_hostile_files(shop: Path, tmp_path: Path, marker: Path, djguide: Path) -> Path:
    """Put all into the shop that could get itself run; each writes its path to `marker`, then acts as djguide.

    Returns:
        The program that the folder's settings name.
    """
    lines = [f"echo $0 >>{shlex.quote(str(marker))}", f'exec {shlex.quote(str(djguide))} "$@"']
    write_script(shop / ".venv" / "bin" / "djguide", *lines)
    interpreter = write_script(shop / "python", *lines)
    for module in ("djguide_server", "djguide_analyzers", "pygls", "json"):
        (shop / module).mkdir()
        code = f"open({str(marker)!r}, 'a').write(__file__)\n"
        (shop / module / "__init__.py").write_text(code, encoding="utf-8")
    program = write_script(tmp_path / "hostile", *lines)
    write_workspace_settings(shop, path=[str(program)], interpreter=str(interpreter))
    return program


@pytest.mark.usefixtures("not_installed")
def test_a_missing_server_is_explained_and_the_setting_repairs_it(
    open_shop: Open, djguide: Path, repair: Repair, shop: Path, tmp_path: Path
) -> None:
    file = shop / repair.path
    with open_shop(file) as window:
        assert window.wait_for(lambda: len(window.notifications()), 1) == 1
        assert "pip install djguide" in window.notifications()[0]
        window.screenshot(ARTEFACTS / "vscode-no-server.png")
        window.click(".notifications-toasts .monaco-button", "Open Settings")
        assert window.wait_for(lambda: "djguide" in " ".join(window.texts(".settings-editor")), True)

        # A server that never answers must not stand in the way of the next one.
        silent = write_script(tmp_path / "silent", "exec sleep 1000")
        write_workspace_settings(shop, path=[str(silent)])
        assert window.wait_for(lambda: str(silent) in window.output(), True)
        write_workspace_settings(shop, path=[str(djguide)])
        assert_shown(window, file, repair.before)


def test_an_html_file_alone_starts_no_server(vscode: VSCode, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    page, script = site / "index.html", site / "build.py"
    page.write_text("<p>Hello</p>\n", encoding="utf-8")
    with vscode.window(page, workspace=site) as window:
        is_active = partial(
            window.evaluate, "return vscode.extensions.getExtension('djguide.djguide').isActive"
        )
        assert window.wait_for(is_active, True)
        assert "Starting " not in window.output()
        script.write_text("print('Hello')\n", encoding="utf-8")
        window.show(script)
        assert window.wait_for(lambda: number_of_starts(window), 1) == 1
