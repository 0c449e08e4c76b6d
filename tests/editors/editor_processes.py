"""Finding the processes that a test left behind, by a mark in their environment variables."""

from __future__ import annotations

import time
from pathlib import Path

MARK = "DJGUIDE_EDITOR_TEST"


def marked_processes(mark: str, but_not: Path | None = None) -> list[str]:
    """The command lines of the running processes whose variable `MARK` is `mark`.

    Those that run the program `but_not` (an absolute path without links) are left out.
    """
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            variables = (process / "environ").read_bytes().split(b"\0")
            if f"{MARK}={mark}".encode() in variables and (process / "exe").readlink() != but_not:
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it ended meanwhile, or it is another user's
    return found


def remaining_processes(mark: str, *, but_not: Path | None = None, patience: float = 60) -> list[str]:
    """Those that do not end within `patience` seconds."""
    deadline = time.monotonic() + patience
    while (found := marked_processes(mark, but_not)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found
