"""Standard streams: encoding, colour, and pipes that close early."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import sys
import unicodedata
from typing import Any, NamedTuple, TextIO

import click

_WIDTH_WHEN_PIPED = 200


class Terminal(NamedTuple):
    """What the reader of a stream can show: colours or not, and how many cells a line has."""

    interactive: bool = False
    colour: bool = False
    width: int = _WIDTH_WHEN_PIPED

    def style(self, text: str, **style: Any) -> str:
        """`text` in a style of `click.style`; unchanged where there is no colour."""
        return click.style(text, **style) if self.colour else text


def terminal_of(stream: TextIO | None) -> Terminal:
    """How to write to `stream`: a terminal that is not dumb gets colours, NO_COLOR and FORCE_COLOR decide first."""
    interactive = is_terminal(stream)
    colour = interactive and os.environ.get("TERM") != "dumb"
    if os.environ.get("FORCE_COLOR", "") not in ("", "0"):
        colour = True
    if os.environ.get("NO_COLOR"):
        colour = False
    width = shutil.get_terminal_size().columns if interactive else _WIDTH_WHEN_PIPED
    return Terminal(interactive, colour, width)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether `stream` is a terminal; False for a closed or missing one."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def prepare() -> None:
    """Make standard output and error write UTF-8 whatever the locale says, and never fail on a character.

    Line ends are written as they are: a unified diff of a file must keep them.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def emit(text: str, *, error: bool = False, colour: bool = False) -> None:
    """Write `text` to standard output (or error) at once; a reader that went away is not an error."""
    stream = sys.stderr if error else sys.stdout
    if stream is None:
        return
    try:
        click.echo(text, file=stream, nl=False, color=colour)
        stream.flush()
    except OSError as failure:
        _unless_reader_left(failure, stream)


def emit_bytes(data: bytes) -> None:
    """Write `data` to standard output as it is; a reader that went away is not an error."""
    stream = sys.stdout
    try:
        stream.flush()
        stream.buffer.write(data)
        stream.flush()
    except OSError as failure:
        _unless_reader_left(failure, stream)


def close() -> None:
    """Flush both streams, so that a closed pipe does not surface when the interpreter shuts down."""
    for stream in (sys.stdout, sys.stderr):
        if stream is None:
            continue
        try:
            stream.flush()
        except OSError as failure:
            _unless_reader_left(failure, stream)
        except ValueError:
            continue


def _unless_reader_left(failure: OSError, stream: TextIO) -> None:
    # Windows reports a closed pipe as EINVAL.
    if failure.errno != (errno.EINVAL if sys.platform == "win32" else errno.EPIPE):
        raise failure
    # What is still buffered must go somewhere, or the interpreter complains when it exits.
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


def _unprintable() -> dict[int, str]:
    controls = [*range(0x20), *range(0x7F, 0xA0), 0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F)]
    controls += range(0x2066, 0x206A)
    return dict.fromkeys(controls, "\N{REPLACEMENT CHARACTER}") | {ord("\t"): "\t", ord("\n"): "\n"}


_UNPRINTABLE = _unprintable()


def clean(text: str) -> str:
    """`text` without what would steer a terminal: it comes from files that nobody vouched for."""
    return text if text.isascii() and text.isprintable() else text.translate(_UNPRINTABLE)


def cells(text: str) -> int:
    """Number of terminal cells that `text` takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )
