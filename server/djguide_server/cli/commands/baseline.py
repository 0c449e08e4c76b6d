"""``djguide baseline``: accept what is found now, so that checks tell only what is new."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from djguide_server.cli import engine, streams
from djguide_server.cli.options import EXISTING_PATH, jobs_option, rule_folders

if TYPE_CHECKING:
    from djguide_analyzers.engine.accepting import Update
    from djguide_server.cli.targets import Targets


@click.command("baseline", short_help="Accept what is found now; checks then tell only what is new.")
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=EXISTING_PATH)
@click.option("--prune", is_flag=True, help="Accept nothing; only take out what no longer occurs.")
@rule_folders
@jobs_option
def command(paths: tuple[Path, ...], prune: bool, jobs: int) -> None:
    """Write the findings at PATH (files or folders; the current folder by default) into the baseline.

    The baseline is the file that `baseline` in the configuration names, else djguide-baseline.json beside it.
    Commit it: `check` and editors then show only findings that are not in it. It holds no line numbers, so it
    stays right when code moves. It never grows by itself; `check` takes out what no longer occurs.

    \b
    djguide baseline               accept everything found now
    djguide baseline shop/orders   accept what is found there as well
    djguide baseline --prune       take out what has been mended since
    """
    from djguide_server.cli.formats.text import problem_lines
    from djguide_server.cli.progress import ProgressBar
    from djguide_server.cli.result import has_internal
    from djguide_server.cli.targets import Targets

    targets = Targets.of(paths)
    with engine.open_workspace(targets.roots, jobs=jobs) as workspace:
        with ProgressBar() as bar:
            report = workspace.check(targets.scope(), progress=bar)
        updates = workspace.updated_baselines(targets.scope(), prune=prune)
    errors = streams.terminal_of(sys.stderr)
    streams.emit(problem_lines(report.problems, targets, errors), error=True, colour=errors.colour)
    if has_internal(report.problems):
        raise click.ClickException("No baseline is written: the check was not complete.")
    if not updates:
        raise click.ClickException("There is no baseline to prune. `djguide baseline` writes one.")
    for update in updates:
        _write(update, targets)


def _write(update: Update, targets: Targets) -> None:
    """Write one baseline and say what changed.

    Raises:
        click.ClickException: the file is not djguide's to write.
    """
    from djguide_server.cli.baselines import WriteRefused, write
    from djguide_server.cli.formats.text import count

    path = update.after.path
    shown = streams.clean(targets.display(path.as_posix()))
    total = sum(entry.count for entry in update.after.entries)
    if update.before is not None and update.before == update.after:
        streams.emit(f"{shown} is up to date: {count(total, 'finding')} accepted.\n")
        return
    try:
        write(update)
    except WriteRefused as refused:
        raise click.ClickException(f"{shown} {refused}") from refused
    changes = [
        f"{number} {what}" for number, what in ((update.added, "new"), (update.removed, "gone")) if number
    ]
    detail = f" ({', '.join(changes)})" if changes and update.before is not None else ""
    streams.emit(f"{count(total, 'finding')} accepted in {shown}{detail}.\n")
