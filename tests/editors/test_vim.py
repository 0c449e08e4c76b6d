"""djguide in a real Vim with ALE, configured as the README in client-config/vim says, used with its keys."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from code_server import Browser, wait_until
from editor_programs import ARTEFACTS, ROOT, Editors
from ground_truth import TYPED, FarRepair, FileFindings, Repair, utf8
from terminal import Terminal, running_in_terminal

pytestmark = pytest.mark.editor

CONFIGURATION = ROOT / "client-config" / "vim"
PROMPT = "Type number and <Enter> (empty cancels): "


class Vim:
    """A running Vim. Lines and columns are 0-based, columns in bytes."""

    def __init__(self, terminal: Terminal, answers: Path) -> None:
        self._terminal = terminal
        self._answers = answers
        self._asked = 0

    def run(self, command: str) -> None:
        """Type a command line."""
        self._terminal.press(f":{command}", "Enter")

    def ask(self, expression: str) -> Any:
        """The value of an expression."""
        self._asked += 1
        answer = self._answers / f"{self._asked}.json"
        # Renamed, so that it is never seen half written.
        part = answer.with_suffix(".part")
        self.run(f"call writefile([json_encode({expression})], '{part}') | call rename('{part}', '{answer}')")
        wait_until(f"Vim has answered {expression}", answer.exists)
        return json.loads(answer.read_text(encoding="utf-8"))

    def text(self) -> str:
        return "".join(f"{line}\n" for line in self.ask("getline(1, '$')"))

    def diagnostics(self) -> list[list[Any]]:
        """``[code, line, column]`` of each of djguide's findings in the buffer, in order."""
        found = self.ask("get(get(g:ale_buffer_info, bufnr(''), {}), 'loclist', [])")
        mine = [item for item in found if item["linter_name"] == "djguide"]
        return sorted([item["code"], item["lnum"] - 1, item["col"] - 1] for item in mine)

    def shown(self, lines: list[list[Any]]) -> list[list[Any]]:
        """Wait until the findings stand on these lines; what is there."""
        return until(lambda: [[code, line] for code, line, _ in self.diagnostics()], lines)

    def open(self, file: Path) -> None:
        self.run(f"edit {file}")

    def put_cursor(self, line: int, column: int) -> None:
        self.run(f"call cursor({line + 1}, {column + 1})")

    def code_action(self, title: str) -> None:
        """Ask for the code actions at the cursor, and choose one by its number."""
        self.run("ALECodeAction")
        self._terminal.wait_for(PROMPT.strip())
        match = re.search(rf"^ *(\d+)\) {re.escape(title)}$", self._terminal.screen(), re.MULTILINE)
        assert match, self._terminal.screen()
        self._terminal.press(match[1], "Enter")

    def quit(self) -> None:
        self.run("wqall")


def until(seen: Callable[[], Any], expected: Any) -> Any:
    """What is seen as soon as it is what was expected, or when the patience is at its end."""
    try:
        wait_until("", lambda: seen() == expected)
    except TimeoutError:
        return seen()
    return expected


@pytest.fixture
def vimrc(tmp_path: Path) -> Path:
    """A configuration with the lines that the README tells users to put into theirs."""
    readme = (CONFIGURATION / "README.md").read_text(encoding="utf-8")
    block = re.search(r"## ALE\n.*?```vim\n(.*?)```", readme, re.DOTALL)
    assert block is not None
    file = tmp_path / "vimrc"
    options = (
        "set nocompatible noswapfile viminfo= hidden number shortmess+=I\nfiletype plugin on\nsyntax on\n"
    )
    # Typed by the test, not to be indented a second time.
    options += "set paste cmdheight=1\n"
    lines = block[1].replace("/path/to/djguide/client-config/vim", str(CONFIGURATION))
    file.write_text(options + lines.replace(", 'ruff'", ""), encoding="utf-8")
    return file


def test_ale(
    editors: Editors,
    browser: Browser,
    environment: dict[str, str],
    exit_codes: Path,
    vimrc: Path,
    repair: Repair,
    far_repair: FarRepair,
    shop: Path,
    tmp_path: Path,
) -> None:
    file, far, cause = shop / repair.path, shop / far_repair.path, shop / far_repair.cause
    command: list[str | Path] = [editors.vim, "-N", "-u", vimrc, file]
    with running_in_terminal(command, shop, environment, columns=130, lines=40) as terminal:
        vim = Vim(terminal, tmp_path)
        assert vim.shown(repair.before.lines) == repair.before.lines
        starts = [range_[:3] for range_ in repair.before.ranges(utf8)]
        assert [start for start in starts if start not in vim.diagnostics()] == []
        vim.put_cursor(*repair.cursor(utf8))
        vim.code_action(repair.title)
        assert until(vim.text, repair.after.text) == repair.after.text
        assert vim.shown(repair.after.lines) == repair.after.lines
        vim.run("write")
        assert until(lambda: file.read_text(encoding="utf-8"), repair.after.text) == repair.after.text
        vim.run("undo")
        assert until(vim.text, repair.before.text) == repair.before.text
        vim.run("write")

        far_lines = FileFindings(
            far_repair.path, far.read_text(encoding="utf-8"), repair.before.findings
        ).lines
        vim.open(far)
        assert vim.shown(far_lines) == far_lines
        vim.put_cursor(far_repair.start["line"] - 1, far_repair.start["column"] - 1)
        terminal.picture(browser, ARTEFACTS / "vim.png")
        vim.code_action(far_repair.title)
        vim.open(cause)
        assert until(vim.text, far_repair.text) == far_repair.text
        vim.run("undo")

        typed = shop / TYPED.path
        before = typed.read_text(encoding="utf-8")
        vim.open(typed)
        terminal.press("G", "o")
        terminal.press(*(part for line in TYPED.text.splitlines() for part in (line, "Enter")))
        terminal.press("Escape")
        line = before.count("\n")
        (found,) = wait_until(
            "the fault is found",
            lambda: [seen for seen in vim.diagnostics() if seen[0] == TYPED.code and seen[1] > line],
        )
        vim.put_cursor(*found[1:])
        vim.code_action(TYPED.title)
        # Enter after the last line leaves an empty one.
        assert until(vim.text, before + TYPED.repaired + "\n") == before + TYPED.repaired + "\n"
        vim.run("earlier 100f")
        assert until(vim.text, before) == before
        vim.quit()
        wait_until("the server has ended", exit_codes.exists)
    assert exit_codes.read_text(encoding="utf-8") == "0\n"
    assert typed.read_text(encoding="utf-8") == before
