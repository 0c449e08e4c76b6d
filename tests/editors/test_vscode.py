"""djguide's extension, packaged, in a real VS Code: what works in one window, opened once."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from editor_programs import ARTEFACTS, EXTENSION, Editors, run_in
from ground_truth import Repair, utf16
from vscode_steps import assert_shown, number_of_starts, write_workspace_settings
from vscode_window import Window

pytestmark = pytest.mark.editor

QUICK_PICK = ".quick-input-list .monaco-list-row"
PREVIEW = ".bulk-edit-panel"


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


def test_a_fault_is_typed_in_a_template_and_repaired_in_the_view(
    shop_window: Window, open_shop_folder: Path
) -> None:
    window, code = shop_window, "n-plus-one-template"
    template = open_shop_folder / "orders" / "templates" / "orders" / "warehouse.html"
    view = open_shop_folder / "orders" / "views.py"
    before, view_before = template.read_text(encoding="utf-8"), view.read_text(encoding="utf-8")
    window.show(template)
    line, column = place_of("</h2>", before)
    window.put_cursor(line, column)
    window.type(" {{ order.shipping_address.city }}")
    assert window.wait_for(lambda: window.diagnostic_lines(template), [[code, line]]) == [[code, line]]
    window.put_cursor(line, window.diagnostics(template)[0][2])
    assert "Reading `shipping_address`" in window.hover("Reading `shipping_address`", "Quick Fix...")
    window.screenshot(ARTEFACTS / "vscode-template.png")
    window.press("Escape")
    (title,) = [title for title in window.quick_fixes() if "select_related" in title]
    window.choose(title)
    # It changes another file and is one to review: VS Code shows it before it is made.
    window.click(f"{PREVIEW} .edit-checkbox", "")
    window.screenshot(ARTEFACTS / "vscode-cross-file.png")
    window.click(f"{PREVIEW} .monaco-button", "Apply")
    assert window.wait_for(lambda: window.diagnostic_lines(template), []) == []
    written = "".join(window.text_of(view).split()).replace('"customer",', "")
    assert '.select_related("shipping_address")' in written

    window.show(view)
    window.run_command("workbench.action.files.revert")
    assert window.text() == view_before
    window.show(template)
    window.run_command("workbench.action.files.revert")
    assert window.text() == before
    assert window.notifications() == []


def place_of(text: str, whole: str) -> tuple[int, int]:
    """The 0-based line and column of the first place where a text stands."""
    above = whole[: whole.index(text)]
    return above.count("\n"), len(above) - above.rfind("\n") - 1


def test_a_fault_is_typed_repaired_and_taken_back(shop_window: Window, open_shop_folder: Path) -> None:
    window, file = shop_window, open_shop_folder / "catalog" / "services.py"
    before = file.read_text(encoding="utf-8")
    window.show(file)
    assert window.wait_for(lambda: bool(window.diagnostic_lines(file)), True)
    earlier = window.diagnostic_lines(file)
    line = before.count("\n")
    window.put_cursor(line, 0)
    window.type("\n\ndef how_many():\n    return len(Product.objects.all())")
    fault = ["len-of-queryset", line + 3]
    assert window.wait_for(lambda: fault in window.diagnostic_lines(file), True), window.diagnostics(file)
    window.put_cursor(line + 3, 12)
    (title,) = [title for title in window.quick_fixes() if title.startswith("Use")]
    window.choose(title)
    assert window.wait_for(lambda: "return Product.objects.all().count()" in window.text(), True)
    assert window.wait_for(lambda: window.diagnostic_lines(file), earlier) == earlier

    window.run_command("cursorLineEnd")
    window.type("  # djguide: ignore[len-of-queryset]")
    assert window.wait_for(lambda: "ignore[len-of-queryset]" in window.text(), True)
    window.put_cursor(*place_of("len-of-queryset", window.text()))
    assert "Django fetches every row" in window.hover("Django fetches every row")
    window.run_command("workbench.action.files.revert")
    assert window.text() == before


def test_the_status_tells_what_is_under_analysis(shop_window: Window, open_shop_folder: Path) -> None:
    window = shop_window
    window.show(open_shop_folder / "orders" / "views.py")
    assert window.wait_for(lambda: "checked in" in window.status()["detail"], True), window.status()
    name, settings, models, _ = window.status()["detail"].split(" · ")
    assert (name, settings) == (open_shop_folder.name, "config.settings")
    assert int(models.removesuffix(" models")) > 1
    assert window.notifications() == []


def test_the_page_of_a_rule(shop_window: Window, open_shop_folder: Path, repair: Repair) -> None:
    window, file = shop_window, open_shop_folder / repair.path
    window.show(file)
    assert_shown(window, file, repair.before)
    window.put_cursor(*repair.cursor(utf16))
    window.evaluate("vscode.commands.executeCommand('djguide.openRule')")
    here = "at the cursor"
    assert window.wait_for(lambda: any(here in row for row in window.texts(QUICK_PICK)[:1]), True)
    (code,) = {
        finding["code"] for finding in repair.before.findings if finding["range"]["start"] == repair.start
    }
    window.press("Enter")
    tabs = "return vscode.window.tabGroups.all.flatMap((group) => group.tabs.map((tab) => tab.label))"
    name = f"{code.replace('-', '_')}.md"
    assert window.wait_for(lambda: any(name in tab for tab in window.evaluate(tabs)), True), window.evaluate(
        tabs
    )
    window.run_command("workbench.action.closeActiveEditor")


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


def test_code_lenses_are_told_when_they_are_wanted(shop_window: Window, open_shop_folder: Path) -> None:
    window, file = shop_window, open_shop_folder / "orders" / "views.py"
    window.show(file)
    provided = f"""const lenses = await vscode.commands.executeCommand('vscode.executeCodeLensProvider',
        vscode.Uri.file({json.dumps(str(file))}), 9);
        return lenses.map((lens) => [lens.range.start.line, lens.command.title])"""
    assert window.evaluate(provided) == []
    write_workspace_settings(open_shop_folder, **{"code-lens": True})
    line, _ = place_of("def picking_list", file.read_text(encoding="utf-8"))
    expected = [[line, "1 relation per row is not loaded"]]
    assert window.wait_for(lambda: window.evaluate(provided), expected) == expected
    write_workspace_settings(open_shop_folder)
    assert window.wait_for(lambda: window.evaluate(provided), []) == []
