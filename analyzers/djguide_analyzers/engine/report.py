"""What the engine hands to a front end."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol

from msgspec import Struct, field

from djguide_analyzers.engine.baseline import Entry
from djguide_analyzers.rules.finding import Finding, Place


class Problem(Struct, frozen=True):
    """Something that could not be analysed: a broken file, a rule that raised, a mistake in the configuration.

    `kind` is ``syntax``, ``unreadable``, ``configuration``, ``cache`` or ``internal``; `detail` may hold a
    traceback. `place` is None when no file is to blame.
    """

    kind: Literal["syntax", "unreadable", "configuration", "cache", "internal"]
    message: str
    place: Place | None = None
    detail: str = ""


class ProjectSummary(Struct, frozen=True):
    """One Django project as discovered: absolute POSIX paths, dotted settings module."""

    root: str
    settings_module: str | None
    django_version: str | None
    django_version_source: str | None
    environment: str | None
    apps: tuple[str, ...]
    model_count: int


class Stats(Struct):
    """How much work a check was; times in seconds."""

    files: int = 0
    files_parsed: int = 0
    files_from_cache: int = 0
    seconds: float = 0.0
    phases: dict[str, float] = field(default_factory=dict)


class BaselineUse(Struct, frozen=True):
    """A baseline that findings were compared with.

    Attributes:
        path: Its absolute path.
        gone: The entries that no longer occur.
        pruned: Whether they were taken out of the file since.
    """

    path: Path
    gone: tuple[Entry, ...] = ()
    pruned: bool = False


class Report(Struct):
    """The result of a check: findings in order of path and position, with their fingerprints.

    Findings that a baseline holds are in `known` instead of `findings`.
    """

    projects: list[ProjectSummary]
    findings: list[Finding]
    problems: list[Problem]
    stats: Stats
    known: list[Finding] = field(default_factory=list)
    baselines: list[BaselineUse] = field(default_factory=list)


class Steps(Protocol):
    """How a long piece of work reports and may be stopped."""

    def __call__(self, phase: str, done: int, total: int) -> None: ...

    def interrupted(self) -> bool: ...

    def timed(self, phase: str, seconds: float) -> None: ...
