"""What the command line says about a project: the ground truth that an editor must show."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

Json = dict[str, Any]
Width = Callable[[str], int]
"""How many columns a text takes, in the units an editor counts in."""


def utf8(text: str) -> int:
    return len(text.encode())


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@dataclass(frozen=True)
class FileFindings:
    """The findings that an editor shows in one file."""

    path: str
    text: str
    findings: list[Json]

    @property
    def lines(self) -> list[list[Any]]:
        """``[code, 0-based line]`` of each diagnostic in the file, in order."""
        here = [[finding["code"], finding["range"]["start"]["line"] - 1] for finding in self._standing_here()]
        return sorted(
            here + [[finding["code"], finding["data"]["access"]["line"] - 1] for finding in self._shown_too()]
        )

    def ranges(self, width: Width) -> list[list[Any]]:
        """``[code, line, column, end line, end column]``, 0-based, of the findings whose place is in the file."""
        return sorted(
            [finding["code"], *self.position(start, width), *self.position(end, width)]
            for finding in self._standing_here()
            for start, end in [(finding["range"]["start"], finding["range"]["end"])]
        )

    def position(self, position: Json, width: Width) -> tuple[int, int]:
        """A position of the command line (1-based, in characters) as 0-based line and column."""
        lines = self.text.splitlines()
        line = position["line"] - 1
        before = lines[line][: position["column"] - 1] if line < len(lines) else ""
        return line, width(before)

    def _standing_here(self) -> list[Json]:
        return [finding for finding in self.findings if finding["path"] == self.path]

    def _shown_too(self) -> list[Json]:
        """Findings that stand in another file and whose effect shows in this one."""
        others = [finding for finding in self.findings if finding["path"] != self.path]
        return [
            finding for finding in others if (finding["data"].get("access") or {}).get("path") == self.path
        ]


@dataclass(frozen=True)
class Repair:
    """A fix to apply in an editor to the finding at `start`, with what is to be seen before and after it."""

    title: str
    start: Json
    before: FileFindings
    after: FileFindings

    @property
    def path(self) -> str:
        return self.before.path

    def cursor(self, width: Width) -> tuple[int, int]:
        """The 0-based line and column where the finding starts."""
        return self.before.position(self.start, width)


@dataclass(frozen=True)
class FarRepair:
    """A fix that is offered where the effect of a finding shows, and changes another file, where its cause is.

    Attributes:
        path: The file in which it is offered.
        start: Where, as the command line says it.
        cause: The file that it changes.
        text: What that file holds then.
    """

    title: str
    path: str
    start: Json
    cause: str
    text: str


@dataclass(frozen=True)
class Typed:
    """A fault to type at the end of a file, and its repair."""

    path: str
    text: str
    code: str
    title: str
    repaired: str


TYPED = Typed(
    path="catalog/services.py",
    text="\n\ndef how_many():\n    return len(Product.objects.all())\n",
    code="len-of-queryset",
    title="Use `count()`",
    repaired="\n\ndef how_many():\n    return Product.objects.all().count()\n",
)


def check(djguide: Path, project: Path, environment: dict[str, str]) -> list[Json]:
    """The findings of ``djguide check`` in a project, as JSON objects."""
    command = [djguide, "check", "--output-format", "json", project]
    result = subprocess.run(
        command, env=environment, cwd=project, check=False, capture_output=True, text=True, timeout=300
    )
    assert result.returncode in (0, 1), result.stderr
    return json.loads(result.stdout)["findings"]


def find_repairs(djguide: Path, project: Path, environment: dict[str, str]) -> Iterator[Repair]:
    """For each file the first fix that stays within the file of its finding, one by one."""
    findings = check(djguide, project, environment)
    repaired: set[str] = set()
    for finding in findings:
        path = finding["path"]
        for fix in finding["fixes"]:
            if not fix["edits"] or path in repaired or any(edit["path"] != path for edit in fix["edits"]):
                continue
            repaired.add(path)
            before = FileFindings(path, (project / path).read_text(encoding="utf-8"), findings)
            fixed_text = apply_edits(before.text, fix["edits"])
            with TemporaryDirectory() as folder:
                copy = shutil.copytree(project, Path(folder) / project.name)
                (copy / path).write_text(fixed_text, encoding="utf-8")
                after = FileFindings(path, fixed_text, check(djguide, copy, environment))
            yield Repair(shown_title(fix), finding["range"]["start"], before, after)


def find_far_repair(djguide: Path, project: Path, environment: dict[str, str]) -> FarRepair:
    """The first fix of the project that lies in another Python file than the line its finding shows at."""
    for finding in check(djguide, project, environment):
        access = finding["data"].get("access") or {"path": finding["path"]}
        for step in finding["related"]:
            here = step["path"] == access["path"] and step["range"]["start"]["line"] == access.get("line")
            if here and access["path"].endswith(".py") and access["path"] != finding["path"]:
                fix = next(fix for fix in finding["fixes"] if fix["edits"])
                before = (project / finding["path"]).read_text(encoding="utf-8")
                after = apply_edits(before, fix["edits"])
                title = shown_title(fix)
                return FarRepair(title, access["path"], step["range"]["start"], finding["path"], after)
    raise LookupError("no finding of the project has its cause in another file")


def shown_title(fix: Json) -> str:
    """The title of a fix as editors show it."""
    return fix["title"] if fix["safety"] == "safe" else f"{fix['title']} (please review)"


def apply_edits(text: str, edits: list[Json]) -> str:
    """The text after edits, as the command line describes them."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def offset(position: Json) -> int:
        return starts[position["line"] - 1] + position["column"] - 1

    for edit in sorted(edits, key=lambda edit: offset(edit["range"]["start"]), reverse=True):
        start, end = offset(edit["range"]["start"]), offset(edit["range"]["end"])
        text = text[:start] + edit["text"] + text[end:]
    return text
