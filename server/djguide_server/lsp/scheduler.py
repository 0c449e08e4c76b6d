"""The worker: one thread that owns the workspace and brings it to what the client has.

The event loop hands over a `Target`, the complete state to analyse. A newer one replaces an older one that
was not started, and interrupts one that is under way, so a burst of edits costs about one analysis.
"""

from __future__ import annotations

import operator
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from djguide_server.lsp.client import ClientFeatures
from djguide_server.lsp.convert import View
from djguide_server.lsp.documents import Document
from djguide_server.lsp.events import (
    Event,
    Finished,
    Linked,
    Result,
    Started,
    Target,
    failure_of,
)
from djguide_server.lsp.pace import Pace
from djguide_server.lsp.roots import project_root

if TYPE_CHECKING:
    from lsprotocol import types

    from djguide_analyzers.assist.assistant import Assistant
    from djguide_analyzers.engine.report import Problem, ProjectSummary
    from djguide_analyzers.engine.workspace import Workspace
    from djguide_analyzers.project.project import Project

PAUSE = 0.05
"""Seconds without news before other files are checked: who types goes on."""
WorkspaceFactory = Callable[[list[Path], dict[str, object]], "Workspace"]
"""Makes a workspace from its roots and the client's settings."""


@dataclass
class _Inbox:
    target: Target | None = None
    on_disk: set[str] = field(default_factory=set)
    calls: list[tuple[Callable[[Workspace], Any], Future[Any]]] = field(default_factory=list)
    stop: bool = False

    def __bool__(self) -> bool:
        return bool(self.stop or self.target or self.on_disk or self.calls)


class Roots:
    """The folders to analyse: the client's, or without any those of the projects that open files belong to.

    A folder stays once it was found: closing a file must not throw its project away.
    """

    def __init__(self) -> None:
        self._of_path: dict[str, str | None] = {}

    def of(self, target: Target) -> tuple[str, ...]:
        """Roots for a target."""
        if target.setup.roots:
            return target.setup.roots
        for path in target.documents:
            if path not in self._of_path:
                self._of_path[path] = project_root(path)
        return tuple(sorted({root for root in self._of_path.values() if root}))


class Worker:
    """Runs the analysis. The public methods are for the event loop's thread, `emit` is called on the worker's.

    `progress` is the current phase, how much of it is done and how much there is; None outside of a long job.
    """

    def __init__(self, make: WorkspaceFactory, client: ClientFeatures, emit: Callable[[Event], None]) -> None:
        self.progress: tuple[str, int, int] | None = None
        self._make = make
        self._client = client
        self._emit = emit
        self._wake = threading.Condition()
        self._inbox = _Inbox()
        self._interrupted = False
        self._pace = Pace()
        self._thread = threading.Thread(target=self._run, name="djguide-analysis", daemon=True)
        self._workspace: Workspace | None = None
        self._target: Target | None = None
        self._roots = Roots()
        self._built_for: tuple[str, ...] = ()
        self._applied: dict[str, Document] = {}
        self._checked: set[str] = set()
        self._broken = False
        self._projects: list[Project] = []
        self._summaries: tuple[ProjectSummary, ...] = ()
        self._began = 0.0
        self._told: dict[str, tuple[list[Any], list[types.Diagnostic]]] = {}
        self._assistant: Assistant | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def submit(self, target: Target, on_disk: Iterable[str] = ()) -> None:
        """Analyse `target` as soon as possible; `on_disk` are paths that changed there."""
        with self._wake:
            self._inbox.target = target
            self._pace.edited(time.perf_counter())
            self._inbox.on_disk.update(on_disk)
            self._interrupted = True
            self._wake.notify()

    def call(self, function: Callable[[Workspace], Any]) -> Future[Any]:
        """Run `function` on the workspace, between two files."""
        future: Future[Any] = Future()
        with self._wake:
            self._inbox.calls.append((function, future))
            self._wake.notify()
        return future

    def stop(self, seconds: float) -> None:
        """Interrupt the work and wait for its end, at most so long."""
        with self._wake:
            self._inbox.stop = True
            self._interrupted = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        working = False
        while not (batch := self._next(idle=not working)).stop:
            if not working and (batch.target or batch.on_disk):
                working, self._began = True, time.perf_counter()
                self._emit(Started())
            begun = time.perf_counter()
            self._apply(batch)
            self._answer(batch.calls)
            applied = time.perf_counter() - begun
            if working and self._pause() and self._check_timed(applied) and self._settle():
                working = False
                self._finish()
        self._close()

    def _pause(self) -> bool:
        """Wait until a burst of edits seems to be over; False when something else comes in."""
        with self._wake:
            seconds = self._pace.pause(time.perf_counter())
            return not seconds or not self._wake.wait_for(lambda: bool(self._inbox), seconds)

    def _check_timed(self, applied: float) -> bool:
        """As `_check`; `applied` is how long it took to take the last edit over."""
        begun = time.perf_counter()
        try:
            return self._check()
        finally:
            ended = time.perf_counter()
            self._pace.checked(ended, applied + ended - begun)

    def _close(self) -> None:
        """Let the workspace write down what it has found."""
        if self._workspace is not None:
            self._guarded("closing the workspace", self._workspace.close)

    def _next(self, *, idle: bool) -> _Inbox:
        """Everything that came in; waits for it when `idle`."""
        with self._wake:
            while idle and not self._inbox:
                self._wake.wait()
            batch, self._inbox = self._inbox, _Inbox()
            self._interrupted = batch.stop
        return batch

    def _apply(self, batch: _Inbox) -> None:
        """Bring the workspace to the state of the batch."""
        if batch.target is None and not batch.on_disk:
            return
        self._checked.clear()
        self._broken = False
        previous, self._target = self._target, batch.target or self._target
        target = self._target
        if target is None:
            return
        roots = self._roots.of(target)
        if (
            self._workspace is None
            or previous is None
            or previous.setup != target.setup
            or roots != self._built_for
        ):
            self._rebuild(target, roots)
        elif batch.on_disk:
            self._guarded("reading changed files", self._workspace.changed_on_disk, sorted(batch.on_disk))
        if self._workspace is not None:
            self._bring(self._workspace, target.documents)

    def _rebuild(self, target: Target, roots: tuple[str, ...]) -> None:
        self._close()
        self._workspace, self._applied, self._built_for = None, {}, roots
        folders = [Path(root) for root in roots]
        self._workspace = self._guarded(
            "opening the workspace", self._make, folders, dict(target.setup.settings)
        )

    def _bring(self, workspace: Workspace, documents: Mapping[str, Document]) -> None:
        for path in [path for path in self._applied if path not in documents]:
            del self._applied[path]
            self._guarded("closing a file", workspace.drop_text, path)
        for path, document in documents.items():
            known = self._applied.get(path)
            if known is document:
                continue
            self._applied[path] = document
            if known is None or known.text != document.text:
                self._guarded("reading an open file", workspace.set_text, path, document.text)
                if self._assistant is not None:
                    self._assistant.edited(path)

    def _guarded(self, doing: str, function: Callable[..., Any], *arguments: object) -> Any:
        """Call `function`; an exception is reported, and None returned."""
        try:
            return function(*arguments)
        except Exception as error:
            self._fail(error, doing)
            return None

    def _fail(self, error: Exception, doing: str) -> None:
        """Report an exception that is the fault of no document."""
        self._broken = True
        self._emit(failure_of(error, doing))

    def _answer(self, calls: list[tuple[Callable[[Workspace], Any], Future[Any]]]) -> None:
        for function, future in calls:
            if not future.set_running_or_notify_cancel():
                continue
            try:
                if self._workspace is None:
                    raise RuntimeError("there is no workspace yet")
                future.set_result(function(self._workspace))
            except Exception as error:
                future.set_exception(error)

    def _check(self) -> bool:
        """Check what is left to check; False when interrupted."""
        target = self._target
        if target is None:
            return True
        view = self._view(target)
        for path in reversed(list(target.documents)):
            if path in self._checked:
                continue
            if self._interrupted or self._inbox.calls:
                return False
            if not self._check_document(target, view, path):
                return False
            self._checked.add(path)
        return not self._interrupted

    def _check_document(self, target: Target, view: View, path: str) -> bool:
        from djguide_analyzers.engine.workspace import Cancelled

        document = target.documents[path]
        if (workspace := self._workspace) is None:
            self._emit(Result(target, document, (), failure="no workspace"))
            return True
        try:
            findings = self._findings(workspace, path)
            shown = tuple(view.findings(path, findings))
            diagnostics = tuple(view.problem(problem) for problem in _configuration_problems(workspace, path))
            self._emit(Result(target, document, shown, diagnostics, roots=view.roots))
        except Cancelled:
            return False
        except Exception as error:
            self._emit(failure_of(error, f"checking {view.name(path)}"))
            self._emit(Result(target, document, (), failure=str(error)))
        return True

    def _findings(self, workspace: Workspace, path: str) -> list[Any]:
        """Findings of one file; the first call reads and links the project."""
        try:
            return workspace.findings(path, progress=self._on_progress, cancelled=self._cancelled)
        finally:
            self.progress = None
            self._guarded("preparing answers", self._assist, workspace)

    def _settle(self) -> bool:
        """Check the files that nobody has open, then those where their findings may end; False when interrupted."""
        from djguide_analyzers.engine.workspace import Cancelled

        workspace, target = self._workspace, self._target
        if workspace is None or target is None or not (target.documents or target.closed):
            return True
        try:
            if workspace.settled:
                return True
            with self._wake:
                if self._wake.wait_for(lambda: bool(self._inbox), PAUSE):
                    return False
            workspace.settle(
                progress=self._on_progress, cancelled=lambda: self._interrupted or bool(self._inbox)
            )
        except Cancelled:
            return False
        except Exception as error:
            self._fail(error, "checking the workspace")
            return True
        finally:
            self.progress = None
        self._checked.clear()
        return self._check()

    def everything(self, workspace: Workspace) -> dict[str, list[types.Diagnostic]]:
        """Diagnostics of all files that are not open, by path; to be called on the worker (`call`)."""
        target = self._target
        if target is None:
            return {}
        findings: dict[str, list[Any]] = {}
        for finding in workspace.known_findings():
            ends = {finding.place.path} | ({finding.access.path} if finding.access is not None else set())
            for path in ends - target.documents.keys():
                findings.setdefault(path, []).append(finding)
        view = self._view(target)
        known = self._told
        self._told = {}
        for path, found in findings.items():
            told = known.get(path)
            if told is None or told[0] != found:
                told = found, [shown.diagnostic for shown in view.findings(path, found)]
            self._told[path] = told
        return {path: diagnostics for path, (_, diagnostics) in self._told.items()}

    def _finish(self) -> None:
        target = self._target
        if target is None:
            return
        problems: tuple[Problem, ...] = ()
        configuration: dict[str, list[types.Diagnostic]] = {}
        try:
            if self._workspace is not None:
                problems = tuple(self._workspace.problems())
            view = self._view(target)
            for problem in filter(_is_configuration, problems):
                if problem.place:
                    configuration.setdefault(problem.place.path, []).append(view.problem(problem))
            for mistake in self._workspace.mistakes() if self._workspace is not None else ():
                path = mistake.place.path
                shown = view.findings(path, [mistake])
                configuration.setdefault(path, []).extend(each.diagnostic for each in shown)
        except Exception as error:
            self._fail(error, "collecting problems")
        seconds = time.perf_counter() - self._began
        self._emit(Finished(target, problems, configuration, self._broken, self._summaries, seconds))

    def _cancelled(self) -> bool:
        return self._interrupted

    def _on_progress(self, phase: str, done: int, total: int) -> None:
        self.progress = (phase, done, total)
        if phase == "checking" and self._workspace is not None:
            self._guarded("preparing answers", self._assist, self._workspace)

    def _assist(self, workspace: Workspace) -> None:
        """Hand over what answers questions, when projects were linked since the last time."""
        projects = workspace.linked()
        if len(projects) == len(self._projects) and all(map(operator.is_, projects, self._projects)):
            return
        from djguide_analyzers.assist.assistant import Assistant
        from djguide_analyzers.engine.diagnosis import summary

        self._projects, self._assistant = projects, Assistant(projects)
        self._summaries = tuple(summary(project) for project in projects)
        self._emit(Linked(self._assistant))

    def _view(self, target: Target) -> View:
        return View(self._client, target.documents, self._built_for, self._read)

    def _read(self, path: str) -> str | None:
        return self._workspace.text(path) if self._workspace else None


def _configuration_problems(workspace: Workspace, path: str) -> list[Problem]:
    """What is wrong with the configuration in the file at `path`."""
    if path.endswith(".py"):
        return []  # no such file holds any, and asking goes through all files, with every keystroke
    found = filter(_is_configuration, workspace.problems())
    return [problem for problem in found if problem.place is not None and problem.place.path == path]


def _is_configuration(problem: Problem) -> bool:
    return problem.kind == "configuration"
