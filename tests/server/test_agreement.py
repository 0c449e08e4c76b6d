"""The editor and the command line tell the same findings and offer the same edits."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from agreement import Difference, compare
from lsp_client import REPOSITORY

CORPUS = os.environ.get("DJGUIDE_CORPUS", "")
"""Folders of projects to compare as well, separated as in PATH."""
NOTHING = Difference([], [])


def test_on_the_shop(tmp_path: Path) -> None:
    shop = shutil.copytree(REPOSITORY / "tests" / "projects" / "shop", tmp_path / "shop")
    found = compare(shop, tmp_path / "cache")
    assert found.difference == NOTHING
    assert found.findings > 10 and found.fixes > 10


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS, reason="DJGUIDE_CORPUS names no projects")
@pytest.mark.parametrize("folder", CORPUS.split(os.pathsep))
def test_on_real_projects(folder: str, tmp_path: Path) -> None:
    found = compare(Path(folder).resolve(), tmp_path / "cache")
    print(f"{folder}: {found.findings} findings, {found.fixes} fixes")
    assert found.difference == NOTHING
