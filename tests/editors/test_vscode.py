"""djguide's extension, packaged, in a real VS Code."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from editor_programs import Editors
from ground_truth import FileFindings, Repair, utf16
from vscode_window import Window, open_window

pytestmark = pytest.mark.editor

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = ROOT / "client-config" / "vscode"
SCREENSHOTS = ROOT / "artefacts" / "editors"
Open = Callable[..., AbstractContextManager[Window]]


def run_in(folder: Path, editors: Editors, *command: str | Path) -> None:
    """Run a program of npm's world in a folder; what it printed is the message when it fails."""
    environment = os.environ | {"PATH": f"{editors.node.parent}{os.pathsep}{os.environ['PATH']}"}
    result = subprocess.run(
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture(scope="session")
def packages(editors: Editors, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The .vsix files of the extension and of the probe."""
    run_in(EXTENSION, editors, editors.npm, "run", "package")
    probe = tmp_path_factory.mktemp("probe") / "probe.vsix"
    vsce = EXTENSION / "node_modules" / ".bin" / "vsce"
    options = ("--no-dependencies", "--allow-missing-repository", "--skip-license", "--out", probe)
    run_in(Path(__file__).with_name("probe"), editors, vsce, "package", *options)
    return [EXTENSION / "djguide.vsix", probe]


@pytest.fixture
def open_shop(editors: Editors, packages: list[Path], shop: Path) -> Open:
    """Open a file of the shop: ``open_shop(environment, file, trusted=..., settings=...)``."""

    def open_shop(
        environment: dict[str, str], file: Path, *, trusted: bool = True, settings: Any = None
    ) -> AbstractContextManager[Window]:
        return open_window(
            editors, environment, packages, file, workspace=shop, trusted=trusted, settings=settings
        )

    return open_shop


def assert_shown(window: Window, file: Path, expected: FileFindings) -> None:
    """Wait until a file shows what is expected, and nothing else."""
    lines = window.wait_for(lambda: window.diagnostic_lines(file), expected.lines)
    assert lines == expected.lines, window.output()
    seen = window.diagnostics(file)
    assert [range_ for range_ in expected.ranges(utf16) if range_ not in seen] == []


def write_workspace_settings(folder: Path, **settings: object) -> None:
    file = folder / ".vscode" / "settings.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(
        json.dumps({f"djguide.{name}": value for name, value in settings.items()}), encoding="utf-8"
    )


def write_script(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_extension_finds_the_server(editors: Editors) -> None:
    run_in(EXTENSION, editors, editors.npm, "test")


def test_a_quick_fix_repairs_the_file(
    open_shop: Open, environment: dict[str, str], repair: Repair, shop: Path
) -> None:
    file = shop / repair.path
    with open_shop(environment, file) as window:
        assert_shown(window, file, repair.before)
        window.put_cursor(*repair.cursor(utf16))
        assert repair.title in window.quick_fixes()
        window.screenshot(SCREENSHOTS / "vscode-quick-fix.png")
        window.choose(repair.title)
        assert window.wait_for(window.text, repair.after.text) == repair.after.text
        assert_shown(window, file, repair.after)
        window.press("Control+s")
        window.wait_for(partial(file.read_text, "utf-8"), repair.after.text)
        window.screenshot(SCREENSHOTS / "vscode-fixed.png")
        assert window.notifications() == []
    assert file.read_text(encoding="utf-8") == repair.after.text


def test_the_commands(open_shop: Open, environment: dict[str, str], repair: Repair, shop: Path) -> None:
    file = shop / repair.path
    with open_shop(environment, file) as window:
        assert_shown(window, file, repair.before)
        assert window.output().count("Starting ") == 1
        window.run_command("djguide.restart")
        assert window.wait_for(lambda: window.output().count("Starting "), 2) == 2
        assert_shown(window, file, repair.before)
        window.run_command("djguide.showDoctor")
        assert window.wait_for(lambda: str(shop) in window.output(), True)
        window.run_command("djguide.showOutput")
        assert window.notifications() == []


def test_settings_reach_the_server(
    open_shop: Open, environment: dict[str, str], repair: Repair, shop: Path
) -> None:
    file = shop / repair.path
    code = repair.before.lines[0][0]
    with open_shop(environment, file) as window:
        assert_shown(window, file, repair.before)
        write_workspace_settings(shop, ignore=[code])
        others = [line for line in repair.before.lines if line[0] != code]
        assert window.wait_for(lambda: window.diagnostic_lines(file), others) == others
        assert window.output().count("Starting ") == 1
        # The extension's own settings are none of the server's.
        assert "Unknown key" not in window.output()


@pytest.mark.parametrize("user_setting", [[], ["python", "-m", "djguide_server"]])
def test_an_untrusted_folder_runs_nothing_of_its_own(
    open_shop: Open,
    environment: dict[str, str],
    djguide: Path,
    repair: Repair,
    shop: Path,
    tmp_path: Path,
    user_setting: list[str],
) -> None:
    file, marker = shop / repair.path, tmp_path / "marker"
    hostile = write_hostile_files(shop, tmp_path, marker, djguide)
    program = [str(djguide.with_name(name)) for name in user_setting[:1]]
    settings = {"djguide.path": program + user_setting[1:]}
    with open_shop(environment, file, trusted=False, settings=settings) as window:
        assert_shown(window, file, repair.before)
        window.run_command("djguide.restart")
        assert window.wait_for(lambda: window.output().count("Starting "), 2) == 2
        assert_shown(window, file, repair.before)
        assert window.evaluate("return vscode.workspace.isTrusted") is False
        assert not marker.exists()
        window.screenshot(SCREENSHOTS / "vscode-restricted.png")

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


def test_a_missing_server_is_explained_and_the_setting_repairs_it(
    open_shop: Open,
    bare_environment: dict[str, str],
    djguide: Path,
    repair: Repair,
    shop: Path,
    tmp_path: Path,
) -> None:
    file = shop / repair.path
    with open_shop(bare_environment, file) as window:
        assert window.wait_for(lambda: len(window.notifications()), 1) == 1
        assert "pip install djguide" in window.notifications()[0]
        window.screenshot(SCREENSHOTS / "vscode-no-server.png")
        window.click(".notifications-toasts .monaco-button", "Open Settings")
        assert window.wait_for(lambda: "djguide" in " ".join(window.texts(".settings-editor")), True)

        # A server that never answers must not stand in the way of the next one.
        silent = write_script(tmp_path / "silent", "exec sleep 1000")
        write_workspace_settings(shop, path=[str(silent)])
        assert window.wait_for(lambda: str(silent) in window.output(), True)
        write_workspace_settings(shop, path=[str(djguide)])
        assert_shown(window, file, repair.before)


def test_an_html_file_alone_starts_no_server(
    editors: Editors, environment: dict[str, str], packages: list[Path], tmp_path: Path
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    page, script = site / "index.html", site / "build.py"
    page.write_text("<p>Hello</p>\n", encoding="utf-8")
    with open_window(editors, environment, packages, page, workspace=site, trusted=True) as window:
        is_active = partial(
            window.evaluate, "return vscode.extensions.getExtension('djguide.djguide').isActive"
        )
        assert window.wait_for(is_active, True)
        assert "Starting " not in window.output()
        script.write_text("print('Hello')\n", encoding="utf-8")
        window.show(script)
        assert window.wait_for(lambda: window.output().count("Starting "), 1) == 1
