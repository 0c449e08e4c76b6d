"""What is measured on a project: djguide's figures, each beside the bar that it has to keep below."""

from __future__ import annotations

import shutil
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import editing
import whole
from client import ServerGone
from editing import Session
from generate import generate

SIZES = (300, 1000, 3000)
"""Lines of the files to type in, about."""
OWN = "djguide"
TYPES = "ty"
FLOOR = "pygls + ast"
FEW_APPS = 10
"""Applications of the smaller generated project."""


class Row(NamedTuple):
    """What is measured, what came out, and the bar, with what it is made from."""

    measure: str
    own: str
    bar: str


class Measures:
    """The measurements on a copy of a project that may be written to; medians of `runs` of them.

    Args:
        scratch: A folder for caches and generated projects.
        servers: How to start each server, by its name: djguide's, and those of the peers.
        keystrokes: How many in a session.
        apps: Applications of the larger project that is generated.
    """

    def __init__(
        self, root: Path, scratch: Path, servers: dict[str, list[str]], runs: int, keystrokes: int, apps: int
    ) -> None:
        self._root = root
        self._scratch = scratch
        self._servers = servers
        self._runs = runs
        self._keystrokes = keystrokes
        self._apps = apps

    def starting(self) -> list[Row]:
        """From the start of the process to the first findings."""
        path = file_of(self._root, SIZES[1])
        floor = self._median(lambda: self._first(FLOOR, path))
        cold = self._median(lambda: self._first(OWN, path, cold=True))
        self._first(OWN, path, rest=True)  # warm is what a session leaves that has seen the whole project
        warm = self._median(lambda: self._first(OWN, path))
        others = {
            name: self._median(lambda name=name: self._first(name, path))
            for name in self._servers
            if name not in (OWN, FLOOR)
        }
        multiples = ", ".join(
            f"{warm / seconds:.1f} x {name} ({seconds:.2f} s)" for name, seconds in others.items()
        )
        return [
            Row("start to first findings, cold", f"{cold:.2f} s", f"{3 * floor:.2f} s (3 x {FLOOR})"),
            Row("the same, warm", f"{warm:.2f} s", f"{2 * floor:.2f} s (2 x {FLOOR})"),
            Row("the same, as multiples", multiples, ""),
        ]

    def typing(self) -> Iterator[Row]:
        """Keystrokes and bursts by size of the file, and the questions of a cursor."""
        for path in dict.fromkeys(file_of(self._root, lines) for lines in SIZES):
            sessions = {name: self._sessions(name, path) for name in self._servers}
            yield from _of_sessions(_line_count(path), sessions)

    def checking(self) -> list[Row]:
        """Checks of the whole project, in two processes."""
        changed = file_of(self._root, SIZES[0])
        found = [whole.measured(self._root, changed, self._scratch / "check") for _ in range(self._runs)]
        parse = statistics.median(each.parse for each in found)
        checks: list[tuple[str, float, list[whole.Cost]]] = [
            ("whole check, cold", 2.5, [each.cold for each in found]),
            ("whole check, warm", 0.15, [each.warm for each in found]),
            ("whole check, one file changed", 0.25, [each.one_changed for each in found]),
        ]
        rows = [Row(f"`ast.parse` of all {found[0].files} files", f"{parse:.2f} s", "")]
        for name, bar, costs in checks:
            wall, cpu = (statistics.median(each) for each in zip(*costs, strict=True))
            rows.append(
                Row(name, f"{wall:.2f} s (CPU {cpu:.2f} s)", f"{bar * parse:.2f} s ({bar} x `ast.parse`)")
            )
        return rows

    def growing(self) -> list[Row]:
        """A few generated applications, and many."""
        many = self._apps
        costs: list[float] = []
        keystrokes: list[float] = []
        for count in (FEW_APPS, many):
            root = self._scratch / f"apps-{count}"
            path = generate(root, count)
            costs.append(whole.measured(root, path, self._scratch / "check").cold.cpu)
            sessions = self._sessions(OWN, path, root)
            keystrokes.append(_median(sessions, lambda each: statistics.median(each.keystrokes)))
        return [
            Row(
                f"cold check of {FEW_APPS}, {many} generated apps",
                _listed(costs, "{:.1f}") + " s CPU",
                f"{many / FEW_APPS * costs[0]:.1f} s",
            ),
            Row(
                f"keystroke in {FEW_APPS}, {many} of them",
                _listed(keystrokes) + " ms",
                f"{1.5 * keystrokes[0]:.0f} ms",
            ),
        ]

    def _sessions(self, name: str, path: Path, root: Path | None = None) -> list[Session]:
        found: list[Session] = []
        for _ in range(self._runs):
            try:
                command, around = self._servers[name], root or self._root
                found.append(editing.session(command, around, path, self._environment(), self._keystrokes))
            except ServerGone:
                print(f"{name} did not answer on {path.name}", file=sys.stderr)
        return found

    def _first(self, name: str, path: Path, *, cold: bool = False, rest: bool = False) -> float:
        if cold:
            shutil.rmtree(self._scratch / "server", ignore_errors=True)
        command, environment = self._servers[name], self._environment()
        return editing.first_diagnostics(command, self._root, path, environment, rest=rest) / 1e3

    def _environment(self) -> dict[str, str]:
        return {"XDG_CACHE_HOME": (self._scratch / "server").as_posix()}

    def _median(self, measure: Callable[[], float]) -> float:
        return statistics.median(measure() for _ in range(self._runs))


def file_of(root: Path, lines: int) -> Path:
    """The file of `root` that comes nearest to that many lines, and has a function to type in."""

    def distance(path: Path) -> int:
        return abs(_line_count(path) - lines)

    return next(path for path in sorted(whole.python_files(root), key=distance) if _has_place(path))


def _line_count(path: Path) -> int:
    return path.read_bytes().count(b"\n")


def _has_place(path: Path) -> bool:
    try:
        editing.typing_place(path.read_text("utf-8"))
    except (SyntaxError, ValueError):
        return False
    return True


def _of_sessions(lines: int, results: dict[str, list[Session]]) -> list[Row]:
    def of(name: str, pick: Callable[[Session], float]) -> float:
        return _median(results[name], pick)

    keys = {name: of(name, lambda each: statistics.median(each.keystrokes)) for name in results}
    own, bar = keys[OWN], min(keys[TYPES], 3 * keys[FLOOR])
    others = ", ".join(f"{name} {keys[name]:.0f}" for name in results if name != OWN)
    worst = of(OWN, lambda each: _percentile(each.keystrokes, 99))
    settled = of(OWN, lambda each: each.settled)
    cpu, cpu_bar = of(OWN, lambda each: each.burst_cpu), 1.5 * of(TYPES, lambda each: each.burst_cpu)
    asked = [
        of(OWN, lambda e, n=n: statistics.median(getattr(e, n))) for n in ("actions", "hovers", "completions")
    ]
    peak, peak_bar = of(OWN, lambda each: each.peak), 2.5 * of(TYPES, lambda each: each.peak)
    idle = of(OWN, lambda each: each.idle_cpu)
    return [
        Row(f"keystroke to findings, {lines} lines", f"{own:.0f} ms", f"{bar:.0f} ms ({others})"),
        Row("the same, 99th percentile", f"{worst:.0f} ms", f"{3 * own:.0f} ms (3 x the median)"),
        Row("200 edits at once, to settle", f"{settled:.0f} ms", f"{2 * own:.0f} ms (2 x one edit)"),
        Row("the same, CPU", f"{cpu:.1f} s", f"{cpu_bar:.1f} s (1.5 x {TYPES})"),
        Row("code actions, hover, completion", _listed(asked) + " ms", "20, 30, 50 ms"),
        Row("memory, at most", f"{peak:.0f} MB", f"{peak_bar:.0f} MB (2.5 x {TYPES})"),
        Row("idle, CPU per minute", f"{idle:.2f} s", "0 s"),
    ]


def _median(sessions: Sequence[Session], pick: Callable[[Session], float]) -> float:
    return statistics.median(pick(each) for each in sessions) if sessions else float("nan")


def _percentile(values: Sequence[float], percent: int) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]


def _listed(values: Sequence[float], form: str = "{:.0f}") -> str:
    return ", ".join(form.format(value) for value in values)
