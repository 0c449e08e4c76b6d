"""Checking parts of a project in other processes, on this machine or on others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from djguide_analyzers.engine.checker import Checked
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
        edition: Counts the changes that the asking process was told of: whoever has files of an earlier one in
            memory must read them again.
    """

    roots: tuple[str, ...]
    cache: str | None
    settings: dict[str, Any]
    texts: dict[str, str]
    rules: list[str]
    edition: int = 0


class Part(Struct):
    """What one process found, and all that this rests on."""

    results: Results
    seen: Seen


def spread(executor: Executor, job: Job, pending: Mapping[str, list[str]]) -> Iterator[Part]:
    """Have the modules in `pending` (paths by root of the project) checked by `executor`.

    Parts come as they are done, empty where a process died. What nobody waits for any more is not begun.
    """
    encoded = msgspec.msgpack.encode(job)
    futures: list[Future[bytes]] = []
    try:
        with suppress(BrokenExecutor):
            for root, paths in pending.items():
                for start in range(0, len(paths), _SIZE):
                    futures.append(executor.submit(check_part, encoded, root, paths[start : start + _SIZE]))
        for future in as_completed(futures):
            if future.exception() is None:
                yield msgspec.msgpack.decode(future.result(), type=Part)
            else:
                yield Part({}, Seen())
    finally:
        for future in futures:
            future.cancel()


def check_part(encoded: bytes, root: str, paths: list[str]) -> bytes:
    """Check the modules at `paths` of the project at `root`; runs in a process of an executor."""
    return msgspec.msgpack.encode(_workspace(encoded).check_part(root, paths))


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
