"""``djguide explain``: why there is a finding on a line, or why there is none."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

import click
from click.shell_completion import CompletionItem

from djguide_server.cli import engine, streams
from djguide_server.cli.options import jobs_option, rule_folders

_PLACE = re.compile(r"(?P<path>.+?):(?P<line>\d+)(?::(?P<column>\d+))?:?")


class Spot(NamedTuple):
    """A line of a file, from one; `column` (from one) when only what is there matters."""

    path: Path
    line: int
    column: int | None


class SpotType(click.ParamType):
    """``PATH:LINE`` or ``PATH:LINE:COLUMN``, as `check` and compilers print them."""

    name = "place"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Spot:
        if isinstance(value, Spot):
            return value
        match = _PLACE.fullmatch(str(value))
        if match is None or int(match["line"]) == 0 or match["column"] == "0":
            self.fail(f"{value!r} is not PATH:LINE or PATH:LINE:COLUMN, counted from one.", param, ctx)
        path = Path(match["path"])
        if not path.is_file():
            self.fail(f"there is no file {match['path']!r}.", param, ctx)
        return Spot(path, int(match["line"]), int(match["column"]) if match["column"] else None)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Files, as the shell completes them."""
        return [CompletionItem(incomplete, type="file")]


@click.command("explain", short_help="Explain what is known of a line, and what is found there.")
@click.argument("place", type=SpotType(), metavar="PATH:LINE[:COLUMN]")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print.",
)
@rule_folders
@jobs_option
def command(place: Spot, format_: str, jobs: int) -> int | None:
    """Explain the findings on a line: each with every step of its evidence, what its fixes change, and when not
    to follow them. Findings that are not told appear with the reason.

    Below stands what djguide knows of the line: which querysets and rows there are, what they have loaded, and
    which queries run, in which loops. That tells also why nothing is found. Of a line of a template it is what
    the views that render it make of it.

    \b
    djguide explain shop/views.py:42
    djguide explain shop/templates/shop/order_list.html:7
    """
    from djguide_server.cli.explanation import as_json, as_text
    from djguide_server.cli.progress import ProgressBar
    from djguide_server.cli.result import CheckResult, Texts
    from djguide_server.cli.targets import Targets

    targets = Targets.of((place.path,))
    path = targets.paths[0].as_posix()
    with engine.open_workspace(targets.roots, jobs=jobs) as workspace:
        with ProgressBar(enabled=format_ == "text") as bar:
            report = workspace.check([path], progress=bar)
        column = None if place.column is None else place.column - 1
        explanation = workspace.explain(path, place.line - 1, column)
        result = CheckResult(report, targets, Texts(workspace.text), group_by="rule")
        if format_ == "json":
            streams.emit(as_json(explanation, targets))
            return None
        terminal = streams.terminal_of(sys.stdout)
        streams.emit(as_text(explanation, result, terminal), colour=terminal.colour)
    return None
