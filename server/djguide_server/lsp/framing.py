"""Bytes to JSON values: the framing of the protocol, tolerant of what a broken client may send."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

_LONGEST_HEADER = 1 << 16
_LONGEST_BODY = 1 << 30


class Malformed(str):
    """What stands in for a message that could not be decoded: the reason."""


class FrameReader:
    """Iterates over the bodies of framed messages until the end of the stream.

    `read` returns the next bytes as soon as there are some, and ``b""`` at the end. Lines that are no header
    are skipped, so reading goes on at the next message after noise.
    """

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read
        self._buffer = bytearray()

    def __iter__(self) -> Iterator[bytes]:
        length: int | None = None
        while (line := self._line()) is not None:
            if line:
                length = _content_length(line, length)
            elif length is not None:
                if (body := self._exactly(length)) is None:
                    return
                yield body
                length = None

    def _line(self) -> bytes | None:
        """The next line without its end; None at the end of the stream."""
        seen = 0
        while (end := self._buffer.find(b"\n", seen)) < 0:
            seen = len(self._buffer)
            if seen > _LONGEST_HEADER:
                self._buffer.clear()
                seen = 0
            if not self._fill():
                return None
        line = bytes(self._buffer[:end]).strip()
        del self._buffer[: end + 1]
        return line

    def _exactly(self, length: int) -> bytes | None:
        while len(self._buffer) < length:
            if not self._fill():
                return None
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        return body

    def _fill(self) -> bool:
        data = self._read()
        self._buffer += data
        return bool(data)


def _content_length(line: bytes, known: int | None) -> int | None:
    name, _, value = line.partition(b":")
    value = value.strip()
    if name.strip().lower() != b"content-length" or not value.isdigit():
        return known
    length = int(value)
    return length if length <= _LONGEST_BODY else known


def decode(body: bytes) -> object:
    """The JSON value of a body, or `Malformed`."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        return Malformed(f"not JSON: {error}")
