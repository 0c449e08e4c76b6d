"""Helpers shared by the tests of project discovery: a tree of files on the disk."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent


def write(root: Path, files: dict[str, str]) -> str:
    """Write `files` (relative path to text, common indentation removed) below `root`; the root as POSIX path."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    return root.as_posix()
