"""Checking parts of a project in other processes, on this machine or on others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from djguide_analyzers.engine.checker import Checked
from djguide_analyzers.engine.store import Blob
from djguide_analyzers.project.files import Seen

if TYPE_CHECKING:
    from djguide_analyzers.engine.workspace import Workspace

FEWEST = 150
"""Modules that a check must have before it is worth while to link the project once more elsewhere."""

_SIZE = 60
"""Modules in a part, of neighbouring files: what one of them calls the others call as well."""

Results = dict[str, dict[str, Checked]]
"""By root of the project, then by path of the module."""


class Job(Struct, frozen=True):
    """What a process needs to know: plain values, so that it may run anywhere the files and the cache are seen.

    Attributes:
        roots: Folders of the workspace.
        cache: Folder of the cache; None for the user's.
        texts: Unsaved texts by path.
        rules: Folders of rules that the user has named.
        shared: Whether the cache is shared with other machines.
        edition: Counts the changes that the asking process was told of: whoever has files of an earlier one in
            memory must read them again.
    """

    roots: tuple[str, ...]
    cache: str | None
    settings: dict[str, Any]
    texts: dict[str, str]
    rules: list[str]
    shared: bool = False
    edition: int = 0


class Part(Struct):
    """What one process found, and all that this rests on.

    `answering` are the files that have an answer, by root of the project and question, to what the results ask all
    files; each process tells that of a question once.
    """

    results: Results
    seen: Seen
    answering: dict[str, dict[str, list[str]]] = {}


class Others:
    """Processes of an executor that take work over: on this machine, or on others that see the same files.

    What comes back comes as it is done, empty where a process died. What nobody waits for any more is not begun.
    """

    def __init__(self, executor: Executor, job: Job) -> None:
        self._executor = executor
        self._job = msgspec.msgpack.encode(job)

    def facts(self, paths: list[str]) -> Iterator[list[Blob]]:
        """Have facts made of the Python files at `paths`."""
        for done in self._done(read_part, _chunks(paths)):
            yield msgspec.msgpack.decode(done, type=list[Blob]) if done is not None else []

    def results(self, pending: Mapping[str, list[str]]) -> Iterator[Part]:
        """Have the modules in `pending` (paths by root of the project) checked."""
        chunks = [(root, *chunk) for root, paths in pending.items() for chunk in _chunks(paths)]
        for done in self._done(check_part, chunks):
            yield msgspec.msgpack.decode(done, type=Part) if done is not None else Part({}, Seen())

    def _done(
        self, work: Callable[..., bytes], arguments: Iterable[tuple[Any, ...]]
    ) -> Iterator[bytes | None]:
        futures: list[Future[bytes]] = []
        try:
            with suppress(BrokenExecutor):
                for each in arguments:
                    futures.append(self._executor.submit(work, self._job, *each))
            for future in as_completed(futures):
                yield future.result() if future.exception() is None else None
        finally:
            for future in futures:
                future.cancel()


def _chunks(paths: list[str]) -> Iterator[tuple[list[str]]]:
    return ((paths[start : start + _SIZE],) for start in range(0, len(paths), _SIZE))


def read_part(encoded: bytes, paths: list[str]) -> bytes:
    """Make facts of the Python files at `paths`; runs in a process of an executor."""
    with _ONE_AT_A_TIME:
        return msgspec.msgpack.encode(_workspace(encoded).read_part(paths))


def check_part(encoded: bytes, root: str, paths: list[str]) -> bytes:
    """Check the modules at `paths` of the project at `root`; runs in a process of an executor."""
    with _ONE_AT_A_TIME:
        return msgspec.msgpack.encode(_workspace(encoded).check_part(root, paths))


_ONE_AT_A_TIME = Lock()
"""Workers of some executors are threads; a workspace is for one thread at a time."""
_OPEN: dict[bytes, Workspace] = {}
"""The workspace of the last job: one process checks several parts of it."""


def _workspace(encoded: bytes) -> Workspace:
    from djguide_analyzers.engine.workspace import Workspace  # who has the work done is who does it

    if encoded not in _OPEN:
        for workspace in _OPEN.values():
            workspace.close()
        _OPEN.clear()
        _OPEN[encoded] = Workspace.of_job(msgspec.msgpack.decode(encoded, type=Job))
    return _OPEN[encoded]
