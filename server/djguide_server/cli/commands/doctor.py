"""``djguide doctor``: what was discovered, and why."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from djguide_server.cli import engine, streams
from djguide_server.cli.options import EXISTING_PATH


@click.command("doctor", short_help="Tell what djguide sees in a project, and why.")
@click.argument("path", required=False, type=EXISTING_PATH)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print.",
)
def command(path: Path | None, format_: str) -> None:
    """Tell what djguide sees at PATH (the current folder by default): projects, settings, the Django version
    and where it was read, the environment, what is unknown and why, the cache, timings.

    The first thing to look at when findings are missing or wrong: a setting that names the place (settings-module,
    source-roots, environment) mends what was not found by itself.
    """
    from djguide_server.cli.targets import Targets

    targets = Targets.of((path,) if path else ())
    with engine.open_workspace(targets.roots) as workspace:
        facts: dict[str, Any] = workspace.doctor()
    if format_ == "json":
        from djguide_server.cli.formats.json import dumps

        streams.emit(dumps(facts))
        return
    from djguide_server.cli.outline import render_outline

    terminal = streams.terminal_of(sys.stdout)
    streams.emit(render_outline(facts, terminal), colour=terminal.colour)
