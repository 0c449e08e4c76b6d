"""Two requests at the same time, always in the same order of events.

Each function runs in a thread with a connection of its own, to a copy of the tables in a file that is copied back
afterwards. A thread that is about to write for the first time waits until every other one is about to write as
well, waits for a lock, or is done: so all of them have read before any of them writes. That is the order in
which updates get lost and rows get created twice.

SQLite has no ``SELECT ... FOR UPDATE``, and Django leaves it out there. Here Django writes it, with its check that
a transaction is open, and the statement takes the lock that SQLite has for writing instead of one for the row.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

_SECONDS = 20
_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
_LOCK = " FOR UPDATE"
_HASTY = "PRAGMA synchronous = OFF"
"""Nothing has to survive the machine: the waiting for its disk takes longer than all else."""


class Race:
    """One race; `functions` take no arguments."""

    def __init__(self, functions: Sequence[Callable[[], object]]) -> None:
        self._functions = functions
        self._reading = set(range(len(functions)))
        """Numbers of the threads that the others wait for."""
        self._changed = threading.Condition()
        self._results: list[object] = [None] * len(functions)
        self._errors: list[BaseException] = []

    def run(self) -> list[object]:
        """What the functions return; raises what one of them raises."""
        from django.db import connection, connections

        connection.ensure_connection()
        databases: Any = connections.databases
        settings = databases["default"]
        before = settings["NAME"]
        with tempfile.TemporaryDirectory() as folder:
            settings["NAME"] = str(Path(folder) / "race.sqlite3")
            try:
                self._copy(connection.connection, settings["NAME"])
                threads = [threading.Thread(target=self._one, args=(n,)) for n in range(len(self._functions))]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                self._copy(settings["NAME"], connection.connection)
            finally:
                settings["NAME"] = before
        if self._errors:
            raise self._errors[0]
        return self._results

    def _copy(self, source: Any, target: Any) -> None:
        """Copy a database; each is a connection, or the path of a file."""
        import sqlite3

        opened = [sqlite3.connect(each) if isinstance(each, str) else None for each in (source, target)]
        one, other = (new or given for new, given in zip(opened, (source, target), strict=True))
        for new in filter(None, opened):
            new.execute(_HASTY)
        one.backup(other)
        for new in opened:
            if new is not None:
                new.close()

    def _one(self, number: int) -> None:
        from django.db import connection

        connection.settings_dict["OPTIONS"] = {"timeout": _SECONDS}
        connection.features.has_select_for_update = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(_HASTY)
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
        if sql.endswith(_LOCK):
            self._no_longer_reads(number)
            # A write that finds no rows takes the lock; SQLite itself waits for it.
            execute('UPDATE "django_content_type" SET "id" = "id" WHERE 0 = 1', None, False, context)
            with self._changed:
                self._reading.add(number)
            return execute(sql.removesuffix(_LOCK), params, many, context)
        if sql.startswith(_WRITES):
            self._no_longer_reads(number)
            with self._changed:
                assert self._changed.wait_for(lambda: not self._reading, _SECONDS), "nobody else writes"
        return execute(sql, params, many, context)

    def _no_longer_reads(self, number: int) -> None:
        with self._changed:
            self._reading.discard(number)
            self._changed.notify_all()
