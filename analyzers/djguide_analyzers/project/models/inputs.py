"""What the builder needs to know about a project beside its modules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from djguide_analyzers.project.models.evaluation.values import UNKNOWN


class _NotSet:
    """The type of `NOT_SET`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "NOT_SET"


NOT_SET = _NotSet()
"""A setting that the project's settings certainly leave to Django's default."""


@dataclass(frozen=True, slots=True)
class AppEntry:
    """One entry of ``INSTALLED_APPS``; `certain` is False for one that is only there under a condition."""

    entry: str
    certain: bool = True


@dataclass(frozen=True)
class ProjectSettings:
    """The settings of one project, as far as they are known.

    Attributes:
        installed_apps: Entries in order; None when no settings were found, so that every package with models
            counts as installed.
        complete: Whether `installed_apps` is all of them.
        setting: Value of a setting: plain Python values, `NOT_SET` when the project leaves it to Django,
            `UNKNOWN` when it cannot be known.
    """

    installed_apps: Sequence[AppEntry] | None = None
    complete: bool = False
    setting: Callable[[str], Any] = lambda name: UNKNOWN
