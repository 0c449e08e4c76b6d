"""djguide's extension, packaged, in a real VS Code: what works in one window, opened once."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from editor_programs import ARTEFACTS, EXTENSION, Editors, run_in
from ground_truth import Repair, utf16
from vscode_steps import assert_shown, number_of_starts, write_workspace_settings
from vscode_window import Window

pytestmark = pytest.mark.editor


def test_the_extension_finds_the_server(editors: Editors) -> None:
    run_in(EXTENSION, editors, editors.npm, "test")


def test_a_quick_fix_repairs_the_file(shop_window: Window, open_shop_folder: Path, repair: Repair) -> None:
    window, file = shop_window, open_shop_folder / repair.path
    window.show(file)
    assert_shown(window, file, repair.before)
    window.put_cursor(*repair.cursor(utf16))
    assert repair.title in window.quick_fixes()
    window.choose(repair.title)
    assert window.wait_for(window.text, repair.after.text) == repair.after.text
    assert_shown(window, file, repair.after)
    assert save(window, file, repair.after.text) == repair.after.text
    window.screenshot(ARTEFACTS / "vscode-fixed.png")

    window.press("Control+z")
    assert window.wait_for(window.text, repair.before.text) == repair.before.text
    assert save(window, file, repair.before.text) == repair.before.text
    assert window.notifications() == []


def save(window: Window, file: Path, expected: str) -> str:
    window.press("Control+s")
    return window.wait_for(partial(file.read_text, "utf-8"), expected)


def test_the_commands(shop_window: Window, open_shop_folder: Path, repair: Repair) -> None:
    window, file = shop_window, open_shop_folder / repair.path
    window.show(file)
    assert_shown(window, file, repair.before)
    starts = number_of_starts(window)
    window.run_command("djguide.restart")
    assert window.wait_for(lambda: number_of_starts(window), starts + 1) == starts + 1
    assert_shown(window, file, repair.before)
    assert str(open_shop_folder) not in window.output()
    window.run_command("djguide.showDoctor")
    assert window.wait_for(lambda: str(open_shop_folder) in window.output(), True)
    window.run_command("djguide.showOutput")
    assert window.notifications() == []


def test_settings_reach_the_server(shop_window: Window, open_shop_folder: Path, repair: Repair) -> None:
    window, file = shop_window, open_shop_folder / repair.path
    window.show(file)
    assert_shown(window, file, repair.before)
    starts = number_of_starts(window)
    code = repair.before.lines[0][0]
    write_workspace_settings(open_shop_folder, ignore=[code])
    others = [line for line in repair.before.lines if line[0] != code]
    assert window.wait_for(lambda: window.diagnostic_lines(file), others) == others
    write_workspace_settings(open_shop_folder)
    assert_shown(window, file, repair.before)
    assert number_of_starts(window) == starts
    # The extension's own settings are none of the server's.
    assert "Unknown key" not in window.output()
