"""Running a server on a pair of streams until its client leaves.

A thread of its own reads: the client can always write, whatever the server is busy with, and the end of the
stream is seen at once. Everything else on this side of the protocol happens on the event loop's thread.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from djguide_server.lsp.framing import FrameReader, decode
from djguide_server.lsp.lifecycle import guard_process, quiet_standard_streams
from djguide_server.lsp.server import DjguideServer

_CHUNK = 1 << 16
_GRACE_SECONDS = 5.0
"""How long the server may take to end; more than it waits for its worker."""


class StreamWriter:
    """The writing half that pygls expects; calls `lost` when the client no longer listens."""

    def __init__(self, stream: BinaryIO, lost: Callable[[], None]) -> None:
        self._stream = stream
        self._lost = lost

    def write(self, data: bytes) -> None:
        """Send one framed message."""
        try:
            self._stream.write(data)
            self._stream.flush()
        except (OSError, ValueError):
            self._lost()

    def close(self) -> None:
        """Nothing to do: the stream is closed by whoever opened it."""


def run_stdio(create_server: Callable[[], DjguideServer]) -> int:
    """Serve on standard input and output; returns the exit code."""
    guard_process()
    source, sink = quiet_standard_streams()
    with _closing(open(sink, "wb")) as stream:  # noqa: PTH123 - a file descriptor, closed by _closing
        return _run(create_server(), lambda: os.read(source, _CHUNK), stream)


def run_tcp(create_server: Callable[[], DjguideServer], host: str, port: int) -> int | str:
    """Serve the first client that connects; returns the exit code, or why it cannot listen."""
    guard_process()
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        return f"djguide: cannot listen on {host}:{port}: {error}"
    with listener:
        sys.stdout.write("djguide: listening on {}:{}\n".format(*listener.getsockname()[:2]))
        sys.stdout.flush()
        connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connection, _closing(connection.makefile("wb")) as stream:
        return _run(create_server(), lambda: connection.recv(_CHUNK), stream)


@contextmanager
def _closing(stream: BinaryIO) -> Iterator[BinaryIO]:
    """Close `stream` afterwards, whether or not somebody still listens to what its buffer holds."""
    try:
        yield stream
    finally:
        with suppress(OSError):
            stream.close()


def _run(server: DjguideServer, read: Callable[[], bytes], stream: BinaryIO) -> int:
    try:
        return asyncio.run(_serve(server, read, stream))
    except KeyboardInterrupt:
        return 130
    finally:
        server.stop_working()
        server.ended.set()


async def _serve(server: DjguideServer, read: Callable[[], bytes], stream: BinaryIO) -> int:
    loop = asyncio.get_running_loop()
    stopped = server.attach(loop)
    server.protocol.set_writer(StreamWriter(stream, lost=lambda: server.stop(0)))
    arguments = (read, loop, server)
    threading.Thread(target=_pump, args=arguments, name="djguide-reader", daemon=True).start()
    return await stopped


def _pump(read: Callable[[], bytes], loop: asyncio.AbstractEventLoop, server: DjguideServer) -> None:
    """Hand messages to the loop until the stream ends. Runs in the reader thread."""

    def read_or_end() -> bytes:
        try:
            return read()
        except OSError:
            return b""

    try:
        for body in FrameReader(read_or_end):
            loop.call_soon_threadsafe(server.receive, decode(body))
        loop.call_soon_threadsafe(server.stop, 0)
    except RuntimeError:
        return  # The loop is closed: the server has stopped by other means.
    if not server.ended.wait(_GRACE_SECONDS):
        os._exit(0)  # The loop hangs in a write to a client that left without closing the other end.
