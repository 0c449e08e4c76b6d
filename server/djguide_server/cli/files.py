"""Writing a changed text back to its file without losing anything else about the file."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from djguide_analyzers.source.decoding import Decoded, decode


class WriteRefused(Exception):
    """The file was left as it is; the message says why."""


def refusal(path: str, seen: str) -> str | None:
    """Why the file at `path` may not be replaced, given that analysis saw the text `seen`; None if it may."""
    try:
        _current(Path(path), seen)
    except WriteRefused as refused:
        return str(refused)
    return None


def replace_text(path: str, seen: str, text: str) -> None:
    """Replace the file at `path`, which analysis saw as `seen`, by `text`, at once or not at all.

    Encoding, byte order mark, line ends (they are part of the text), permissions and a symbolic link that
    leads to the file stay as they are.

    Raises:
        WriteRefused: the file changed in between, is read-only, or can't be written or express the text.
    """
    target, decoded, stamp = _current(Path(path), seen)
    data = decoded.encode(text)
    if decode(data).text != text:
        raise WriteRefused(f"its encoding {decoded.encoding} cannot express the fix")
    try:
        _replace(target, data, stamp)
    except OSError as error:
        raise WriteRefused(f"cannot be written: {error.strerror or error}") from error


def _current(path: Path, seen: str) -> tuple[Path, Decoded, os.stat_result]:
    """The real file behind `path`, its content and its state, checked against what analysis saw."""
    try:
        target = path.resolve(strict=True)
        state = target.stat()
        decoded = decode(target.read_bytes())
    except (OSError, RuntimeError) as error:
        raise WriteRefused(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if decoded.problem:
        raise WriteRefused(decoded.problem)
    if decoded.text != seen.removeprefix("\ufeff"):
        raise WriteRefused("changed since it was read")
    if not os.access(target, os.W_OK):
        raise WriteRefused("is read-only")
    return target, decoded, state


def _replace(target: Path, data: bytes, stamp: os.stat_result) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".djguide")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        temporary.chmod(stamp.st_mode & 0o7777)
        if hasattr(os, "chown"):
            with contextlib.suppress(OSError):
                os.chown(temporary, stamp.st_uid, stamp.st_gid)
        now = target.stat()
        if (now.st_mtime_ns, now.st_size) != (stamp.st_mtime_ns, stamp.st_size):
            raise WriteRefused("changed since it was read")
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
