"""Progress on standard error, for those who wait."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from djguide_server.cli.streams import is_terminal

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

DELAY = 0.5
_INTERVAL = 0.1


class ProgressBar:
    """A `djguide_analyzers.engine.workspace.Progress` that shows itself after `DELAY` seconds of work.

    It draws on a terminal only, disappears when it is done, and imports rich only when it is seen.
    """

    def __init__(self, *, enabled: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._enabled = enabled and is_terminal(sys.stderr)
        self._began = self._drawn = clock()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, phase: str, done: int, total: int) -> None:
        """Say that `done` of `total` are done in `phase`."""
        if not self._enabled:
            return
        now = self._clock()
        if now - self._began < DELAY or now - self._drawn < _INTERVAL:
            return
        self._drawn = now
        if self._bar is None:
            self._start(phase)
        assert self._bar is not None and self._task is not None
        self._bar.update(self._task, description=phase, completed=done, total=total or None)
        self._bar.refresh()

    def _start(self, phase: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False)
        self._task = self._bar.add_task(phase, total=None)
        self._bar.start()
