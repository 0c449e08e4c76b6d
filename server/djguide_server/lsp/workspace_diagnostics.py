"""Diagnostics of the files that nobody has open, for clients that ask for them.

The first request of a session is answered once everything was checked. Later ones are held until there is something
that the client does not have, so that it need not ask again and again.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping

from lsprotocol import types

from djguide_server.lsp.documents import path_of, uri_of

CHUNK = 100
"""Documents in one partial result."""

Report = types.WorkspaceFullDocumentDiagnosticReport
Collect = Callable[[], Awaitable[Mapping[str, list[types.Diagnostic]]]]
"""Gets the diagnostics of all closed files, by path."""


class WorkspaceDiagnostics:
    """Answers requests; `send` takes the token and the items of a partial result."""

    def __init__(
        self,
        collect: Collect,
        is_open: Callable[[str], bool],
        send: Callable[[types.ProgressToken, list[Report]], None],
    ) -> None:
        self._collect = collect
        self._is_open = is_open
        self._send = send
        self._known: dict[str, tuple[str, list[types.Diagnostic]]] = {}
        self._ids = itertools.count(1)
        self._number = 0
        self._current = False
        self._answered = False
        self._waiting: set[asyncio.Future[None]] = set()

    def changed(self) -> None:
        """What is known may no longer hold."""
        self._current = False

    def settled(self) -> None:
        """Everything was checked."""
        self._number += 1
        self._current = True
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def answer(self, params: types.WorkspaceDiagnosticParams) -> types.WorkspaceDiagnosticReport:
        """What changed since the results that the client has; waits until something did, unless asked first."""
        previous = {path: each.value for each in params.previous_result_ids if (path := path_of(each.uri))}
        reports: list[Report] = []
        number = -1
        while not reports:
            number = await self._next(number)
            reports = self._reports(await self._collect(), previous)
            if not self._answered:
                break
        self._answered = True
        token = params.partial_result_token
        if token is None:
            return types.WorkspaceDiagnosticReport(items=list(reports))
        for start in range(0, len(reports), CHUNK):
            self._send(token, reports[start : start + CHUNK])
        return types.WorkspaceDiagnosticReport(items=[])

    async def _next(self, number: int) -> int:
        """Wait until everything was checked once more than `number` says; how often it was."""
        while not self._current or self._number == number:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(future)
            try:
                await future
            finally:
                self._waiting.discard(future)
        return self._number

    def _reports(
        self, found: Mapping[str, list[types.Diagnostic]], previous: Mapping[str, str]
    ) -> list[Report]:
        """Files whose result is not the one that the client has; the open ones are asked for one by one."""
        reports: list[Report] = []
        for path in dict.fromkeys((*found, *previous)):
            diagnostics = found.get(path, [])
            known = self._known.get(path)
            if known is None or known[1] != diagnostics:
                known = self._known[path] = (str(next(self._ids)), diagnostics)
            if (
                self._is_open(path)
                or previous.get(path) == known[0]
                or (path not in previous and not diagnostics)
            ):
                continue
            reports.append(Report(uri_of(path), items=diagnostics, result_id=known[0]))
        return reports
