"""The on-disk cache of facts: what files said, keyed by their content, and when they were last seen.

One SQLite file in a folder of the caller's choice, shared by every djguide process of the user. It is only
ever an optimisation: whatever goes wrong with it is a miss, told in `FactsCache.problems`, never an error.

- *Blobs* are keyed by kind, content hash and the cache's version, so nothing is ever out of date: a new text
  has a new key. `put_many` replaces, so a blob that its reader cannot decode is repaired by storing it again.
- *Stamps* say which content a path had at a given modification time and size, so that unchanged files need
  not be read. They do not depend on the version.

Rows carry the day of their last use. Reads only note what they used; the notes are written with the next
batch of blobs or on `close`, at most once a day per row. Rows unused for a month go, and the least recently
used ones when the file outgrows its limit, so the rows of other versions age out by themselves.

The file is named ``facts<layout>-<number>.sqlite3``. A damaged file is removed and its successor gets the next
number: SQLite deletes write-ahead logs by name, so a process that still has the damaged file open must not
find a new database under the old name.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from os import fsdecode, fsencode
from pathlib import Path
from typing import NamedTuple, TypeVar

from djguide_analyzers.facts.cache_file import (
    BUSY,
    DAMAGED,
    LAYOUT,
    bytes_used,
    identity,
    open_database,
    release_pages,
    remove_database,
    transaction,
)

T = TypeVar("T")

_FILE = re.compile(rf"facts{LAYOUT}-(\d+)\.sqlite3")
_DAY = 86_400.0
_KEPT_DAYS = 30
_SETTLED_NS = 2_000_000_000  # the coarsest clock of a file system in use (FAT) ticks every two seconds
_PAUSE_SECONDS = 30.0
_BATCH_BYTES = 4 * 1024 * 1024
_QUERY_KEYS = 500  # well below the lowest limit on parameters that SQLite was ever built with
_REPLACEMENTS = 3


class Stamp(NamedTuple):
    """What a file was when it was last read: modification time, size in bytes and content hash."""

    mtime_ns: int
    size: int
    digest: bytes


def content_hash(data: bytes) -> bytes:
    """The 16-byte hash by which content is addressed."""
    return hashlib.blake2b(data, digest_size=16).digest()


class FactsCache:
    """Blobs and stamps in one SQLite file below `folder`, which is created when needed.

    Safe to share between processes; within one, for one thread at a time, and not across a fork. `version`
    must change with everything that decides what a blob looks like. With `shared`, other machines may use the
    folder as well. `limit_bytes` bounds the file; a short write-ahead log comes on top. `clock` returns seconds
    since the epoch.

    `problems` tells in plain sentences why the cache is not working as it should.
    """

    def __init__(
        self,
        folder: Path,
        *,
        version: str,
        shared: bool = False,
        limit_bytes: int = 512 * 1024 * 1024,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.folder = folder
        self.version = version
        self._shared = shared
        self.limit_bytes = limit_bytes
        self.problems: list[str] = []
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None
        self._number = 0
        self._replaced = 0
        self._closed = False
        self._writable = True
        self._paused_until = 0.0
        self._writes_paused_until = 0.0
        self._aged = False
        self._touched: set[int] = set()
        self._touched_roots: set[tuple[bytes, bytes]] = set()
        self._attempt(lambda connection: None, None)

    # --- blobs -------------------------------------------------------------------------------------------

    def get(self, kind: str, digest: bytes) -> bytes | None:
        """The blob of this version stored under `kind` and `digest`; None on a miss."""
        return self.get_many(kind, [digest]).get(digest)

    def get_many(self, kind: str, digests: Iterable[bytes]) -> dict[bytes, bytes]:
        """The blobs found among `digests`, by digest."""
        keys = list(dict.fromkeys(digests))
        found: dict[bytes, bytes] = {}
        for start in range(0, len(keys), _QUERY_KEYS):
            part = keys[start : start + _QUERY_KEYS]
            found |= self._attempt(lambda connection, part=part: self._read(connection, kind, part), {})
        return found

    def put_many(self, blobs: Iterable[tuple[str, bytes, bytes]]) -> None:
        """Store blobs given as (kind, digest, data), in transactions short enough to let others in between."""
        batch: list[tuple[str, bytes, bytes]] = []
        size = 0
        for blob in blobs:
            batch.append(blob)
            size += len(blob[2])
            if size >= _BATCH_BYTES:
                self._write(lambda connection, batch=batch: self._store(connection, batch))
                batch, size = [], 0
        if batch:
            self._write(lambda connection: self._store(connection, batch))
        if not self._aged or self._attempt(bytes_used, 0) > self.limit_bytes:
            self._write(self._shrink)
            self._attempt(release_pages, None, writing=True)

    # --- stamps ------------------------------------------------------------------------------------------

    def stamp(self, path: str) -> Stamp | None:
        """The stamp of the file at `path`; None on a miss."""
        query = "SELECT mtime_ns, size, digest FROM stamps WHERE path = ?"
        row = self._attempt(lambda connection: connection.execute(query, (fsencode(path),)).fetchone(), None)
        return Stamp(*row) if row else None

    def stamps_below(self, root: str) -> dict[str, Stamp]:
        """All stamps of files below the folder `root` (POSIX form), by path."""
        return self._attempt(lambda connection: self._read_stamps(connection, root), {})

    def put_stamps(self, stamps: Mapping[str, Stamp]) -> None:
        """Store stamps by path.

        A file modified within the last two seconds is left out: it may change again without its modification
        time moving, and the stamp would hide that change for good.
        """
        settled = int(self._clock() * 1e9) - _SETTLED_NS
        today = self._today()
        rows = [
            (fsencode(path), *stamp, today) for path, stamp in stamps.items() if stamp.mtime_ns <= settled
        ]
        if rows:
            statement = (
                "INSERT OR REPLACE INTO stamps (path, mtime_ns, size, digest, used) VALUES (?, ?, ?, ?, ?)"
            )
            self._write(lambda connection: connection.executemany(statement, rows))

    def drop_stamps(self, paths: Collection[str]) -> None:
        """Forget the stamps of files that are gone."""
        rows = [(fsencode(path),) for path in paths]
        if rows:
            self._write(lambda connection: connection.executemany("DELETE FROM stamps WHERE path = ?", rows))

    # --- life --------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Write down what was used and close the file; from then on every read is a miss."""
        if self._touched or self._touched_roots:
            self._write(self._record_use)
        self._disconnect()
        self._closed = True

    def __enter__(self) -> FactsCache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- inside a connection: these may raise sqlite3.Error ----------------------------------------------

    def _read(self, connection: sqlite3.Connection, kind: str, digests: list[bytes]) -> dict[bytes, bytes]:
        marks = ",".join("?" * len(digests))
        query = (
            "SELECT id, digest, used, checksum, data FROM blobs"
            f" WHERE version = ? AND kind = ? AND digest IN ({marks})"
        )
        today = self._today()
        found: dict[bytes, bytes] = {}
        for row, digest, used, checksum, data in connection.execute(query, (self.version, kind, *digests)):
            # SQLite does not notice damage inside a blob, and wrong facts would be worse than none.
            if isinstance(data, bytes) and zlib.crc32(data) == checksum:
                found[digest] = data
                if used < today:
                    self._touched.add(row)
        return found

    def _store(self, connection: sqlite3.Connection, blobs: list[tuple[str, bytes, bytes]]) -> None:
        today = self._today()
        connection.executemany(
            "INSERT INTO blobs (version, kind, digest, used, checksum, data) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET used = excluded.used, checksum = excluded.checksum, data = excluded.data",
            [(self.version, kind, digest, today, zlib.crc32(data), data) for kind, digest, data in blobs],
        )

    def _read_stamps(self, connection: sqlite3.Connection, root: str) -> dict[str, Stamp]:
        prefix = fsencode(root.rstrip("/"))
        bounds = (prefix + b"/", prefix + b"0")  # "0" is the character after "/"
        query = "SELECT path, mtime_ns, size, digest, used FROM stamps WHERE path > ? AND path < ?"
        found: dict[str, Stamp] = {}
        oldest = today = self._today()
        for path, mtime_ns, size, digest, used in connection.execute(query, bounds):
            found[fsdecode(path)] = Stamp(mtime_ns, size, digest)
            oldest = min(oldest, used)
        if oldest < today:
            self._touched_roots.add(bounds)
        return found

    def _record_use(self, connection: sqlite3.Connection) -> None:
        today = self._today()
        connection.executemany(
            "UPDATE blobs SET used = ? WHERE id = ? AND used < ?",
            [(today, row, today) for row in self._touched],
        )
        connection.executemany(
            "UPDATE stamps SET used = ? WHERE path > ? AND path < ? AND used < ?",
            [(today, *bounds, today) for bounds in self._touched_roots],
        )
        self._touched.clear()
        self._touched_roots.clear()

    def _shrink(self, connection: sqlite3.Connection) -> None:
        """Remove what is old, then what was used longest ago until the file has room again."""
        self._record_use(connection)
        if not self._aged:
            limit = self._today() - _KEPT_DAYS
            connection.execute("DELETE FROM blobs WHERE used < ?", (limit,))
            connection.execute("DELETE FROM stamps WHERE used < ?", (limit,))
            self._aged = True
        used = bytes_used(connection)
        if used > self.limit_bytes:
            self._evict(connection, used - self.limit_bytes * 4 // 5)

    def _evict(self, connection: sqlite3.Connection, excess: int) -> None:
        rows: list[tuple[int]] = []
        for row, size in connection.execute("SELECT id, length(data) FROM blobs ORDER BY used, id"):
            if excess <= 0:
                break
            rows.append((row,))
            excess -= size
        connection.executemany("DELETE FROM blobs WHERE id = ?", rows)
        if bytes_used(connection) > self.limit_bytes:  # it is the stamps, then
            connection.execute("DELETE FROM stamps")

    # --- connection and failure --------------------------------------------------------------------------

    def _write(self, action: Callable[[sqlite3.Connection], object]) -> None:
        """Run `action` in a transaction of its own; drop it when the write lock cannot be had."""

        def in_transaction(connection: sqlite3.Connection) -> None:
            with transaction(connection):
                action(connection)

        self._attempt(in_transaction, None, writing=True)

    def _attempt(self, action: Callable[[sqlite3.Connection], T], missed: T, *, writing: bool = False) -> T:
        """What `action` returns, or `missed` when the cache cannot be used just now."""
        now = time.monotonic()
        if self._closed or now < self._paused_until:
            return missed
        if writing and (not self._writable or now < self._writes_paused_until):
            return missed
        try:
            if writing and self._connection is not None and identity(self._file) != self._opened:
                self._disconnect()  # somebody emptied the folder: start afresh
            if self._connection is None and self._writable:
                self._connect()
            return missed if self._connection is None else action(self._connection)
        except (sqlite3.Error, UnicodeDecodeError, OSError) as error:
            self._failed(error, writing=writing)
            return missed

    def _connect(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        files = {
            int(match[1]): path for path in self.folder.iterdir() if (match := _FILE.fullmatch(path.name))
        }
        self._number = max([self._number, *files])
        self._connection = open_database(self._file, shared=self._shared)
        self._opened = identity(self._file)
        for number, path in files.items():
            if number < self._number:
                remove_database(path)

    @property
    def _file(self) -> Path:
        return self.folder / f"facts{LAYOUT}-{self._number}.sqlite3"

    def _disconnect(self) -> None:
        self._touched.clear()
        self._touched_roots.clear()
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _failed(self, error: Exception, *, writing: bool) -> None:
        code = getattr(error, "sqlite_errorcode", None)
        primary = None if code is None else code & 0xFF
        if primary in BUSY:
            # Waiting once is enough: whoever holds the lock this long may hold it for good.
            until = time.monotonic() + _PAUSE_SECONDS
            self._writes_paused_until = until
            if self._connection is None or not writing:
                self._paused_until = until
        elif self._replaced < _REPLACEMENTS and (primary in DAMAGED or isinstance(error, UnicodeDecodeError)):
            # (Messages about a damaged schema quote it, and Python fails to decode them.)
            self._tell(f"The cache file {self._file} was damaged and has been replaced ({error}).")
            self._disconnect()
            self._replaced += 1
            self._number += 1
            # Opening creates the successor before it removes the damaged file.
            self._attempt(lambda connection: None, None)
        else:
            self._writable = False
            self._tell(f"Facts are not stored: the cache in {self.folder} cannot be written ({error}).")

    def _tell(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)

    def _today(self) -> int:
        return int(self._clock() // _DAY)
