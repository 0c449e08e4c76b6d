"""The one way to files: a small protocol, and the disk with unsaved buffers laid over it.

Paths are `str`, absolute, with ``/`` as separator on every platform (what `Path.as_posix()` gives); `posix`
makes one from anything else, and `posixpath` takes them apart.
"""

from __future__ import annotations

import os
import posixpath
import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from msgspec import Struct, field

from djguide_analyzers.facts.cache import content_hash
from djguide_analyzers.source.decoding import Decoded, decode

MAX_SIZE = 5_000_000
"""Bytes beyond which a file is refused: generated data, never code that someone maintains."""


_DRIVE = re.compile(r"[A-Za-z]:/")


def posix(path: str | os.PathLike[str]) -> str:
    """`path` made absolute and normal, with ``/`` as separator; symbolic links are kept."""
    return Path(os.path.abspath(path)).as_posix()  # noqa: PTH100 -- Path.absolute() keeps ".." in place


def join(folder: str, *parts: str) -> str:
    """`parts` seen from `folder`, as in `os.path.join`, normalised: ``..`` is resolved by text.

    A part that is absolute, with a drive letter or without, starts afresh.
    """
    path = folder
    for part in parts:
        part = part.replace("\\", "/")
        path = part if _DRIVE.match(part) else posixpath.join(path, part)
    return posixpath.normpath(path)


def parents(folder: str, top: str | None = None) -> list[str]:
    """`folder` and the folders above it, nearest first, up to `top` (None: the root of the file system).

    Just `folder` when it doesn't lie in `top`.
    """
    result = [folder]
    if top is not None and not is_inside(folder, top):
        return result
    while result[-1] != top and (parent := posixpath.dirname(result[-1])) != result[-1]:
        result.append(parent)
    return result


def is_inside(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


class Entry(NamedTuple):
    """One name in a folder. A ``link`` is a symbolic link to a folder; one to a file counts as a ``file``."""

    name: str
    kind: Literal["file", "dir", "link"]


class FileSystem(Protocol):
    """What analysis may ask about files. Nothing here raises: what cannot be read is not there."""

    def read_text(self, path: str) -> str | None:
        """Text of a file, None when it cannot be read."""
        ...

    def is_file(self, path: str) -> bool:
        """Whether there is a regular file (or a link to one)."""
        ...

    def is_dir(self, path: str) -> bool:
        """Whether there is a folder (or a link to one)."""
        ...

    def list_dir(self, path: str) -> list[str]:
        """Sorted names in a folder; empty when it cannot be read."""
        ...

    def scan(self, path: str) -> list[Entry]:
        """What `list_dir` gives with the kind of each name, at the cost of one system call per folder.

        A walk that does not enter links cannot run into a loop.
        """
        ...


class Unreadable(Exception):
    """A file cannot be used; the message is the reason, to be shown after the path."""


class Seen(Struct):
    """What was asked about files, and what the answer was: all that a result can rest on.

    Attributes:
        kinds: ``S_IFMT`` of a path's mode; 0 when there is nothing.
        folders: Hash of what a folder lists.
        contents: Hash of a file's bytes, or of the text an editor holds; empty when it cannot be read.
    """

    kinds: dict[str, int] = field(default_factory=dict)
    folders: dict[str, bytes] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)

    def update(self, other: Seen) -> None:
        """Add the answers of `other`, which win."""
        self.kinds.update(other.kinds)
        self.folders.update(other.folders)
        self.contents.update(other.contents)


class DiskFiles:
    """The disk, with texts laid over it that an editor holds and has not saved.

    Keeps nothing but those texts, and in `seen` the fingerprints of its answers: every call looks at the disk.
    """

    def __init__(self) -> None:
        self._overlays: dict[str, str] = {}
        self.seen = Seen()

    def set_text(self, path: str, text: str) -> None:
        """Use `text` as the content of `path`, whether or not such a file exists."""
        self._overlays[path] = text

    def drop_text(self, path: str) -> None:
        """Forget the text given for `path`."""
        self._overlays.pop(path, None)

    @property
    def overlays(self) -> frozenset[str]:
        """Paths whose text is not the disk's."""
        return frozenset(self._overlays)

    def load(self, path: str) -> Decoded:
        """The text of a file with what is needed to write it back.

        Raises:
            Unreadable: not there, not a regular file, too large, or not permitted.
        """
        overlay = self._overlays.get(path)
        if overlay is not None:
            self.seen.contents[path] = text_hash(overlay)
            return Decoded(overlay, "utf-8", bom=False)
        return decode(self.read_bytes(path))

    def digest(self, path: str) -> bytes:
        """The fingerprint of the content of `path`, as `Seen.contents` has it."""
        overlay = self._overlays.get(path)
        if overlay is not None:
            return text_hash(overlay)
        try:
            return content_hash(self._bytes(path))
        except Unreadable:
            return b""

    def read_bytes(self, path: str) -> bytes:
        """The bytes on the disk, overlays aside.

        Raises:
            Unreadable: as `load`.
        """
        self.seen.contents[path] = b""
        data = self._bytes(path)
        self.seen.contents[path] = content_hash(data)
        return data

    def _bytes(self, path: str) -> bytes:
        """See `read_bytes`.

        Raises:
            Unreadable: as `load`.
        """
        try:
            status = os.stat(path)  # noqa: PTH116 -- called for every file of a workspace
            if not stat.S_ISREG(status.st_mode):
                raise Unreadable("not a regular file")
            if status.st_size > MAX_SIZE:
                raise Unreadable(f"larger than {MAX_SIZE // 1_000_000} MB, not analysed")
            with open(path, "rb") as file:  # noqa: PTH123 -- as above
                return file.read()
        except (OSError, ValueError) as error:
            raise Unreadable(_reason(error)) from error

    def read_text(self, path: str) -> str | None:
        """See `FileSystem.read_text`; `load` tells why there is none."""
        try:
            return self.load(path).text
        except Unreadable:
            return None

    def is_file(self, path: str) -> bool:
        """See `FileSystem.is_file`."""
        return path in self._overlays or stat.S_ISREG(self._kind(path))

    def is_dir(self, path: str) -> bool:
        """See `FileSystem.is_dir`; a folder that only overlays lie in counts."""
        return stat.S_ISDIR(self._kind(path)) or any(is_inside(p, path) and p != path for p in self._overlays)

    def _kind(self, path: str) -> int:
        kind = self.seen.kinds[path] = kind_of(path)
        return kind

    def list_dir(self, path: str) -> list[str]:
        """See `FileSystem.list_dir`."""
        return [entry.name for entry in self.scan(path)]

    def scan(self, path: str) -> list[Entry]:
        """See `FileSystem.scan`."""
        found = {entry.name: entry for entry in entries_of(path)}
        self.seen.folders[path] = entries_hash(found.values())
        start = path.rstrip("/") + "/"
        for overlay in self._overlays:
            if overlay.startswith(start):
                name, slash, _ = overlay[len(start) :].partition("/")
                found.setdefault(name, Entry(name, "dir" if slash else "file"))
        return sorted(found.values())


def entries_of(path: str) -> list[Entry]:
    """What lies in a folder on the disk, in order of name; empty when it cannot be read."""
    try:
        with os.scandir(path) as entries:
            return sorted(entry for item in entries if (entry := _entry(item)))
    except (OSError, ValueError):
        return []  # gone, forbidden or not a folder: nothing to see


def entries_hash(entries: Iterable[Entry]) -> bytes:
    """The fingerprint of what lies in a folder, as `Seen.folders` has it."""
    return text_hash("\0".join(f"{entry.kind}/{entry.name}" for entry in entries))


def text_hash(text: str) -> bytes:
    """The fingerprint of a text that an editor holds."""
    return content_hash(text.encode("utf-8", "surrogatepass"))


def _entry(item: os.DirEntry[str]) -> Entry | None:
    """`item` by kind; None for sockets, devices, dangling links and the like."""
    try:
        if item.is_dir():
            return Entry(item.name, "link" if item.is_symlink() else "dir")
        return Entry(item.name, "file") if item.is_file() else None
    except OSError:  # a link that points to itself
        return None


def kind_of(path: str) -> int:
    """What is at a path on the disk, as `Seen.kinds` has it."""
    try:
        return stat.S_IFMT(os.stat(path).st_mode)  # noqa: PTH116
    except (OSError, ValueError):
        return 0


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[0].lower() + error.strerror[1:]
    return str(error)
