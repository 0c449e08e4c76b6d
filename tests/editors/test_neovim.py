"""djguide in a real Neovim, configured as the README in client-config/neovim says."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from editor_programs import Editors
from ground_truth import FileFindings, Repair, utf8

pytestmark = pytest.mark.editor

CONFIGURATION = Path(__file__).resolve().parents[2] / "client-config" / "neovim"
SCENARIO = Path(__file__).with_name("neovim_scenario.lua")
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(editors: Editors, environment: dict[str, str], tmp_path: Path) -> Run:
    """Run the scenario in Neovim; the arguments are its plan, the result its report."""
    init = tmp_path / "init.lua"
    init.write_text(readme_set_up(), encoding="utf-8")

    def run(**plan: Any) -> dict[str, Any]:
        plan_file, report_file = tmp_path / "plan.json", tmp_path / "report.json"
        plan_file.write_text(json.dumps(plan), encoding="utf-8")
        result = subprocess.run(
            [editors.nvim, "--headless", "-i", "NONE", "-n", "-u", init, "-S", SCENARIO],
            env=environment | {"DJGUIDE_PLAN": str(plan_file), "DJGUIDE_REPORT": str(report_file)},
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=300,
        )
        assert report_file.exists(), result.stderr
        report = json.loads(report_file.read_text(encoding="utf-8"))
        assert "error" not in report, f"{report}\n{plan}\n{client_log(environment)}"
        assert result.returncode == 0
        return report

    return run


def client_log(environment: dict[str, str]) -> str:
    log = Path(environment["HOME"]) / ".local" / "state" / "nvim" / "lsp.log"
    return log.read_text(encoding="utf-8") if log.exists() else ""


def readme_set_up() -> str:
    """The lines that the README tells users to put into their init.lua."""
    readme = (CONFIGURATION / "README.md").read_text(encoding="utf-8")
    block = re.search(r"## Set up.*?```lua\n(.*?)```", readme, re.DOTALL)
    assert block is not None
    return block[1].replace("/path/to/djguide/client-config/neovim", str(CONFIGURATION))


def assert_shown(seen: dict[str, Any], expected: FileFindings) -> None:
    assert seen["lines"] == expected.lines
    assert [range_ for range_ in expected.ranges(utf8) if range_ not in seen["ranges"]] == []


def test_code_actions_repair_what_the_command_line_finds(run: Run, repairs: list[Repair], shop: Path) -> None:
    assert len({repair.path for repair in repairs}) > 1
    for repair in repairs:
        file = shop / repair.path
        line, column = repair.cursor(utf8)
        report = run(
            file=str(file),
            before=repair.before.lines,
            line=line,
            column=column,
            title=repair.title,
            after=repair.after.lines,
            stop=True,
        )
        assert_shown(report["before"], repair.before)
        assert repair.title in report["menu"]
        assert report["text"] + "\n" == repair.after.text
        assert_shown(report["after"], repair.after)
        assert file.read_text(encoding="utf-8") == repair.after.text
        assert report["root"] == str(shop)
        assert report["exit_code"] == 0
        file.write_text(repair.before.text, encoding="utf-8")


def test_the_server_ends_with_neovim(run: Run, repair: Repair, shop: Path) -> None:
    report = run(file=str(shop / repair.path), before=repair.before.lines, stop=False)
    assert_shown(report["before"], repair.before)
    # That no process is left is what the fixture `bare_environment` sees to.
