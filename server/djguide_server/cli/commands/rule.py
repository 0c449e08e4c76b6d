"""``djguide rule``: the page of one rule."""

from __future__ import annotations

import sys

import click

from djguide_server.cli import engine, streams
from djguide_server.cli.options import RuleCode, rule_folders


@click.command("rule", short_help="Explain one rule.")
@click.argument("code", type=RuleCode())
@rule_folders
def command(code: str) -> None:
    """Explain the rule CODE: what, why, when not to follow it, and the fix.

    \b
    djguide rule n-plus-one-foreign-key
    """
    page = engine.rule_page(code)
    terminal = streams.terminal_of(sys.stdout)
    if not terminal.interactive:
        streams.emit(page if page.endswith("\n") else f"{page}\n")
        return
    from djguide_server.cli.tables import render_markdown

    streams.emit(render_markdown(page, terminal), colour=terminal.colour)
