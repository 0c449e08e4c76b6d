"""``djguide rules``: the list of rules."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from djguide_server.cli import engine, streams
from djguide_server.cli.options import rule_folders

if TYPE_CHECKING:
    from djguide_analyzers.rules.registry import Entry


@click.command("rules", short_help="List the rules.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How to print.",
)
@rule_folders
def command(format_: str) -> None:
    """List the rules: what they flag, how severe it is, and which fix they offer.

    \b
    djguide rules                        all of them, by practice
    djguide rules --format json          for programs
    djguide rules --rules django_rules   those of a team as well
    """
    for reason in engine.broken_rules():
        streams.emit(f"not loaded: {streams.clean(reason)}\n", error=True)
    entries = sorted(engine.all_rules(), key=lambda entry: (entry.practice, entry.code))
    if format_ == "json":
        from djguide_server.cli.formats.json import dumps

        streams.emit(dumps({"version": 1, "rules": [_described(entry) for entry in entries]}))
        return
    from djguide_server.cli.tables import render_table

    terminal = streams.terminal_of(sys.stdout)
    rows = [
        (
            entry.code,
            entry.practice,
            entry.rule.severity.value if entry.rule.default else f"{entry.rule.severity.value} (opt-in)",
            entry.rule.safety.value if entry.rule.safety else "-",
            entry.rule.django or "all",
            entry.rule.summary,
        )
        for entry in entries
    ]
    columns = ("Rule", "Practice", "Severity", "Fix", "Django", "Summary")
    streams.emit(render_table(columns, rows, terminal, flexible="Summary"), colour=terminal.colour)
    opt_in = sum(not entry.rule.default for entry in entries)
    streams.emit(f"{len(entries)} rules, {opt_in} of them opt-in. `djguide rule CODE` explains one.\n")


def _described(entry: Entry) -> dict[str, Any]:
    rule = entry.rule
    return {
        "code": entry.code,
        "practice": entry.practice,
        "summary": rule.summary,
        "severity": rule.severity.value,
        "safety": rule.safety.value if rule.safety else None,
        "default": rule.default,
        "django": rule.django,
        "source": entry.source or "djguide",
    }
