"""The files that other services read: they are well-formed, and the commands in them do what they say."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from djguide_server.cli.app import cli

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "tests" / "projects" / "shop"
bash = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Variables of a job, with djguide where the jobs install it."""
    installed = tmp_path / "djguide" / "bin" / "djguide"
    installed.parent.mkdir(parents=True)
    installed.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path[:0] = {[str(ROOT / 'server'), str(ROOT / 'analyzers')]!r}\n"
        "from djguide_server.__main__ import main\nmain()\n"
    )
    installed.chmod(0o755)
    shutil.copytree(SHOP, tmp_path / "checkout")
    return os.environ | {
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_WORKSPACE": str(tmp_path / "checkout"),
        "CI_PROJECT_DIR": str(tmp_path / "checkout"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }


def run(script: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_hooks() -> None:
    hooks = {hook["id"]: hook for hook in read(".pre-commit-hooks.yaml")}
    assert hooks.keys() == {"djguide", "djguide-fix"}
    for hook in hooks.values():
        assert {"id", "name", "entry", "language"} <= hook.keys()
        assert hook["language"] == "python" and hook["require_serial"] is True
        program, name, *options = shlex.split(hook["entry"])
        command = cli.get_command(cli.make_context("djguide", [name]), name)
        assert program == "djguide" and command is not None
        known = {option for parameter in command.params for option in parameter.opts}
        assert set(options) <= known


@bash
def test_the_action_annotates(tmp_path: Path, environment: dict[str, str]) -> None:
    action = read("action.yml")
    assert action["runs"]["using"] == "composite"
    step = action["runs"]["steps"][1]
    inputs = {name: str(entry["default"]) for name, entry in action["inputs"].items()}
    given = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: inputs[match[1]], value)
        for name, value in step["env"].items()
    }
    assert "${{" not in step["run"], "inputs that are pasted into a script are run"
    done = run(step["run"], tmp_path / "checkout", environment | given)
    assert done.returncode == 1, done.stderr
    assert "::warning file=orders/services.py,line=" in done.stdout


@bash
def test_the_action_writes_sarif(tmp_path: Path, environment: dict[str, str]) -> None:
    script = read("action.yml")["runs"]["steps"][1]["run"]
    given = {
        "PATHS": "orders catalog", "ARGS": "--exit-zero --severity error", "FORMAT": "sarif",
        "SARIF": "djguide.sarif", "FOLDER": ".",
    }  # fmt: skip
    done = run(script, tmp_path / "checkout", environment | given)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "output").read_text() == "sarif-file=./djguide.sarif\n"
    log = json.loads((tmp_path / "checkout" / "djguide.sarif").read_text(encoding="utf-8"))
    results = log["runs"][0]["results"]
    uris = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in results}
    assert uris == {"catalog/services.py", "orders/services.py"}


@bash
def test_the_gitlab_job(tmp_path: Path, environment: dict[str, str]) -> None:
    job = read("client-config/ci/djguide.gitlab-ci.yml")["djguide"]
    (script,) = job["script"]
    script = script.replace("/tmp/djguide", str(tmp_path / "djguide"))
    given = {name: job["variables"][name] for name in ("DJGUIDE_PATHS", "DJGUIDE_ARGS")}
    done = run(script, tmp_path / "checkout", environment | given)
    assert done.returncode == 1, done.stderr
    report = tmp_path / "checkout" / job["artifacts"]["reports"]["codequality"]
    issues = json.loads(report.read_text(encoding="utf-8"))
    assert issues and all(issue["location"]["path"].endswith(".py") for issue in issues)


@pytest.mark.parametrize("name", ["docs/continuous-integration.md"])
def test_examples_in_the_documentation_are_yaml(name: str) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 3
    assert all(isinstance(yaml.safe_load(block), dict) for block in blocks)
