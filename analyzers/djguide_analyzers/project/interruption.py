"""Stopping long work because somebody waits for something newer.

Whoever does the work sets when it is to stop; whatever takes long looks in between. Nothing that is kept may be
half done when it does: values are made first and stored then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_INTERRUPTED: ContextVar[Callable[[], bool] | None] = ContextVar("interrupted", default=None)


class Cancelled(Exception):
    """The caller's `cancelled` said so; nothing was lost, ask again."""


@contextmanager
def interruptible(interrupted: Callable[[], bool]) -> Iterator[None]:
    """Have the work inside stop at the next `checkpoint` once `interrupted` says so."""
    token = _INTERRUPTED.set(interrupted)
    try:
        yield
    finally:
        _INTERRUPTED.reset(token)


def checkpoint() -> None:
    """A place in long work where it may stop.

    Raises:
        Cancelled: it is to stop.
    """
    if (interrupted := _INTERRUPTED.get()) is not None and interrupted():
        raise Cancelled
