"""The pictures in the documentation, taken of what they claim to show.

They are refreshed with: pytest tests/editors/test_pictures.py --editors DIR --pictures docs/images
"""

from __future__ import annotations

from pathlib import Path

import pytest
from code_server import Browser
from editor_programs import Editors
from terminal import running_in_terminal
from vscode_window import Window

pytestmark = pytest.mark.editor

CODE = "n-plus-one-foreign-key"
FIX = 'Load with select_related("customer")'
EDITOR = ".part.editor"
PREVIEW = ".bulk-edit-panel"


@pytest.fixture(scope="session")
def pictures(pytestconfig: pytest.Config) -> Path:
    """Where the pictures go."""
    return Path(str(pytestconfig.getoption("pictures"))).absolute()


def place_of(text: str, file: Path) -> tuple[int, int]:
    """The 0-based line and column of a text that is in a file once."""
    content = file.read_text(encoding="utf-8")
    assert content.count(text) == 1
    before = content[: content.index(text)]
    return before.count("\n"), len(before) - before.rfind("\n") - 1


def open_at(window: Window, file: Path, text: str) -> None:
    """Show a finding of `CODE` whose range starts with a text."""
    line, column = place_of(text, file)
    window.show(file)
    assert window.wait_for(lambda: [CODE, line] in window.diagnostic_lines(file), True)
    window.put_cursor(line, column)


def test_vscode_hover(shop_window: Window, open_shop_folder: Path, pictures: Path) -> None:
    shop_window.resize(820, 550)
    open_at(shop_window, open_shop_folder / "orders" / "views.py", "order.customer.name")
    shop_window.scroll_to(60)
    line, column = place_of("Order.objects.open()", open_shop_folder / "orders" / "services.py")
    evidence = f"services.py({line + 1}, {column + 1}): the queryset is built here"
    fix = f"Fix to review: {FIX}"
    text = shop_window.hover(evidence, fix, "Quick Fix...")
    assert evidence in text and fix in text
    # VS Code shows the message and the evidence by itself, the extension what follows from them.
    assert text.count("Reading `customer` loads") == 1
    shop_window.screenshot(pictures / "vscode-hover.png", EDITOR)


def test_vscode_quick_fix(shop_window: Window, open_shop_folder: Path, pictures: Path) -> None:
    shop_window.resize(820, 380)
    open_at(shop_window, open_shop_folder / "orders" / "services.py", "Order.objects.open()")
    assert any(FIX in title for title in shop_window.quick_fixes())
    shop_window.screenshot(pictures / "vscode-quick-fix.png", EDITOR)
    shop_window.press("Escape")


def test_vscode_change_in_another_file(shop_window: Window, open_shop_folder: Path, pictures: Path) -> None:
    shop_window.resize(960, 560)
    open_at(shop_window, open_shop_folder / "orders" / "views.py", "order.customer.name")
    shop_window.scroll_to(61)
    assert any(FIX in title for title in shop_window.quick_fixes())
    shop_window.choose(FIX)
    shop_window.click(f"{PREVIEW} .edit-checkbox", "")
    changes = " ".join(shop_window.texts(f"{PREVIEW} .monaco-list-row"))
    assert 'select_related("customer")' in changes
    shop_window.screenshot(pictures / "vscode-preview.png", ".monaco-workbench")
    shop_window.click(f"{PREVIEW} .monaco-button", "Discard")


def test_neovim_code_actions(
    editors: Editors,
    browser: Browser,
    environment: dict[str, str],
    neovim_configuration: Path,
    shop: Path,
    pictures: Path,
) -> None:
    line, _ = place_of("order.customer.name", shop / "orders" / "views.py")
    options = [
        "--cmd",
        "set number noswapfile noruler noshowcmd laststatus=0 winborder=rounded",
        "-i",
        "NONE",
    ]
    position = [f"+normal! {line - 7}Gzt{line + 1}G30|"]
    command: list[str | Path] = [
        editors.nvim,
        *options,
        "-u",
        neovim_configuration,
        *position,
        "orders/views.py",
    ]
    with running_in_terminal(command, shop, environment, columns=112, lines=29) as terminal:
        terminal.wait_for("Reading `customer`")
        terminal.press("K")
        terminal.wait_for("Each row then")
        terminal.press("gra")
        terminal.wait_for("Code actions:")
        assert f": {FIX}" in terminal.screen()
        terminal.picture(browser, pictures / "neovim-code-actions.png")


def test_command_line(browser: Browser, environment: dict[str, str], shop: Path, pictures: Path) -> None:
    check = f"djguide check orders/services.py --select {CODE}"
    shell: list[str | Path] = ["sh", "-c", f"printf '\\033[1;32m$\\033[0m {check}\\n'; {check}; sleep 1000"]
    with running_in_terminal(shell, shop, environment, columns=129, lines=40) as terminal:
        terminal.wait_for("files checked")
        assert f"[{CODE}]" in terminal.screen()
        terminal.picture(browser, pictures / "command-line.png")
