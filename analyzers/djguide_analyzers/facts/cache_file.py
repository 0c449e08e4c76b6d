"""The SQLite file of the facts cache: its tables, and opening it in a way that lets processes share it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LAYOUT = 1
"""Number of the layout of the tables; part of the file's name, so layouts do not meet."""

BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH}

_LOCK_SECONDS = 1.0
_LOG_BYTES = 8 * 1024 * 1024
_SCHEMA = f"""
CREATE TABLE blobs (
    id INTEGER PRIMARY KEY,
    version TEXT NOT NULL,
    kind TEXT NOT NULL,
    digest BLOB NOT NULL,
    used INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (version, kind, digest)
);
CREATE INDEX blobs_by_use ON blobs (used);
CREATE TABLE stamps (
    path BLOB PRIMARY KEY,
    mtime_ns INTEGER NOT NULL,
    size INTEGER NOT NULL,
    digest BLOB NOT NULL,
    used INTEGER NOT NULL
) WITHOUT ROWID;
PRAGMA user_version = {LAYOUT};
"""


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Take the write lock at once, so that waiting for it happens here and not in the middle."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def open_database(file: Path, *, shared: bool = False) -> sqlite3.Connection:
    """A connection to the cache in `file`, created when there is none.

    With `shared`, several machines may use it at once: the write-ahead log is for processes of one machine.

    Raises:
        sqlite3.Error: The file cannot be opened or created, is locked, or is no cache.
    """
    connection = sqlite3.connect(file, timeout=_LOCK_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.text_factory = bytes  # text in a damaged row need not be UTF-8
        connection.execute("PRAGMA temp_store = MEMORY")
        new = not _layout(connection)
        if new:  # these two go into the file, and only before its first table
            connection.execute("PRAGMA page_size = 16384")
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        if shared:
            connection.execute("PRAGMA journal_mode = DELETE")
        else:
            _use_write_ahead_log(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
        if new:
            with transaction(connection):
                if not _layout(connection):  # another process may have been faster
                    for statement in _SCHEMA.split(";"):
                        connection.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch to the journal that lets readers and a writer work at once.

    The switch needs the file for itself for a moment and does not wait by itself. File systems that cannot
    share memory keep the old journal, which is only slower.
    """
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _layout(connection: sqlite3.Connection) -> int:
    return connection.execute("PRAGMA user_version").fetchone()[0]


def bytes_used(connection: sqlite3.Connection) -> int:
    """Bytes of the pages in use; the file may be larger by pages that wait for reuse."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def release_pages(connection: sqlite3.Connection) -> None:
    """Give free pages back to the file system; a script, since a statement would stop after the first page."""
    connection.executescript("PRAGMA incremental_vacuum")


def identity(file: Path) -> tuple[int, int] | None:
    """Device and number of the file now at this path; None when there is none."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def remove_database(file: Path) -> None:
    """Remove a database with its side files, as far as the system lets us: not while Windows has it open."""
    for name in (file.name, f"{file.name}-wal", f"{file.name}-shm", f"{file.name}-journal"):
        with suppress(OSError):
            file.with_name(name).unlink()
