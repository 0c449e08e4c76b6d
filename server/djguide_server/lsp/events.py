"""What the event loop and the worker hand to each other: a state to analyse, and what came of it."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from djguide_server.lsp.convert import Shown
from djguide_server.lsp.documents import Document

if TYPE_CHECKING:
    from lsprotocol import types

    from djguide_analyzers.assist.assistant import Assistant
    from djguide_analyzers.engine.report import Problem, ProjectSummary


@dataclass(frozen=True)
class Setup:
    """What a workspace is made from: roots (absolute POSIX paths) and the client's settings."""

    roots: tuple[str, ...]
    settings: dict[str, object]


@dataclass(frozen=True)
class Target:
    """What to analyse. `documents` is by path, the one touched last at the end; `epoch` grows with each target.

    `closed`: the client asks for files that it has not open, so they are checked though nothing is open.
    """

    epoch: int
    setup: Setup
    documents: Mapping[str, Document]
    closed: bool = False


@dataclass(frozen=True, eq=False)
class Result:
    """What was found in one document, at the state of `target`, and the roots that were under analysis."""

    target: Target
    document: Document
    shown: tuple[Shown, ...]
    problems: tuple[types.Diagnostic, ...] = ()
    failure: str | None = None
    roots: tuple[str, ...] = ()

    @property
    def diagnostics(self) -> list[types.Diagnostic]:
        """All diagnostics of the document."""
        return [*(shown.diagnostic for shown in self.shown), *self.problems]


@dataclass(frozen=True)
class Failure:
    """An exception that came out of the analysis; `key` is equal for those from the same place in the code."""

    key: tuple[object, ...]
    summary: str
    detail: str


@dataclass(frozen=True)
class Finished:
    """All documents of `target` were checked. `configuration` holds diagnostics of configuration files by path.

    `broken`: something failed on the way from `target` to here that belongs to no document. `projects` are those
    that were linked by then, and `seconds` is how long all of the work took.
    """

    target: Target
    problems: tuple[Problem, ...]
    configuration: Mapping[str, list[types.Diagnostic]]
    broken: bool = False
    projects: tuple[ProjectSummary, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class Started:
    """There is work; `Finished` follows when all is done."""


@dataclass(frozen=True)
class Linked:
    """The projects were linked: `assistant` answers questions about places in their files."""

    assistant: Assistant


Event = Result | Failure | Finished | Started | Linked


def failure_of(error: Exception, doing: str) -> Failure:
    """An exception as an event."""
    frames = traceback.extract_tb(error.__traceback__)
    place = (frames[-1].filename, frames[-1].lineno) if frames else ()
    summary = f"Internal error while {doing}: {type(error).__name__}: {error}"
    return Failure((type(error).__name__, *place), summary, "".join(traceback.format_exception(error)))
