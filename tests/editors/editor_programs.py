"""The programs that ``install.sh`` provides; a missing one fails the test that asks for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = ROOT / "client-config" / "vscode"
ARTEFACTS = ROOT / "artefacts" / "editors"
"""Where pictures of what the tests saw are kept."""
PROBE = Path(__file__).with_name("probe")


class Editors:
    """What ``install.sh`` put into `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    @property
    def node(self) -> Path:
        return self._existing("bin/node")

    @property
    def npm(self) -> Path:
        return self._existing("bin/npm")

    @property
    def nvim(self) -> Path:
        return self._existing("bin/nvim")

    @property
    def emacs(self) -> Path:
        return self._installed("emacs")

    @property
    def vim(self) -> Path:
        return self._installed("vim")

    @property
    def code_server(self) -> Path:
        return self._existing("node_modules/code-server")

    @property
    def chromium(self) -> Path:
        return self._installed("chromium")

    def _installed(self, program: str) -> Path:
        return Path(shutil.which(program) or pytest.fail(f"{program} is not installed: run install.sh"))

    def _existing(self, name: str) -> Path:
        path = self.folder / name
        if not path.exists():
            pytest.fail(f"{path} is missing: run tests/editors/install.sh {self.folder}")
        return path


def run_in(folder: Path, editors: Editors, *command: str | Path, **variables: str) -> None:
    """Run a program of npm's world in a folder; what it printed is the message when it fails."""
    environment = os.environ | {"PATH": f"{editors.node.parent}{os.pathsep}{os.environ['PATH']}"} | variables
    result = subprocess.run(
        command, cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stdout + result.stderr


def build_wheel(folder: Path) -> Path:
    """Build the wheel of djguide from its sources."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*command, "--wheel-dir", folder, ROOT], check=True, timeout=300)
    (wheel,) = folder.glob("djguide-*.whl")
    return wheel


def package_extension(editors: Editors, wheel: Path) -> Path:
    """Make the .vsix file of djguide's extension, as its README says."""
    run_in(EXTENSION, editors, editors.npm, "run", "package", DJGUIDE_WHEEL=str(wheel))
    return EXTENSION / "djguide.vsix"


def package_probe(editors: Editors, folder: Path) -> Path:
    """Make a .vsix file of the extension that runs what the tests send."""
    vsce, file = EXTENSION / "node_modules" / ".bin" / "vsce", folder / "probe.vsix"
    options = ("--no-dependencies", "--allow-missing-repository", "--skip-license", "--out", file)
    run_in(PROBE, editors, vsce, "package", *options)
    return file
