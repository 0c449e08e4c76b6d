"""Reading a rule's page: the format that ``docs/pages.md`` describes, as data.

A page is Markdown. Its fenced blocks are told apart by their info string:

    ```python shop/models.py            a file of the project that the page is about
    ```python shop/views.py fixed       the same file after the fixes; files without such a block stay as they are
    ```python proof                     code that shows the claim on real Django, see `proofs`
    ```python proof postgresql          the same on PostgreSQL instead of SQLite; both can be named
    ```text                             anything that is only there to be read

A finding of the page's rule begins on each line that ends in the comment ``# finding`` (``# 2 findings`` where
there are several, ``{# finding #}`` in templates), and on no other line. A finding with ends in two files has
``# finding`` where the queryset is built and ``# other end of the finding`` where its rows are read. The
comments are taken out before anything looks at the files. A line ``---`` starts another project.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from djguide_analyzers.rules.base import Rule

SECTIONS = ("Why", "When not to follow it", "Bad", "Good", "Near misses", "Reference")
"""Headings that every page has, in this order; others may stand in between."""

DATABASES = ("sqlite", "postgresql")
"""What proofs run on."""

_FENCE = re.compile(r"(?P<fence>`{3,})(?P<info>.*)")
_COMMENT = r"[ \t]*(?:\{{#|#) ?(?:{}) ?(?:#\}})?$"
_FINDING = re.compile(_COMMENT.format(r"finding|(?P<number>\d+) findings"))
_OTHER_END = re.compile(_COMMENT.format("other end of the finding"))
_HTML_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


class PageError(ValueError):
    """A page that cannot be read; the message names its file and line."""


class Lines(NamedTuple):
    """How many findings begin on the lines of one file (one-based), or have their other end there."""

    owned: Counter[int]
    ends: Counter[int]


@dataclass(frozen=True)
class Marked:
    """A file as its block gives it: the text without the comments that mark findings, and what they say."""

    text: str
    lines: Lines


@dataclass(frozen=True)
class Proof:
    """Code to run, once on each of `databases`; `line` is the page's line (one-based) on which it starts."""

    text: str
    line: int
    databases: tuple[str, ...] = DATABASES[:1]


@dataclass(repr=False)
class PageProject:
    """One project of a page; paths are relative to the project's folder."""

    files: dict[str, Marked] = field(default_factory=dict)
    fixed: dict[str, Marked] = field(default_factory=dict)
    proofs: list[Proof] = field(default_factory=list)

    def before(self) -> dict[str, str]:
        """The texts as they stand."""
        return {path: file.text for path, file in self.files.items()}

    def after(self) -> dict[str, str]:
        """The texts with every fix applied."""
        return {path: file.text for path, file in (self.files | self.fixed).items()}

    def findings_before(self) -> dict[str, Lines]:
        return _findings(self.files)

    def findings_after(self) -> dict[str, Lines]:
        """What is left to find once the fixes are applied: findings without an edit.

        A file that no fix touches keeps its comments about other ends, which are gone if their findings are.
        """
        found = _findings(self.files | self.fixed)
        return found if any(lines.owned for lines in found.values()) else {}


@dataclass
class Page:
    """A page: the text before its first section, the prose of each section, and its projects."""

    path: Path
    title: str
    introduction: str
    sections: dict[str, str]
    projects: list[PageProject]


def _findings(files: dict[str, Marked]) -> dict[str, Lines]:
    return {path: file.lines for path, file in files.items() if file.lines.owned or file.lines.ends}


def header(rule: Rule) -> str:
    """The line of a page that says what `rule` declares."""
    parts = {
        "Severity": rule.severity.value,
        "Fix": rule.safety.value if rule.safety else "none",
        "Default": "on" if rule.default else "off",
        "Django": rule.django or "all versions",
    }
    return " · ".join(f"{name}: **{value}**" for name, value in parts.items())


def read_page(path: Path) -> Page:
    """The page at `path`.

    Raises:
        PageError: a block that is no part of the format, or a page without projects.
    """
    return _Reader(path).read()


def marked(text: str) -> Marked:
    """`text` with its comments that mark findings taken out."""
    owned: Counter[int] = Counter()
    ends: Counter[int] = Counter()
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if match := _FINDING.search(line):
            owned[number] = int(match["number"] or 1)
        elif match := _OTHER_END.search(line):
            ends[number] = 1
        else:
            continue
        lines[number - 1] = line[: match.start()]
    return Marked("\n".join(lines), Lines(owned, ends))


class _Reader:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = path.read_text(encoding="utf-8").split("\n")
        self._title = ""
        self._prose: dict[str, list[str]] = {"": []}
        self._section = ""
        self._projects = [PageProject()]

    def read(self) -> Page:
        number = 0
        while number < len(self._lines):
            line = self._lines[number]
            if match := _FENCE.match(line):
                end = self._end_of_block(number, match["fence"])
                body = "".join(f"{text}\n" for text in self._lines[number + 1 : end])
                self._block(number + 1, match["info"].split(), body)
                number = end + 1
                continue
            self._line(line)
            number += 1
        projects = [project for project in self._projects if project.files]
        if not projects:
            raise PageError(f"{self._path}: there is no project: no block such as ```python shop/models.py")
        prose = {name: _written(lines) for name, lines in self._prose.items()}
        return Page(self._path, self._title, prose.pop(""), prose, projects)

    def _line(self, line: str) -> None:
        if line.startswith("# ") and not self._title:
            self._title = line[2:].strip()
        elif line.startswith("## "):
            self._section = line[3:].strip()
            self._prose.setdefault(self._section, [])
        elif line == "---":
            self._projects.append(PageProject())
        else:
            self._prose[self._section].append(line)

    def _end_of_block(self, start: int, fence: str) -> int:
        try:
            return self._lines.index(fence, start + 1)
        except ValueError:
            raise self._error(start + 1, "the block that starts here has no end") from None

    def _block(self, line: int, info: list[str], body: str) -> None:
        project = self._projects[-1]
        match info:
            case ["text"]:
                pass
            case ["python", "proof", *databases] if set(databases) <= set(DATABASES):
                project.proofs.append(Proof(body, line + 1, tuple(databases) or DATABASES[:1]))
            case [_, path, "fixed"] if "." in path:
                self._add(line, project.fixed, path, body)
                if path not in project.files:
                    raise self._error(line, f"{path} is shown fixed, but there is no such file before")
            case [_, path] if "." in path:
                self._add(line, project.files, path, body)
            case _:
                raise self._error(
                    line,
                    f"```{' '.join(info)} is neither a file, a proof nor ```text: nothing would check it",
                )
        self._prose[self._section].append(f"```{' '.join(info)}")

    def _add(self, line: int, files: dict[str, Marked], path: str, body: str) -> None:
        if path in files:
            raise self._error(line, f"{path} is given twice; a line --- starts another project")
        files[path] = marked(body)

    def _error(self, line: int, message: str) -> PageError:
        return PageError(f"{self._path}:{line}: {message}")


def _written(lines: list[str]) -> str:
    return _HTML_COMMENT.sub("", "\n".join(lines)).strip()
