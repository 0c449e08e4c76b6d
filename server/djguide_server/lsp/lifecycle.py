"""What keeps the process well-behaved: silent streams, logging to the client, ending with its parent."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

_PARENT_CHECK_SECONDS = 3.0
_SWITCH_SECONDS = 0.001
_STACK_BYTES = 64 * 1024 * 1024


def guard_process() -> None:
    """Settings for the whole process; call before threads start.

    The short switch interval lets the event loop answer while the worker computes. Stacks of threads are far
    smaller than the main thread's on some systems, and analysis recurses through nested code.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    threading.stack_size(_STACK_BYTES)
    if not sys.warnoptions:
        # Parsing a user's file may warn about its string escapes; editors show our stderr as an error.
        warnings.simplefilter("ignore")


def quiet_standard_streams() -> tuple[int, int]:
    """Own descriptors of standard input and output; the standard ones then lead nowhere.

    A stray `print` in a library cannot break the protocol, and nothing waits for locks of the standard
    streams when the interpreter ends.
    """
    source, sink = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    if os.name == "nt":
        import msvcrt

        msvcrt.setmode(source, os.O_BINARY)
        msvcrt.setmode(sink, os.O_BINARY)
    return source, sink


class ClientLogHandler(logging.Handler):
    """Sends log records to the client instead of stderr. `send` takes a level of `logging` and a text."""

    def __init__(self, loop: asyncio.AbstractEventLoop, send: Callable[[int, str], None]) -> None:
        super().__init__(logging.WARNING)
        self._loop = loop
        self._send = send
        self._sending = False

    def emit(self, record: logging.LogRecord) -> None:
        """Pass `record` on, from whichever thread it comes."""
        try:
            self._loop.call_soon_threadsafe(self._deliver, record.levelno, self.format(record))
        except RuntimeError:
            return  # The loop is closed, nobody listens any more.

    def _deliver(self, level: int, text: str) -> None:
        if self._sending:
            return  # Sending a message failed and was logged: do not go round in circles.
        self._sending = True
        try:
            self._send(level, text)
        finally:
            self._sending = False


def route_logging(handler: ClientLogHandler) -> None:
    """Make `handler` the only way out for log records; of pygls only errors are of interest."""
    root = logging.getLogger()
    for other in root.handlers[:]:
        root.removeHandler(other)
    root.addHandler(handler)
    logging.getLogger("pygls").setLevel(logging.ERROR)


def watch_parent(
    loop: asyncio.AbstractEventLoop,
    process: int | None,
    gone: Callable[[], None],
    seconds: float = _PARENT_CHECK_SECONDS,
) -> None:
    """Call `gone` when `process` no longer exists, looked at every `seconds`.

    A process that cannot be seen at the start lives elsewhere (another container, say): it is not watched.
    """
    if process is None or not process_exists(process):
        return

    def look() -> None:
        if process_exists(process):
            loop.call_later(seconds, look)
        else:
            gone()

    loop.call_later(seconds, look)


def process_exists(process: int) -> bool:
    """Whether a process with this id runs; one that ended but was not yet collected does not."""
    if process <= 0:
        return False
    if os.name == "nt":
        return _windows_process_exists(process)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    try:
        state = Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except (OSError, IndexError):
        return True
    return state != b"Z"


def _windows_process_exists(process: int) -> bool:
    import ctypes

    synchronize, timeout = 0x00100000, 0x102
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined]
    handle = kernel.OpenProcess(synchronize, False, process)
    if not handle:
        return False
    try:
        return kernel.WaitForSingleObject(handle, 0) == timeout
    finally:
        kernel.CloseHandle(handle)
