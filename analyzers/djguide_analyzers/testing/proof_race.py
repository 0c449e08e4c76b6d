"""Two requests at the same time, always in the same order of events.

Each function runs in a thread with a connection of its own. A thread that is about to write for the first time
waits until every other one is about to write as well, waits for a lock, or is done: so all of them have read
before any of them writes. That is the order in which updates get lost and rows get created twice.

An SQLite database in memory has one connection: there the threads work on a copy of the tables in a file, which is
copied back afterwards. SQLite has no ``SELECT ... FOR UPDATE`` either, and Django leaves it out there. Here Django
writes it, with its check that a transaction is open, and the statement takes the lock that SQLite has for writing
instead of one for the row.
"""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SECONDS = 20
_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
_LOCKS = re.compile(r" FOR (NO KEY )?UPDATE\b")
_HASTY = "PRAGMA synchronous = OFF"
"""Nothing has to survive the machine: the waiting for its disk takes longer than all else."""


def at_once(functions: Sequence[Callable[[], object]]) -> list[object]:
    """What `functions`, called at the same time, return; raises what one of them raises."""
    from django.db import connection

    return (_SQLiteRace if connection.vendor == "sqlite" else _Race)(functions).run()


class _Race:
    """One race; `functions` take no arguments."""

    def __init__(self, functions: Sequence[Callable[[], object]]) -> None:
        self._functions = functions
        self._reading = set(range(len(functions)))
        """Numbers of the threads that the others wait for."""
        self._changed = threading.Condition()
        self._results: list[object] = [None] * len(functions)
        self._errors: list[BaseException] = []

    def run(self) -> list[object]:
        with self._shared_tables():
            threads = [threading.Thread(target=self._one, args=(n,)) for n in range(len(self._functions))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        if self._errors:
            raise self._errors[0]
        return self._results

    @contextmanager
    def _shared_tables(self) -> Iterator[None]:
        """Let the connections of all threads see the tables of this one's."""
        yield

    def _prepare(self, connection: Any) -> None:
        """Prepare a thread's own connection."""

    def _lock(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        """Run a statement that may have to wait for a lock."""
        return execute(sql, params, many, context)

    def _one(self, number: int) -> None:
        from django.db import connection

        try:
            self._prepare(connection)
            with connection.execute_wrapper(lambda *args: self._statement(number, *args)):
                self._results[number] = self._functions[number]()
        except BaseException as error:
            self._errors.append(error)
        finally:
            connection.close()
            self._no_longer_reads(number)

    def _statement(
        self, number: int, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        """Run one statement of a thread when its time has come."""
        if _LOCKS.search(sql):
            self._no_longer_reads(number)
            result = self._lock(execute, sql, params, many, context)
            with self._changed:
                self._reading.add(number)
            return result
        if sql.startswith(_WRITES):
            self._no_longer_reads(number)
            with self._changed:
                assert self._changed.wait_for(lambda: not self._reading, _SECONDS), "nobody else writes"
        return execute(sql, params, many, context)

    def _no_longer_reads(self, number: int) -> None:
        with self._changed:
            self._reading.discard(number)
            self._changed.notify_all()


class _SQLiteRace(_Race):
    @contextmanager
    def _shared_tables(self) -> Iterator[None]:
        from django.db import connection, connections

        connection.ensure_connection()
        databases: Any = connections.databases
        settings = databases["default"]
        before = settings["NAME"]
        with tempfile.TemporaryDirectory() as folder:
            settings["NAME"] = str(Path(folder) / "race.sqlite3")
            try:
                self._copy(connection.connection, settings["NAME"])
                yield
                self._copy(settings["NAME"], connection.connection)
            finally:
                settings["NAME"] = before

    def _copy(self, source: Any, target: Any) -> None:
        """Copy a database; each is a connection, or the path of a file."""
        import sqlite3

        opened = [sqlite3.connect(each) if isinstance(each, str) else None for each in (source, target)]
        for new in filter(None, opened):
            new.execute(_HASTY)
        one, other = (new or given for new, given in zip(opened, (source, target), strict=True))
        one.backup(other)
        for new in filter(None, opened):
            new.close()

    def _prepare(self, connection: Any) -> None:
        connection.settings_dict["OPTIONS"] = {"timeout": _SECONDS}
        connection.features.has_select_for_update = True
        with connection.cursor() as cursor:
            cursor.execute(_HASTY)

    def _lock(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        # A write that finds no rows takes the lock; SQLite itself waits for it.
        execute('UPDATE "django_content_type" SET "id" = "id" WHERE 0 = 1', None, False, context)
        return execute(_LOCKS.sub("", sql), params, many, context)
