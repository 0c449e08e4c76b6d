"""djguide in a real Emacs with Eglot and with lsp-mode, configured as the README in client-config/emacs says."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from code_server import wait_until
from editor_programs import ROOT, Editors
from ground_truth import TYPED, FarRepair, FileFindings, Repair

pytestmark = pytest.mark.editor

SCENARIO = Path(__file__).with_name("emacs_scenario.el")
LSP_MODE_SCENARIO = Path(__file__).with_name("lsp_mode_scenario.el")
CONFIGURATION = ROOT / "client-config" / "emacs"
DEBIAN_PACKAGES = """
(require 'package)
(setq package-user-dir "/nonexistent")
(add-to-list 'package-directory-list "/usr/share/emacs/site-lisp/elpa")
(package-initialize)
"""
# Before version 29 Eglot is a package, which `-Q` does not look for.
PACKAGES = f"""
(when (< emacs-major-version 29) {DEBIAN_PACKAGES})
(require 'eglot)
(setq eglot-sync-connect 60)
"""


def configuration(title: str) -> str:
    """The lines that a section of the README tells users to put into their init file."""
    readme = (CONFIGURATION / "README.md").read_text(encoding="utf-8")
    block = re.search(rf"^##+ {title}\n.*?```elisp\n(.*?)```", readme, re.DOTALL | re.MULTILINE)
    assert block is not None
    return block[1].replace("/path/to/djguide/client-config/emacs", str(CONFIGURATION))


def run(
    editors: Editors, environment: dict[str, str], folder: Path, steps: list[Any], *sections: str
) -> dict[str, Any]:
    """Run the scenario with what sections of the README say; what it saw."""
    init = PACKAGES + "\n".join(configuration(title) for title in sections)
    return run_scenario(editors, environment, folder, {"steps": steps}, init, SCENARIO)


def run_scenario(
    editors: Editors,
    environment: dict[str, str],
    folder: Path,
    steps: dict[str, Any],
    text: str,
    scenario: Path,
) -> dict[str, Any]:
    """Run Emacs with an init file and a scenario that reads its plan from a file; what it saw."""
    plan, report, init = folder / "plan.json", folder / "report.json", folder / "init.el"
    plan.write_text(json.dumps(steps), encoding="utf-8")
    init.write_text(text, encoding="utf-8")
    result = subprocess.run(
        [editors.emacs, "-Q", "--batch", "-l", init, "-l", scenario],
        env=environment | {"DJGUIDE_PLAN": str(plan), "DJGUIDE_REPORT": str(report)},
        check=False,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=300,
    )
    assert report.exists(), result.stderr
    seen = json.loads(report.read_text(encoding="utf-8"))
    assert "error" not in seen, f"{seen}\n{result.stderr}"
    return seen


def columns(text: str) -> int:
    return len(text)


def test_eglot(
    editors: Editors,
    environment: dict[str, str],
    exit_codes: Path,
    repair: Repair,
    far_repair: FarRepair,
    shop: Path,
    tmp_path: Path,
) -> None:
    line, column = repair.cursor(columns)
    far_line, far_column = far_repair.start["line"] - 1, far_repair.start["column"] - 1
    before = {
        path: FileFindings(path, (shop / path).read_text(encoding="utf-8"), repair.before.findings)
        for path in (far_repair.path, TYPED.path)
    }
    steps = [
        {
            "kind": "repair",
            "file": str(shop / repair.path),
            "before": repair.before.lines,
            "line": line,
            "column": column,
            "title": repair.title,
            "after": repair.after.lines,
        },
        {
            "kind": "far",
            "file": str(shop / far_repair.path),
            "before": before[far_repair.path].lines,
            "line": far_line,
            "column": far_column,
            "title": far_repair.title,
            "cause": str(shop / far_repair.cause),
        },
        {
            "kind": "typed",
            "file": str(shop / TYPED.path),
            "line": before[TYPED.path].text.count("\n"),
            "text": TYPED.text,
            "code": TYPED.code,
            "title": TYPED.title,
        },
    ]
    report = run(editors, environment, tmp_path, steps, "Eglot")
    near, far, typed = report["steps"]
    assert [[code, line] for code, line, _ in near["before"]] == repair.before.lines
    assert repair.title in near["menu"]
    assert [[code, line] for code, line, _ in near["after"]] == repair.after.lines
    assert near["saved"] == repair.after.text
    assert near["undone"] == repair.before.text
    assert far["text"] == far_repair.text
    assert typed["repaired"] == before[TYPED.path].text + TYPED.repaired
    assert typed["undone"] == before[TYPED.path].text
    assert report["root"].rstrip("/") == str(shop)
    wait_until("the server has ended", exit_codes.exists)
    assert exit_codes.read_text(encoding="utf-8") == "0\n"


def test_eglot_fixes_when_saving_beside_another_checker(
    editors: Editors, environment: dict[str, str], repair: Repair, shop: Path, tmp_path: Path
) -> None:
    ruff = tmp_path / "bin" / "ruff"
    ruff.parent.mkdir()
    ruff.write_text("#!/bin/sh\ncat >/dev/null\necho 'stdin:1:1: F401 here'\n", encoding="utf-8")
    ruff.chmod(0o755)
    environment = environment | {"PATH": f"{ruff.parent}{os.pathsep}{environment['PATH']}"}
    step = {
        "kind": "save",
        "file": str(shop / TYPED.path),
        "text": TYPED.text,
        "code": TYPED.code,
        "other": "F401 here",
    }
    sections = ("Eglot", "Beside ruff and a type checker", "Fix when saving")
    (seen,) = run(editors, environment, tmp_path, [step], *sections)["steps"]
    assert seen["saved"].endswith(TYPED.repaired)
    assert "F401 here" in seen["messages"]


def test_lsp_mode(
    editors: Editors,
    environment: dict[str, str],
    exit_codes: Path,
    repair: Repair,
    shop: Path,
    tmp_path: Path,
) -> None:
    line, column = repair.cursor(columns)
    plan = {
        "file": str(shop / repair.path),
        "before": sorted_lines(repair.before),
        "line": line,
        "column": column,
        "title": repair.title,
        "after": sorted_lines(repair.after),
    }
    init = DEBIAN_PACKAGES + configuration("lsp-mode")
    seen = run_scenario(editors, environment, tmp_path, plan, init, LSP_MODE_SCENARIO)
    assert seen["root"].rstrip("/") == str(shop)
    assert seen["before"] == sorted_lines(repair.before)
    assert repair.title in seen["menu"]
    assert seen["after"] == sorted_lines(repair.after)
    assert seen["saved"] == repair.after.text
    assert seen["undone"] == repair.before.text
    wait_until("the server has ended", exit_codes.exists)
    assert exit_codes.read_text(encoding="utf-8") == "0\n"


def sorted_lines(findings: FileFindings) -> list[list[Any]]:
    """Code and line of each finding, by line and then by code."""
    return sorted(findings.lines, key=lambda seen: (seen[1], seen[0]))
