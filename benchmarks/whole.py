"""What checks of a whole project cost, beside parsing the same files."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from client import surroundings
from editing import typing_place

_PARSE = """
import ast, sys, time, warnings
warnings.simplefilter("ignore")
texts = [open(path, "rb").read() for path in sys.stdin.read().splitlines()]
start = time.process_time()
for text in texts:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        pass
print(time.process_time() - start)
"""
_SKIPPED = {"node_modules", "site-packages", "venv", "build", "dist"}


class Cost(NamedTuple):
    """Seconds on the clock, and of processor time in all processes."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Whole:
    """`parse` is what one process needs to parse all files; the others are checks in two processes."""

    files: int
    parse: float
    cold: Cost
    warm: Cost
    one_changed: Cost


def python_files(root: Path) -> list[Path]:
    """Those of a project, without what is hidden or installed there."""
    return [
        path
        for path in sorted(root.rglob("*.py"))
        if not any(part in _SKIPPED or part.startswith(".") for part in path.relative_to(root).parts)
    ]


def measured(root: Path, changed: Path, cache: Path) -> Whole:
    """Check the project at `root` cold, again, and again after an edit in a function of the file at `changed`.

    `root` must be a copy that may be written to; `cache` a folder that may be removed.
    """
    files = python_files(root)
    parse = _parse(files)
    shutil.rmtree(cache, ignore_errors=True)
    cold, warm = _check(root, cache), _check(root, cache)
    before = changed.read_text("utf-8")
    changed.write_text(_edited(before), "utf-8")
    try:
        one_changed = _check(root, cache)
    finally:
        changed.write_text(before, "utf-8")
    return Whole(len(files), parse, cold, warm, one_changed)


def _edited(text: str) -> str:
    line, column = typing_place(text)
    lines = text.splitlines(keepends=True)
    return "".join([*lines[:line], " " * column + "print()\n", *lines[line:]])


def _parse(files: list[Path]) -> float:
    names = "\n".join(path.as_posix() for path in files)
    done = subprocess.run(
        [sys.executable, "-c", _PARSE], input=names, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def _check(root: Path, cache: Path) -> Cost:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "djguide_server", "check", root.as_posix(), "--jobs", "2", "--exit-zero"]
    environment = surroundings({"XDG_CACHE_HOME": cache.as_posix()})
    subprocess.run(
        [*command, "--output-format", "json"], env=environment, stdout=subprocess.DEVNULL, check=True
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
