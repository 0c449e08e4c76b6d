"""A workspace whose findings are the words of the text, and the server with it on standard input and output.

======== =====================================================================================
word     what is found
======== =====================================================================================
teh      ``misspelt``, with a safe fix, one to review and an advice
adn      ``joined``: as `teh`, but its safe fix also takes the word before it
near     ``near``: owner on the first line of the same file, shown at the word
far      ``far``: owner at the word ``owner`` of ``owner.py`` beside the file; the safe fix is there
boom     analysis raises
wait     analysis goes on until it is cancelled, or a file ``go`` stands beside the file
======== =====================================================================================

A ``pyproject.toml`` with the word ``mistake`` is a configuration problem.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import cast

from djguide_analyzers.engine.report import Problem
from djguide_analyzers.engine.workspace import Cancelled, Progress, Workspace
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.finding import Confidence, Finding, Fix, Place, Related, Safety, Severity
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import LineIndex, Position, Range

WORD = re.compile(r"\b(teh|adn|near|far|boom|wait)\b")


class FakeWorkspace:
    """The part of `Workspace` that a language server uses."""

    def __init__(self, roots: Iterable[Path], settings: dict[str, object]) -> None:
        self.roots = [root.as_posix() for root in roots]
        self.settings = settings
        self.texts: dict[str, str] = {}
        self.log: list[list[object]] = []
        if settings.get("refuse"):
            raise ValueError("refused to start")

    def set_text(self, path: str, text: str) -> None:
        self.texts[path] = text
        self.log.append(["set_text", path, text])

    def drop_text(self, path: str) -> None:
        del self.texts[path]
        self.log.append(["drop_text", path])

    def close(self) -> None:
        self.log.append(["close"])

    def changed_on_disk(self, paths: Iterable[str]) -> None:
        self.log.append(["changed_on_disk", *paths])

    def text(self, path: str) -> str | None:
        try:
            return self.texts[path] if path in self.texts else Path(path).read_text(encoding="utf-8")
        except OSError:
            return None

    @property
    def settled(self) -> bool:
        return not self.settings.get("unsettled") or ["settle"] in self.log

    def settle(
        self, *, progress: Progress | None = None, cancelled: Callable[[], bool] | None = None
    ) -> None:
        if progress:
            progress("checking", 1, 4)
        self.log.append(["settle"])

    def findings(
        self, path: str, *, progress: Progress | None = None, cancelled: Callable[[], bool] | None = None
    ) -> list[Finding]:
        if progress:
            progress("reading", 1, 4)
        text = self.text(path) or ""
        self.log.append(["begin", path, text])
        while re.search(r"\bwait\b", text) and not (Path(path).parent / "go").exists():
            if cancelled and cancelled():
                self.log.append(["cancelled", path])
                raise Cancelled
            time.sleep(0.002)
        paths = self._paths(path) if self.settled else [path]
        found = [finding for other in paths for finding in self._in_file(other)]
        self.log.append(["end", path, text])
        return [f for f in found if path in (f.place.path, f.access.path if f.access else f.place.path)]

    def known_findings(self) -> list[Finding]:
        return [
            finding
            for root in self.roots
            for path in sorted(Path(root).glob("*.py"))
            for finding in self._in_file(path.as_posix())
        ]

    def mistakes(self) -> list[Finding]:
        return []

    def linked(self) -> list[Project]:
        return []

    def problems(self) -> list[Problem]:
        found = []
        for root in self.roots:
            path = f"{root}/pyproject.toml"
            if (text := self.text(path)) and (at := text.find("mistake")) >= 0:
                index = LineIndex(text)
                place = Place(path, Range(index.position(at), index.position(at + 7)))
                found.append(Problem("configuration", "there is a mistake", place))
        return found

    def doctor(self) -> dict[str, object]:
        return {"roots": self.roots, "settings": self.settings, "log": self.log}

    def _paths(self, path: str) -> list[str]:
        return sorted(
            {path}
            | {other for other in self.texts if Path(other).parent == Path(path).parent}
            | {other.as_posix() for other in Path(path).parent.glob("*.py")}
        )

    def _in_file(self, path: str) -> Iterator[Finding]:
        text = self.text(path) or ""
        index = LineIndex(text)
        for match in WORD.finditer(text):
            start, end = index.position(match.start()), index.position(match.end())
            place = Place(path, Range(start, end))
            if match[0] == "boom":
                raise RuntimeError(f"boom in {Path(path).name}")
            if match[0] == "near":
                yield _finding("near", Place(path, Range(Position(0, 0), Position(0, 3))), place)
            elif match[0] == "far":
                yield from self._far(place)
            elif match[0] == "teh":
                yield _finding("misspelt", place, None, _fixes(place, "the"))
            elif match[0] == "adn":
                before = index.position(text.rfind(" ", 0, max(0, match.start() - 1)) + 1)
                yield _finding("joined", place, None, _fixes(Place(path, Range(before, end)), "and"))

    def _far(self, access: Place) -> Iterator[Finding]:
        path = (Path(access.path).parent / "owner.py").as_posix()
        if (text := self.text(path)) is None or (at := text.find("owner")) < 0:
            return
        index = LineIndex(text)
        owner = Place(path, Range(index.position(at), index.position(at + 5)))
        fix = Fix("Repair the owner", Safety.SAFE, (Edit(path, owner.range, "repaired\n"),))
        yield _finding("far", owner, access, (fix,))


def _finding(code: str, place: Place, access: Place | None, fixes: tuple[Fix, ...] = ()) -> Finding:
    related = (Related("seen here too", place),) if code == "misspelt" else ()
    return Finding(
        code, "spelling", Severity.WARNING, Confidence.PROVEN, f"{code} word", place, access, related, fixes
    )


def _fixes(place: Place, text: str) -> tuple[Fix, ...]:
    return (
        Fix("Remove it", Safety.REVIEW, (Edit(place.path, place.range, ""),)),
        Fix(f"Replace with {text}", Safety.SAFE, (Edit(place.path, place.range, text),)),
        Fix("Learn to spell", Safety.MANUAL),
    )


def make(roots: list[Path], settings: dict[str, object]) -> Workspace:
    """The factory that the server takes."""
    return cast("Workspace", FakeWorkspace(roots, settings))


def main() -> None:
    """Serve; with ``--tcp`` on any free port."""
    from djguide_server.lsp import status, transport

    status.LONG_WORK_SECONDS = float(os.environ.get("LONG_WORK_SECONDS", status.LONG_WORK_SECONDS))
    from djguide_server.lsp import handlers
    from djguide_server.lsp.server import create_server

    handlers.FIX_ALL_SECONDS = float(os.environ.get("FIX_ALL_SECONDS", handlers.FIX_ALL_SECONDS))

    if "--tcp" in sys.argv:
        raise SystemExit(transport.run_tcp(lambda: create_server(make), "127.0.0.1", 0))
    raise SystemExit(transport.run_stdio(lambda: create_server(make)))


if __name__ == "__main__":
    main()
