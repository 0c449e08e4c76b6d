"""djguide in a real Neovim, configured as the README in client-config/neovim says."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from editor_programs import Editors
from ground_truth import TYPED, FarRepair, FileFindings, Repair, utf8

from conftest import readme_lua

pytestmark = pytest.mark.editor

SCENARIO = Path(__file__).with_name("neovim_scenario.lua")
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(editors: Editors, environment: dict[str, str], neovim_configuration: Path, tmp_path: Path) -> Run:
    """Run the scenario in Neovim; the arguments are its plan, the result its report."""

    def run(**plan: Any) -> dict[str, Any]:
        plan_file, report_file = tmp_path / "plan.json", tmp_path / "report.json"
        plan_file.write_text(json.dumps(plan), encoding="utf-8")
        result = subprocess.run(
            [editors.nvim, "--headless", "-i", "NONE", "-n", "-u", neovim_configuration, "-S", SCENARIO],
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
        assert "[ERROR]" not in client_log(environment), client_log(environment)
        return report

    return run


def client_log(environment: dict[str, str]) -> str:
    log = Path(environment["HOME"]) / ".local" / "state" / "nvim" / "lsp.log"
    return log.read_text(encoding="utf-8") if log.exists() else ""


def assert_shown(seen: dict[str, Any], expected: FileFindings) -> None:
    assert seen["lines"] == expected.lines
    assert [range_ for range_ in expected.ranges(utf8) if range_ not in seen["ranges"]] == []


def test_code_actions_repair_what_the_command_line_finds(run: Run, repairs: list[Repair], shop: Path) -> None:
    assert len({repair.path for repair in repairs}) > 1
    report = run(steps=[step(repair, shop) for repair in repairs], stop=True)
    assert len(report["steps"]) == len(repairs)
    for repair, seen in zip(repairs, report["steps"], strict=True):
        assert_shown(seen["before"], repair.before)
        assert repair.title in seen["menu"]
        assert seen["saved"] == repair.after.text
        assert_shown(seen["after"], repair.after)
    assert report["root"] == str(shop)
    assert report["exit_code"] == 0


def step(repair: Repair, shop: Path) -> dict[str, Any]:
    """Apply a repair, for the scenario."""
    line, column = repair.cursor(utf8)
    return {
        "file": str(shop / repair.path),
        "before": repair.before.lines,
        "line": line,
        "column": column,
        "title": repair.title,
        "after": repair.after.lines,
    }


def test_a_fix_in_another_file_and_a_fault_that_is_typed(
    run: Run, repair: Repair, far_repair: FarRepair, shop: Path
) -> None:
    views, typed = (
        FileFindings(path, (shop / path).read_text(encoding="utf-8"), repair.before.findings)
        for path in (far_repair.path, TYPED.path)
    )
    far_step = {
        "file": str(shop / far_repair.path),
        "before": views.lines,
        "line": far_repair.start["line"] - 1,
        "column": far_repair.start["column"] - 1,
        "title": far_repair.title,
        "cause": str(shop / far_repair.cause),
    }
    typed_step = {
        "file": str(shop / TYPED.path),
        "before": typed.lines,
        "type": keys(TYPED.text),
        "code": TYPED.code,
        "title": TYPED.title,
    }
    far, near = run(steps=[far_step, typed_step], stop=True)["steps"]
    assert far["text"] == far_repair.text
    assert near["text"] == typed.text + TYPED.repaired
    assert near["saved"] == typed.text


def keys(text: str) -> str:
    """What to type below the last line of a file to have a text there; Neovim indents after a colon by itself."""
    return "\n".join(line.strip() for line in text.splitlines())


def test_the_safe_fixes_are_applied_when_saving(
    run: Run, neovim_configuration: Path, repair: Repair, shop: Path
) -> None:
    before = FileFindings(TYPED.path, (shop / TYPED.path).read_text(encoding="utf-8"), repair.before.findings)
    configuration = neovim_configuration.read_text(encoding="utf-8")
    step = {
        "file": str(shop / TYPED.path),
        "before": before.lines,
        "type": keys(TYPED.text),
        "code": TYPED.code,
    }
    try:
        neovim_configuration.write_text(configuration + readme_lua("Fix when saving"), encoding="utf-8")
        (seen,) = run(steps=[step], stop=True)["steps"]
    finally:
        neovim_configuration.write_text(configuration, encoding="utf-8")
    assert seen["saved"].endswith(TYPED.repaired)
    assert seen["saved"] == seen["text"]


def test_the_server_ends_with_neovim(run: Run, repair: Repair, shop: Path) -> None:
    report = run(steps=[{"file": str(shop / repair.path), "before": repair.before.lines}], stop=False)
    assert_shown(report["steps"][0]["before"], repair.before)
    # That no process is left is what the fixture `environment` sees to.
