"""Span tables: where the nodes of one intermediate form stand, packed into bytes."""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Sequence


def pack(numbers: Sequence[int]) -> bytes:
    """A span table of `numbers`: line, column, end line and end column of node 0, of node 1, and so on.

    The format is a width byte (2 or 4), then unsigned little-endian integers of that width.
    """
    if not numbers:
        return b""
    values = array("H" if max(numbers) < 0x10000 else "I", numbers)
    if sys.byteorder == "big":
        values.byteswap()
    return bytes([values.itemsize]) + values.tobytes()


def span(spans: bytes, at: int) -> tuple[int, int, int, int]:
    """Line, column, end line and end column of node `at`, all zero-based.

    Raises:
        IndexError: the table has no such node.
    """
    size = 4 * spans[0]
    if at < 0 or 1 + size * (at + 1) > len(spans):
        raise IndexError(f"no span {at}")
    return struct.unpack_from("<4H" if size == 8 else "<4I", spans, 1 + size * at)
