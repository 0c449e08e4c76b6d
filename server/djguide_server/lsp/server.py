"""The server object: connects what the client says with the worker, and what the worker finds with the client.

Everything here runs on the event loop's thread and only moves data; the analysis is the worker's.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import FeatureNotificationError, JsonRpcException
from pygls.lsp.server import LanguageServer

from djguide_analyzers import __version__
from djguide_server.lsp import handlers, settings
from djguide_server.lsp.client import ClientFeatures
from djguide_server.lsp.diagnostics import Channel, PullChannel, PushChannel
from djguide_server.lsp.documents import Document, Documents
from djguide_server.lsp.events import Event, Failure, Finished, Linked, Result, Setup, Started, Target
from djguide_server.lsp.lenses import lenses
from djguide_server.lsp.lifecycle import ClientLogHandler, route_logging
from djguide_server.lsp.protocol import Protocol
from djguide_server.lsp.questions import Questions
from djguide_server.lsp.scheduler import Worker, WorkspaceFactory
from djguide_server.lsp.status import LONG_WORK_SECONDS, Health, ProgressReporter, overview
from djguide_server.lsp.workspace_diagnostics import Report, WorkspaceDiagnostics

if TYPE_CHECKING:
    from djguide_analyzers.engine.workspace import Workspace

CONFIGURATION_SECONDS = 2.0
"""How long the first analysis waits for the client's settings."""
STOP_SECONDS = 2.0
_MESSAGE_TYPES = {logging.ERROR: types.MessageType.Error, logging.WARNING: types.MessageType.Warning}


def default_workspace(roots: list[Path], options: dict[str, object]) -> Workspace:
    """The real workspace; its import is the worker's."""
    from djguide_analyzers.engine.workspace import Workspace

    return Workspace(roots, settings=options)


def create_server(workspace_factory: WorkspaceFactory = default_workspace) -> DjguideServer:
    """A server with all its handlers, not connected yet."""
    server = DjguideServer(workspace_factory)
    handlers.register(server)
    return server


class DjguideServer(LanguageServer):
    """State of one session.

    Attributes:
        client: What the client can do; defaults until `initialize`.
        documents: What it has open.
        roots: Paths of its folders by their address.
        results: What was last found, by path, for documents that are open.
        questions: Where requests about a place in a document are answered.
        deleted: Paths of open documents whose file is gone.
        lenses: The code lenses last told, by address.
        ended: Set when nothing of the session runs any more.
    """

    protocol: Protocol  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(self, workspace_factory: WorkspaceFactory) -> None:
        super().__init__("djguide", __version__, protocol_cls=Protocol)
        self.client = ClientFeatures()
        self.documents = Documents()
        self.roots: dict[str, str] = {}
        self.settings: dict[str, object] = {}
        self.results: dict[str, Result] = {}
        self.deleted: set[str] = set()
        self.lenses: dict[str, list[types.CodeLens]] = {}
        self.worker: Worker | None = None
        self.questions = Questions()
        self.ended = threading.Event()
        self.channel: Channel = PushChannel(self.text_document_publish_diagnostics)
        self.workspace_diagnostics = WorkspaceDiagnostics(
            self._everything, lambda path: self.documents.by_path(path) is not None, self._send_partial
        )
        self._factory = workspace_factory
        self._health = Health(self.log, None)
        self._progress: ProgressReporter | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._epoch = 0
        self._closed_asked_for = False
        self._waiting: set[asyncio.Future[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Future[int] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    # The connection

    def attach(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[int]:
        """Use `loop`; the future is done with the exit code when the server should end."""
        self._loop = loop
        self._stopped = loop.create_future()
        route_logging(ClientLogHandler(loop, lambda level, text: self.log(_message_type(level), text)))
        return self._stopped

    def receive(self, message: object) -> None:
        """Handle one decoded message; nothing it causes may end the loop."""
        try:
            self.protocol.receive(message)
        except Exception:
            logging.getLogger(__name__).exception("A message could not be handled")

    def stop(self, code: int) -> None:
        """End the session with an exit code."""
        if self._stopped is not None and not self._stopped.done():
            self._stopped.set_result(code)

    def stop_working(self) -> None:
        """End the worker; waits for it a little."""
        self.questions.stop()
        if self.worker is not None:
            self.worker.stop(STOP_SECONDS)

    def _background_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logging.getLogger(__name__).error("Background work failed: %r", error)

    def log(self, level: types.MessageType, text: str) -> None:
        """Write to the client's log."""
        self.window_log_message(types.LogMessageParams(level, text))

    def report_server_error(self, error: Exception, source: type[Exception]) -> None:
        """Log an exception of a notification's handler; pygls answers requests, and logs all others, itself."""
        if source is FeatureNotificationError:
            logging.getLogger(__name__).error("%s: %s", error, getattr(error, "data", None))

    # The analysis

    def configure_client(self, client: ClientFeatures) -> None:
        """Take the client's abilities into account."""
        self.client = client
        if client.pull_diagnostics:
            self.channel = PullChannel(self._refresh)
        self._health = Health(self.log, self._send_status if client.status else None)

    async def start_working(self) -> None:
        """Get the settings, then start to analyse."""
        if self.client.configuration:
            await self.fetch_settings(CONFIGURATION_SECONDS)
        if self.worker is None:
            self.worker = worker = Worker(self._factory, self.client, self._emit)
            if self.client.progress:
                self._progress = ProgressReporter(self.work_done_progress, lambda: worker.progress)
            worker.start()
            self.submit()

    async def fetch_settings(self, seconds: float | None = None) -> None:
        """Ask the client for its settings; returns after `seconds` at the latest, an answer still counts then."""
        request = self.protocol.send_request_async(
            types.WORKSPACE_CONFIGURATION, settings.configuration_request()
        )
        use = asyncio.ensure_future(self._use_answer(request))
        self._tasks.add(use)
        use.add_done_callback(self._background_done)
        await asyncio.wait([use], timeout=seconds)

    async def _use_answer(self, request: asyncio.Future[Any]) -> None:
        try:
            self.use_settings(settings.requested_settings(await request))
        except JsonRpcException:
            return  # The client would not say: what was known before holds.

    def use_settings(self, found: dict[str, object]) -> None:
        """Analyse with these settings from now on."""
        if found != self.settings:
            self.settings = found
            self.submit()

    def submit(self, on_disk: Iterable[str] = ()) -> None:
        """Something changed: analyse the state as it is now."""
        if self.worker is None:
            return
        self._epoch += 1
        self.workspace_diagnostics.changed()
        opened = {p: d for p, d in self.documents.on_disk().items() if p not in self.deleted}
        self.channel.changed(opened)
        setup = Setup(tuple(dict.fromkeys(self.roots.values())), self.settings)
        self.worker.submit(Target(self._epoch, setup, opened, self._closed_asked_for), on_disk)

    async def closed_files(self, params: types.WorkspaceDiagnosticParams) -> types.WorkspaceDiagnosticReport:
        """The diagnostics of files that are not open; from now on these are checked even if no file is open."""
        if not self._closed_asked_for:
            self._closed_asked_for = True
            self.submit()
        return await self.workspace_diagnostics.answer(params)

    def forget(self, document: Document, *, deleted: bool = False) -> None:
        """A document was closed or its file deleted: take back what was found in it."""
        if document.path is not None:
            self.results.pop(document.path, None)
        self.lenses.pop(document.uri, None)
        self._health.forget(document.uri)
        self.channel.clear(document, deleted=deleted)

    def current_result(self, uri: str) -> Result | None:
        """What was found in the present version of a document; None when that is not known yet."""
        document = self.documents.get(uri)
        if document is None or document.path is None:
            return None
        result = self.results.get(document.path)
        return result if result is not None and result.document is document else None

    async def awaited_result(self, uri: str, seconds: float) -> Result | None:
        """As `current_result`, but waits for it, so long at most."""
        try:
            async with asyncio.timeout(seconds):
                while (result := self.current_result(uri)) is None:
                    await self._next_result()
        except TimeoutError:
            return None
        return result

    async def _next_result(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)

    # Events of the worker

    def _emit(self, event: Event) -> None:
        """Hand an event over to the event loop. Called on the worker's thread."""
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(self._on_event, event)
        except RuntimeError:
            return  # The loop is closed, nobody waits for it.

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Result):
            self._on_result(event)
        elif isinstance(event, Failure):
            self._health.failed(event)
        elif isinstance(event, Linked):
            self.questions.assistant = event.assistant
            self.questions.prepare()
        elif isinstance(event, Started):
            self._stop_timer()
            self._timer = asyncio.get_running_loop().call_later(LONG_WORK_SECONDS, self._health.still_working)
            if self._progress:
                self._progress.started()
        else:
            self._on_finished(event)

    def _on_result(self, result: Result) -> None:
        document = result.document
        if (
            document.path is None
            or self.documents.get(document.uri) is not document
            or document.path in self.deleted
        ):
            return
        self.results[document.path] = result
        self._health.checked(result)
        self.channel.show(result, current=result.target.epoch == self._epoch)
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        told = self.lenses.get(document.uri)
        if told is not None and self.client.refreshes_lenses and told != lenses(result):
            self.workspace_code_lens_refresh(None)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_finished(self, event: Finished) -> None:
        self._stop_timer()
        if self._progress:
            self._progress.finished()
        self._health.finished(event)
        if self.client.overview:
            self.protocol.notify("djguide/overview", overview(event))
        if event.target.epoch == self._epoch:
            self.channel.settle(event.target.documents, event.configuration)
            self.workspace_diagnostics.settled()

    async def _everything(self) -> dict[str, list[types.Diagnostic]]:
        worker = self.worker
        return await asyncio.wrap_future(worker.call(worker.everything)) if worker is not None else {}

    def _send_partial(self, token: types.ProgressToken, items: list[Report]) -> None:
        value = types.WorkspaceDiagnosticReportPartialResult(items=list(items))
        self.protocol.notify(types.PROGRESS, types.ProgressParams(token, value))

    def _refresh(self) -> None:
        self.workspace_diagnostic_refresh(None)

    def _send_status(self, status: dict[str, object]) -> None:
        self.protocol.notify("experimental/serverStatus", status)


def _message_type(level: int) -> types.MessageType:
    return _MESSAGE_TYPES.get(
        level, types.MessageType.Error if level > logging.ERROR else types.MessageType.Log
    )
