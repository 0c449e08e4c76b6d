"""The process that runs one proof: ``proof_process.py PROJECT TASK ANSWER``.

It needs nothing but Django and knows nothing of djguide. The project is set up with its tables in memory, then
the proof runs with these names besides what it imports:

    fixed               whether the project is the fixed one; a proof runs on both
    queries(f, *args)   number of queries that calling ``f(*args)`` runs
    same(value)         `value` must be the same on the bad and on the fixed project
    rounds(1, 5, 25)    the numbers one after the other, each with empty tables
    raises(Error)       the block under ``with raises(Error):`` must raise it
    at_once(f, g)       calls both at the same time; see `proof_race`
"""

from __future__ import annotations

import ast
import json
import os
import runpy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


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
        return race["Race"](functions).run()

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


def _set_up() -> None:
    import django
    from django.apps import apps
    from django.conf import settings
    from django.core.management import call_command

    os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
    for database in settings.DATABASES.values():  # whatever the page's project runs on
        database.update(ENGINE="django.db.backends.sqlite3", NAME=":memory:")
    django.setup()
    # Tables straight from the models: what Django's own apps migrate is of no interest here.
    settings.MIGRATION_MODULES = {config.label: None for config in apps.get_app_configs()}
    call_command("migrate", run_syncdb=True, verbosity=0, skip_checks=True)


def main(project: str, task_path: str, answer_path: str) -> None:
    task = json.loads(Path(task_path).read_text(encoding="utf-8"))
    sys.path.insert(0, project)
    _set_up()
    toolbox = Toolbox(task["fixed"])
    # The proof keeps its place in the page, so a traceback shows the page's line.
    tree = ast.parse("\n" * (task["line"] - 1) + task["text"], task["page"])
    code = compile(Explained().visit(tree), task["page"], "exec")
    exec(code, {"__name__": "__proof__", **toolbox.names()})
    Path(answer_path).write_text(json.dumps(toolbox.seen), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
