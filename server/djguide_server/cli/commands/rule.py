"""``djguide rule``: the page of one rule."""

from __future__ import annotations

import sys

import click

from djguide_server.cli import engine, streams
from djguide_server.cli.options import rule_folders, unknown_rule


@click.command("rule", short_help="Explain one rule.")
@click.argument("code")
@rule_folders
def command(code: str) -> None:
    """Explain the rule CODE: what, why, when not to follow it, and the fix."""
    if problem := unknown_rule(code):
        raise click.UsageError(problem[0].upper() + problem[1:])
    page = engine.rule_page(code)
    terminal = streams.terminal_of(sys.stdout)
    if not terminal.interactive:
        streams.emit(page if page.endswith("\n") else f"{page}\n")
        return
    from djguide_server.cli.tables import render_markdown

    streams.emit(render_markdown(page, terminal), colour=terminal.colour)
