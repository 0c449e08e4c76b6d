"""Waiting for files to change, for ``check --watch``.

The folders are looked at again and again: that works on every file system, also on those that containers and
virtual machines share, where systems tell of no changes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

INTERVAL = 0.7
"""Seconds between two looks."""
_SKIPPED = {"__pycache__", "node_modules", "site-packages", "build", "dist"}
_LOOKED_AT = (
    ".py",
    ".pyi",
    ".html",
    ".htm",
    ".djhtml",
    ".jinja",
    ".jinja2",
    ".j2",
    ".txt",
    ".xml",
    ".toml",
    ".cfg",
    ".json",
)

State = dict[str, tuple[int, int]]
"""Time of modification (nanoseconds) and size (bytes) by absolute POSIX path."""


def state_of(folders: Sequence[Path]) -> State:
    """The files below `folders` that analysis may read; hidden folders and environments are left out."""
    return {path: stamp for folder in folders for path, stamp in _files(folder.as_posix())}


def wait_for_change(folders: Sequence[Path], before: State) -> tuple[State, list[str]]:
    """Wait until something differs from `before`; the new state, and the paths that were written or deleted."""
    while True:
        time.sleep(INTERVAL)
        now = state_of(folders)
        if changed := sorted(
            path for path in before.keys() | now.keys() if before.get(path) != now.get(path)
        ):
            return now, changed


def _files(folder: str) -> Iterator[tuple[str, tuple[int, int]]]:
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except OSError:  # gone or forbidden
        return
    if any(entry.name == "pyvenv.cfg" for entry in found):
        return
    for entry in found:
        try:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _SKIPPED and not entry.name.startswith("."):
                    yield from _files(f"{folder}/{entry.name}")
            elif entry.name.endswith(_LOOKED_AT):
                status = entry.stat()
                yield f"{folder}/{entry.name}", (status.st_mtime_ns, status.st_size)
        except OSError:  # went away in between
            continue
