"""The programs that ``install.sh`` provides; a missing one fails the test that asks for it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


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
    def code_server(self) -> Path:
        return self._existing("node_modules/code-server")

    @property
    def chromium(self) -> Path:
        return Path(shutil.which("chromium") or pytest.fail("chromium is not installed: run install.sh"))

    def _existing(self, name: str) -> Path:
        path = self.folder / name
        if not path.exists():
            pytest.fail(f"{path} is missing: run tests/editors/install.sh {self.folder}")
        return path
