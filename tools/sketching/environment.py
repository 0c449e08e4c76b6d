"""Environments with one package each, and what the package says in there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
DJANGO = "django>=5.2,<5.3"
"""The Django that packages run with unless they need another."""
_SECONDS = 300


class Failed(Exception):
    """A package could not be installed or run."""


def packages() -> dict[str, dict[str, Any]]:
    """The packages of ``packages.toml`` by name: that of the series, or else of the distribution."""
    table = tomllib.loads((HERE / "packages.toml").read_text("utf-8"))
    return {named(row): row for row in table["package"]}


def named(spec: dict[str, Any]) -> str:
    """What a package is called here."""
    return spec.get("series", spec["distribution"])


def environment(spec: dict[str, Any], folder: Path) -> Path:
    """The interpreter of an environment with the package installed, made when there is none.

    Raises:
        Failed: it could not be installed.
    """
    place = folder / named(spec).lower()
    python = place / "bin" / "python"
    wanted = [
        f"{spec['distribution']}{spec.get('version', '')}",
        spec.get("django", DJANGO),
        *spec.get("also", ()),
    ]
    marker = place / "installed.json"
    if not (marker.is_file() and json.loads(marker.read_text("utf-8")) == wanted):
        for command in _commands(str(place), str(python), wanted):
            run(command)
        marker.write_text(json.dumps(wanted), "utf-8")
    return python


def _commands(place: str, python: str, wanted: list[str]) -> list[list[str]]:
    """How to make an environment: with uv, which is faster, if it is beside the running Python or on the path."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv is not None:
        return [
            [uv, "venv", "--clear", "-q", place],
            [uv, "pip", "install", "-q", "--python", python, *wanted],
        ]
    return [
        [sys.executable, "-m", "venv", "--clear", place],
        [python, "-m", "pip", "install", "-q", *wanted],
    ]


def introspected(spec: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What the package says of its classes.

    Raises:
        Failed: it could not be installed, or does not run.
    """
    python = environment(spec, folder)
    facts = _said(python, spec)
    if spec["apps"]:
        _mark_conditional(facts, spec, python)
    return facts


def _mark_conditional(facts: dict[str, Any], spec: dict[str, Any], python: Path) -> None:
    """Note which models are abstract as long as their application is not installed."""
    try:
        bare = _said(python, {**spec, "apps": []})
    except Failed:  # most packages refuse to be imported then
        return
    for name, module in bare["modules"].items():
        abstract = {row["name"] for row in module["classes"] if row.get("abstract")}
        app = max((app for app in spec["apps"] if name.startswith(f"{app}.")), key=len, default=None)
        for row in facts["modules"].get(name, {"classes": ()})["classes"]:
            if row["name"] in abstract and not row["abstract"] and app is not None:
                row["abstract_unless_installed"] = app


def _said(python: Path, spec: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as place:
        wish, answer = Path(place, "spec.json"), Path(place, "facts.json")
        wish.write_text(json.dumps(spec), "utf-8")
        run([str(python), "-m", "sketching.runtime", str(wish), str(answer)], cwd=place)
        return json.loads(answer.read_text("utf-8"))


def run(command: list[str], cwd: str | None = None) -> str:
    """What a command prints.

    Raises:
        Failed: it does not succeed.
    """
    variables = {**os.environ, "PYTHONPATH": str(HERE.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    for name in ("DJANGO_SETTINGS_MODULE", "VIRTUAL_ENV"):
        variables.pop(name, None)
    try:
        result = subprocess.run(
            command, cwd=cwd, env=variables, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"no answer within {_SECONDS} seconds") from None
    if result.returncode:
        lines = (result.stderr or result.stdout).strip().splitlines()
        raise Failed(lines[-1] if lines else f"{command[0]} failed without a message")
    return result.stdout
