"""What the builder needs to know about a project beside its modules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from djguide_analyzers.project.models.evaluation.values import UNKNOWN


class _Mark:
    """The type of `NOT_SET` and `UNSEEN`."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


NOT_SET = _Mark("NOT_SET")
"""A setting that the project's settings leave to Django's default."""
UNSEEN = _Mark("UNSEEN")
"""A setting that nothing which can be read sets, but something that cannot be read may."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why something is not certain, and where that is written: absolute path and one-based line."""

    reason: str
    path: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class AppEntry:
    """One entry of ``INSTALLED_APPS``, and where it is written: absolute path and one-based line.

    `certain` is False for one that may not be installed, `doubt` says why.
    """

    entry: str
    certain: bool = True
    doubt: Doubt | None = None
    path: str | None = None
    line: int | None = None


def _no_doubt(name: str) -> Doubt | None:
    return None


@dataclass(frozen=True)
class ProjectSettings:
    """The settings of one project, as far as they are known.

    Attributes:
        installed_apps: Entries in order; None when none are known, so that every package with models counts as
            installed.
        complete: Whether `installed_apps` is all of them.
        setting: Value of a setting, the likeliest if there are several: plain Python values, `NOT_SET` when
            the project leaves it to Django, `UNSEEN` when that is only likely, `UNKNOWN` when nothing tells.
        doubt: Why the value of a setting is not certain; None where it is.
        open: Why `installed_apps` may not be all of them; None when it is.
    """

    installed_apps: Sequence[AppEntry] | None = None
    complete: bool = False
    setting: Callable[[str], Any] = lambda name: UNKNOWN
    doubt: Callable[[str], Doubt | None] = _no_doubt
    open: Doubt | None = None


def _not_read(name: str) -> Doubt | None:
    return Doubt("no settings were found, so Django's default is assumed")


DEFAULTS = ProjectSettings(setting=lambda name: NOT_SET)
"""The settings of a project that leaves all of them to Django, and whose packages are all installed."""
NO_SETTINGS = ProjectSettings(setting=lambda name: NOT_SET, doubt=_not_read)
"""What holds for a project whose settings were not found: the same, but it is not certain."""
