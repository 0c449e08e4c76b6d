"""djguide's extension in a real VS Code: which server is started, seen in windows of their own."""

from __future__ import annotations

import json
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

from conftest import copy_of_shop

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
    rules = shop / "rules" / "queries"
    rules.mkdir(parents=True)
    (rules / "own_rule.py").write_text(f"open({str(marker)!r}, 'a').write(__file__)\n", encoding="utf-8")
    settings = {
        "path": [str(program)],
        "interpreter": str(interpreter),
        "rule-folders": [str(shop / "rules")],
    }
    write_workspace_settings(shop, **settings)
    return program


@pytest.mark.usefixtures("not_installed")
def test_a_missing_server_is_explained_and_can_be_installed_or_named(
    open_shop: Open, djguide: Path, repair: Repair, shop: Path, tmp_path: Path
) -> None:
    file = shop / repair.path
    with open_shop(file) as window:
        assert window.wait_for(lambda: len(window.notifications()), 1) == 1
        assert "pip install djguide" in window.notifications()[0]
        assert window.status()["text"] == "djguide: no server"
        assert window.texts(".notifications-toasts .monaco-button") == ["Install", "Open Settings"]
        window.screenshot(ARTEFACTS / "vscode-no-server.png")
        window.click(".notifications-toasts .monaco-button", "Open Settings")
        assert window.wait_for(lambda: "djguide" in " ".join(window.texts(".settings-editor")), True)

        # The one that comes with the extension is installed with what it needs.
        window.press("Escape")
        window.evaluate("vscode.commands.executeCommand('djguide.install')")
        assert window.wait_for(lambda: "Starting " in window.output(), True)
        assert_shown(window, file, repair.before)
        assert "server-" in window.output()

        # A server that never answers must not stand in the way of the next one.
        silent = write_script(tmp_path / "silent", "exec sleep 1000")
        write_workspace_settings(shop, path=[str(silent)])
        assert window.wait_for(lambda: str(silent) in window.output(), True)
        write_workspace_settings(shop, path=[str(djguide)])
        assert_shown(window, file, repair.before)


def test_only_what_looks_like_django_starts_a_server(vscode: VSCode, tmp_path: Path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    page, script, models = site / "index.html", site / "build.py", site / "models.py"
    page.write_text("<p>Hello</p>\n", encoding="utf-8")
    script.write_text("print('Hello')\n", encoding="utf-8")
    models.write_text("from django.db import models\n", encoding="utf-8")
    with vscode.window(page, workspace=site) as window:
        window.show(script)
        waiting = "waits for a Django file"
        assert window.wait_for(lambda: window.status()["detail"], waiting) == waiting
        assert number_of_starts(window) == 0
        window.show(models)
        assert window.wait_for(lambda: number_of_starts(window), 1) == 1


def test_several_folders_have_one_server_that_ends_in_order(
    vscode: VSCode, djguide: Path, repair: Repair, shop: Path, tmp_path: Path
) -> None:
    other = shop.rename(tmp_path / "other")
    shop = copy_of_shop(tmp_path)
    ends = tmp_path / "ends"
    program = write_script(tmp_path / "server", f'"{djguide}" "$@"', f"echo $? >>{shlex.quote(str(ends))}")
    workspace = tmp_path / "both.code-workspace"
    workspace.write_text(
        json.dumps(
            {"folders": [{"path": "shop"}, {"path": "other"}], "settings": {"djguide.path": [str(program)]}}
        ),
        encoding="utf-8",
    )
    with vscode.window(shop / repair.path, workspace=workspace) as window:
        assert_shown(window, shop / repair.path, repair.before)
        window.show(other / repair.path)
        assert_shown(window, other / repair.path, repair.before)
        assert window.wait_for(lambda: window.status()["detail"].split(" · ")[0], "other") == "other"
        assert number_of_starts(window) == 1
    assert ends.read_text(encoding="utf-8") == "0\n"
