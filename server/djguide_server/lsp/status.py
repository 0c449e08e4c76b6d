"""What the user can see of the server itself: progress of long work, its health, and its errors, each once."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Protocol

from lsprotocol import types

from djguide_analyzers.engine.report import Problem
from djguide_server.lsp.events import Failure, Finished, Result

LONG_WORK_SECONDS = 0.5
"""Shorter work is not shown."""
_REPORT_EVERY_SECONDS = 0.2


class ProgressSink(Protocol):
    """The parts of pygls' progress that are used."""

    async def create_async(self, token: str) -> object: ...
    def begin(self, token: str, value: types.WorkDoneProgressBegin) -> None: ...
    def report(self, token: str, value: types.WorkDoneProgressReport) -> None: ...
    def end(self, token: str, value: types.WorkDoneProgressEnd) -> None: ...


class ProgressReporter:
    """Shows work that takes longer than half a second. `current` gives phase, done and total, or None."""

    def __init__(self, sink: ProgressSink, current: Callable[[], tuple[str, int, int] | None]) -> None:
        self._sink = sink
        self._current = current
        self._task: asyncio.Task[None] | None = None

    def started(self) -> None:
        """Work began."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._show())

    def finished(self) -> None:
        """Work ended."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _show(self) -> None:
        await asyncio.sleep(LONG_WORK_SECONDS)
        token = f"djguide-{uuid.uuid4()}"
        try:
            await self._sink.create_async(token)
        except Exception:
            return  # The client does not want to show it.
        self._sink.begin(
            token, types.WorkDoneProgressBegin(title="djguide", message="analysing", percentage=0)
        )
        try:
            while True:
                if (current := self._current()) is not None:
                    self._sink.report(token, _report(*current))
                await asyncio.sleep(_REPORT_EVERY_SECONDS)
        finally:
            self._sink.end(token, types.WorkDoneProgressEnd())


def _report(phase: str, done: int, total: int) -> types.WorkDoneProgressReport:
    percentage = max(0, min(100, done * 100 // total)) if total > 0 else None
    return types.WorkDoneProgressReport(message=f"{phase} {done}/{total}", percentage=percentage)


class Health:
    """Remembers what went wrong. `log` is called once for each thing, `notify` when the state changes.

    `notify` takes the parameters of an ``experimental/serverStatus`` notification.
    """

    def __init__(
        self,
        log: Callable[[types.MessageType, str], None],
        notify: Callable[[dict[str, object]], None] | None,
    ) -> None:
        self._log = log
        self._notify = notify
        self._failures: dict[tuple[object, ...], Failure] = {}
        self._failing: set[str] = set()
        self._told: set[Problem] = set()
        self._problems: tuple[Problem, ...] = ()
        self._broken = False
        self._sent: dict[str, object] | None = None

    def failed(self, failure: Failure) -> None:
        """An exception came out of the analysis."""
        if failure.key not in self._failures:
            self._failures[failure.key] = failure
            self._log(types.MessageType.Error, f"{failure.summary}\n{failure.detail}")

    def checked(self, result: Result) -> None:
        """A document was checked."""
        change = self._failing.add if result.failure else self._failing.discard
        change(result.document.uri)

    def forget(self, uri: str) -> None:
        """A document was closed."""
        self._failing.discard(uri)

    def still_working(self) -> None:
        """The work takes long enough to be noticed."""
        self._send(quiescent=False)

    def finished(self, event: Finished) -> None:
        """All documents were checked."""
        self._problems, self._broken = event.problems, event.broken
        for problem in event.problems:
            if problem.kind == "syntax":
                continue  # Half-typed code is the normal state of an editor.
            key = Problem(problem.kind, problem.message, problem.place)
            if key not in self._told:
                self._told.add(key)
                self._log(_level(problem), _describe(problem))
        self._send(quiescent=True)

    def _send(self, *, quiescent: bool) -> None:
        if self._notify is None:
            return
        serious = [problem for problem in self._problems if problem.kind != "syntax"]
        failed = self._failing or (self._broken and quiescent)
        health = "error" if failed else "warning" if serious else "ok"
        messages = [next(reversed(self._failures.values())).summary] if failed and self._failures else []
        messages += [_describe(problem) for problem in serious]
        status: dict[str, object] = {
            "health": health,
            "quiescent": quiescent,
            "message": "\n".join(messages) or None,
        }
        if status != self._sent:
            self._sent = status
            self._notify(status)


def overview(event: Finished) -> dict[str, object]:
    """Parameters of a ``djguide/overview`` notification: what is under analysis, and how long that took.

    Paths are absolute and in POSIX form; what is not known is None.
    """
    projects = [
        {
            "root": project.root,
            "settingsModule": project.settings_module,
            "djangoVersion": project.django_version,
            "environment": project.environment,
            "models": project.model_count,
        }
        for project in event.projects
    ]
    return {"projects": projects, "seconds": round(event.seconds, 2)}


def _level(problem: Problem) -> types.MessageType:
    return types.MessageType.Error if problem.kind == "internal" else types.MessageType.Warning


def _describe(problem: Problem) -> str:
    if problem.place is None:
        return problem.message
    return f"{problem.place.path}:{problem.place.range.start.line + 1}: {problem.message}"
