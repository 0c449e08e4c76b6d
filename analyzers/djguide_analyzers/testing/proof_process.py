"""The process that runs one proof: ``proof_process.py PROJECT TASK ANSWER``.

Without arguments it loads Django, configures nothing, and forks for each proof that it reads from its standard
input, which saves the proofs most of their time; `warm` is the other end.

It needs nothing but Django and knows nothing of djguide. The project is set up with its tables in SQLite's memory,
or in a new database of the PostgreSQL server that the task names. Then the proof runs with these names besides
what it imports:

    fixed               whether the project is the fixed one; a proof runs on both
    queries(f, *args)   number of queries that calling ``f(*args)`` runs
    same(value)         `value` must be the same on the bad and on the fixed project
    rounds(1, 5, 25)    the numbers one after the other, each with empty tables
    raises(Error)       the block under ``with raises(Error):`` must raise it
    at_once(f, g)       calls both at the same time; see `proof_race`
"""

from __future__ import annotations

import ast
import atexit
import gc
import json
import os
import runpy
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

_LOADED_BEFORE = (
    "celery.app.task",
    "django.contrib.auth.apps",
    "django.contrib.auth.password_validation",
    "django.contrib.contenttypes.apps",
    "django.core.handlers.wsgi",
    "django.core.management.commands.migrate",
    "django.db.backends.sqlite3.base",
    "django.db.models.sql.compiler",
    "django.forms",
    "django.middleware.csrf",
    "django.shortcuts",
    "django.template.loader",
    "django.test",
    "django.views.generic",
    "rest_framework",
)
"""Modules that are loaded once for all proofs: those that need no settings. Not every interpreter has them."""


_IN_MEMORY = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}


class Toolbox:
    """The helpers of a proof."""

    def __init__(self, fixed: bool) -> None:
        self.fixed = fixed
        self.seen: list[str] = []

    def names(self) -> dict[str, Any]:
        return {
            "fixed": self.fixed,
            "queries": self.queries,
            "same": self.same,
            "rounds": self.rounds,
            "raises": self.raises,
            "at_once": self.at_once,
        }

    def queries(self, function: Callable[..., object], *args: object) -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as captured:
            function(*args)
        return len(captured)

    def same(self, value: object) -> None:
        self.seen.append(repr(value))

    def rounds(self, *sizes: int) -> Iterator[int]:
        for size in sizes:
            _empty_tables()
            yield size

    def at_once(self, *functions: Callable[[], object]) -> list[object]:
        # By its path: the folder is not put where a project's own modules are looked for.
        race = runpy.run_path(str(Path(__file__).with_name("proof_race.py")))
        return race["at_once"](functions)

    @contextmanager
    def raises(self, *errors: type[BaseException]) -> Iterator[None]:
        try:
            yield
        except errors:
            return
        raise AssertionError(f"nothing raised {' or '.join(error.__name__ for error in errors)}")


class Explained(ast.NodeTransformer):
    """Makes ``assert a == b`` say both values when it fails; each side is still evaluated once."""

    def visit_Assert(self, node: ast.Assert) -> ast.AST | list[ast.stmt]:
        test = node.test
        if not isinstance(test, ast.Compare) or len(test.ops) != 1 or node.msg is not None:
            return node
        sides = []
        for name, value in (("_left", test.left), ("_right", test.comparators[0])):
            sides.append(ast.Assign([ast.Name(name, ast.Store())], value))
        left, right = ast.Name("_left", ast.Load()), ast.Name("_right", ast.Load())
        message = ast.parse('f"{_left!r} against {_right!r}"', mode="eval").body
        check = ast.Assert(ast.Compare(left, test.ops, [right]), message)
        return [ast.fix_missing_locations(ast.copy_location(part, node)) for part in (*sides, check)]


def _empty_tables() -> None:
    from django.core.management.color import no_style
    from django.db import connection

    tables = connection.introspection.django_table_names(only_existing=True)
    connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), tables, reset_sequences=True))


def _set_up(server: str) -> None:
    """Set the project up, whatever its settings say, on SQLite in memory or on the PostgreSQL `server`."""
    import django
    from django.apps import apps
    from django.conf import settings
    from django.core.management import call_command

    os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
    for database in settings.DATABASES.values():
        database.update(_new_database(server) if server else _IN_MEMORY)
    django.setup()
    # Tables straight from the models: what Django's own apps migrate is of no interest here.
    settings.MIGRATION_MODULES = {config.label: None for config in apps.get_app_configs()}
    call_command("migrate", run_syncdb=True, verbosity=0, skip_checks=True)


def _new_database(server: str) -> dict[str, str]:
    """Settings for a new database on `server`, a connection string; it is gone when this process ends."""
    psycopg, conninfo = (
        import_module("psycopg"),
        import_module("psycopg.conninfo"),
    )  # only these proofs need it
    name = f"djguide_{secrets.token_hex(8)}"

    def execute(statement: str) -> None:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(statement)

    execute(f"CREATE DATABASE {name}")
    atexit.register(execute, f"DROP DATABASE {name} WITH (FORCE)")
    given = conninfo.conninfo_to_dict(server)
    keys = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password"}
    settings = {key: str(given.get(parameter) or "") for key, parameter in keys.items()}
    return {"ENGINE": "django.db.backends.postgresql", "NAME": name, **settings}


def main(project: str, task_path: str, answer_path: str) -> None:
    task = json.loads(Path(task_path).read_text(encoding="utf-8"))
    sys.path.insert(0, project)
    _set_up(task["server"])
    toolbox = Toolbox(task["fixed"])
    # The proof keeps its place in the page, so a traceback shows the page's line.
    tree = ast.parse("\n" * (task["line"] - 1) + task["text"], task["page"])
    code = compile(Explained().visit(tree), task["page"], "exec")
    exec(code, {"__name__": "__proof__", **toolbox.names()})
    Path(answer_path).write_text(json.dumps(toolbox.seen), encoding="utf-8")


def load() -> None:
    """Import what proofs need, as far as the interpreter has it."""
    for name in _LOADED_BEFORE:
        with suppress(ImportError):
            import_module(name)


def next_task() -> list[str]:
    """Answer the requests on standard input; returns only in the processes forked for them, with their arguments.

    A request is a line of JSON: ``arguments`` for `main`, the ``folder`` to run in, which gets the files
    ``stdout`` and ``stderr``, and the ``seconds`` it may take. The answer is a line with the exit status as
    `subprocess` has it, or null when the time was up. The line ``ready`` comes first.
    """
    load()
    if threading.active_count() > 1:
        sys.exit("threads do not survive a fork")
    gc.freeze()  # or each process that ends goes through all that is loaded here, and copies it by that
    print("ready", flush=True)
    while line := sys.stdin.readline():
        request = json.loads(line)
        child = os.fork()
        if not child:
            _leave_to(request["folder"])
            return request["arguments"]
        print(json.dumps(_status(child, request["seconds"])), flush=True)
    sys.exit()


def _leave_to(folder: str) -> None:
    """Make the forked process one as if it had been started in `folder`, with its output in files there."""
    os.chdir(folder)
    for number, name, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, "stdout", os.O_WRONLY | os.O_CREAT),
        (2, "stderr", os.O_WRONLY | os.O_CREAT),
    ):
        opened = os.open(name, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)


def _status(child: int, seconds: float) -> int | None:
    """Wait for the process `child`, which is ended when the time is up; returns its status, then None."""
    ended = []

    def end(*_: object) -> None:
        ended.append(child)
        os.kill(child, signal.SIGKILL)

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        _, status = os.waitpid(child, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return None if ended else os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    main(*(sys.argv[1:] or next_task()))
