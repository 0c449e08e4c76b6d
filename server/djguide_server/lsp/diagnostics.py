"""Bringing diagnostics to the client: published to those that wait for them, kept for those that ask.

A client gets exactly one of the two, so that nothing is shown twice; which one, `ClientFeatures` says.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from lsprotocol import types

from djguide_server.lsp.documents import Document, uri_of
from djguide_server.lsp.events import Result


class Channel(Protocol):
    """What the server needs of either way."""

    def show(self, result: Result, *, current: bool) -> None:
        """A document was checked; `current` tells that nothing changed since, in any file."""

    def changed(self, documents: Mapping[str, Document]) -> None:
        """Something changed: what is known of any document may no longer hold."""

    def clear(self, document: Document, *, deleted: bool = False) -> None:
        """A document was closed, or its file deleted while it is open."""

    def settle(
        self, documents: Mapping[str, Document], configuration: Mapping[str, list[types.Diagnostic]]
    ) -> None:
        """All of `documents` were checked; configuration files that are not open have diagnostics as well."""


class PushChannel:
    """Publishes diagnostics, for clients that cannot ask, or cannot be told to ask again."""

    def __init__(self, publish: Callable[[types.PublishDiagnosticsParams], None]) -> None:
        self._publish = publish
        self._sent: dict[str, tuple[int | None, list[types.Diagnostic]]] = {}

    def show(self, result: Result, *, current: bool) -> None:
        """Publish what was found, unless the client has just that."""
        self._send(result.document.uri, result.document.version, result.diagnostics)

    def changed(self, documents: Mapping[str, Document]) -> None:
        """Nothing to do: what was published stays until something newer is known."""

    def clear(self, document: Document, *, deleted: bool = False) -> None:
        """Take back what was published."""
        if self._sent.pop(document.uri, None) is not None:
            self._publish(types.PublishDiagnosticsParams(document.uri, []))

    def settle(
        self, documents: Mapping[str, Document], configuration: Mapping[str, list[types.Diagnostic]]
    ) -> None:
        """Publish for closed configuration files, and take back what no longer holds."""
        closed = {uri_of(path): found for path, found in configuration.items() if path not in documents}
        open_uris = {document.uri for document in documents.values()}
        for uri in [uri for uri in self._sent if uri not in closed and uri not in open_uris]:
            del self._sent[uri]
            self._publish(types.PublishDiagnosticsParams(uri, []))
        for uri, found in closed.items():
            self._send(uri, None, found)

    def _send(self, uri: str, version: int | None, diagnostics: list[types.Diagnostic]) -> None:
        if self._sent.get(uri) == (version, diagnostics):
            return
        self._sent[uri] = (version, diagnostics)
        self._publish(types.PublishDiagnosticsParams(uri, diagnostics, version=version))


@dataclass
class _Known:
    """What is known of one document: the latest current diagnostics and what the client was given."""

    result_id: str = ""
    diagnostics: list[types.Diagnostic] | None = None
    document: Document | None = None
    given: tuple[Document, str] | None = None
    waiting: list[asyncio.Future[None]] = field(default_factory=list)


class PullChannel:
    """Answers requests for diagnostics; `refresh` tells the client to ask again."""

    def __init__(self, refresh: Callable[[], None]) -> None:
        self._refresh = refresh
        self._known: dict[str, _Known] = {}
        self._ids = itertools.count(1)
        self._stale: set[str] = set()

    def show(self, result: Result, *, current: bool) -> None:
        """Keep what was found and answer those who wait for it."""
        if not current:
            return
        known = self._known.setdefault(result.document.uri, _Known())
        known.document = result.document
        diagnostics = result.diagnostics
        if known.diagnostics != diagnostics:
            known.diagnostics, known.result_id = diagnostics, str(next(self._ids))
        self._stale.discard(result.document.uri)
        if self._wake(known):
            known.given = (result.document, known.result_id)

    def changed(self, documents: Mapping[str, Document]) -> None:
        """What is known of any document has to be confirmed before it is given out."""
        self._stale.update(document.uri for document in documents.values())

    def clear(self, document: Document, *, deleted: bool = False) -> None:
        """Forget a document; whoever waits for it gets an empty answer."""
        self._stale.discard(document.uri)
        if (known := self._known.pop(document.uri, None)) is None:
            return
        self._wake(known)
        if deleted and known.diagnostics:
            self._refresh()

    def settle(
        self, documents: Mapping[str, Document], configuration: Mapping[str, list[types.Diagnostic]]
    ) -> None:
        """Have the client ask again for documents that it asked for before their diagnostics changed."""
        open_documents = set(documents.values())
        outdated = any(
            known.given is not None
            and known.document in open_documents
            and known.given[0] is known.document
            and known.given[1] != known.result_id
            for known in self._known.values()
        )
        if outdated:
            self._refresh()

    async def answer(
        self, document: Document | None, previous: str | None
    ) -> types.RelatedFullDocumentDiagnosticReport | types.RelatedUnchangedDocumentDiagnosticReport:
        """The diagnostics of a document, once they are current; empty when it is not open or not a file."""
        if document is None or document.path is None:
            return types.RelatedFullDocumentDiagnosticReport(items=[])
        known = self._known.setdefault(document.uri, _Known())
        while known.document is None or document.uri in self._stale:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            known.waiting.append(future)
            await future
            if self._known.get(document.uri) is not known:
                return types.RelatedFullDocumentDiagnosticReport(items=[])
        known.given = (known.document, known.result_id)
        if previous is not None and previous == known.result_id:
            return types.RelatedUnchangedDocumentDiagnosticReport(result_id=known.result_id)
        return types.RelatedFullDocumentDiagnosticReport(
            items=known.diagnostics or [], result_id=known.result_id
        )

    def _wake(self, known: _Known) -> bool:
        """Let those go on who wait; whether there were any."""
        waiting = [future for future in known.waiting if not future.done()]
        known.waiting = []
        for future in waiting:
            future.set_result(None)
        return bool(waiting)
