"""``djguide models``: the model graph."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from djguide_server.cli import engine, streams
from djguide_server.cli.options import EXISTING_PATH


@click.command("models", short_help="Show the models and how they are related.")
@click.argument("path", required=False, type=EXISTING_PATH)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json", "mermaid"]),
    default="table",
    show_default=True,
    help="How to print.",
)
def command(path: Path | None, format_: str) -> int | None:
    """Show the models of the project at PATH (the current folder by default) and how they are related.

    \b
    djguide models                    fields and relations, as a table
    djguide models --format mermaid   a diagram that GitHub and GitLab draw
    djguide models --format json      for programs
    """
    from djguide_server.cli.formats.text import problem_lines
    from djguide_server.cli.result import has_internal
    from djguide_server.cli.targets import Targets

    targets = Targets.of((path,) if path else ())
    with engine.open_workspace(targets.roots) as workspace:
        graph: dict[str, Any] = workspace.models(targets.paths[0].as_posix())
        problems = workspace.problems()
    for model in graph["models"]:
        if model.get("file"):
            model["file"] = targets.display(model["file"])
    errors = streams.terminal_of(sys.stderr)
    streams.emit(problem_lines(problems, targets, errors), error=True, colour=errors.colour)
    text = _rendered(graph, format_)
    if format_ == "mermaid" and len(text) > _DRAWN:
        note = (
            f"note: the diagram has {len(text)} characters, and viewers commonly draw no more than {_DRAWN}\n"
        )
        streams.emit(note, error=True, colour=errors.colour)
    streams.emit(text, colour=streams.terminal_of(sys.stdout).colour)
    return 2 if has_internal(problems) else None


_DRAWN = 50_000
"""Characters of a diagram that Mermaid draws unless its ``maxTextSize`` says otherwise."""


def _rendered(graph: dict[str, Any], format_: str) -> str:
    if format_ == "json":
        from djguide_server.cli.formats.json import dumps

        return dumps(graph)
    if format_ == "mermaid":
        from djguide_server.cli.mermaid import entity_diagram

        return entity_diagram(graph)
    return _table(graph)


def _note(model: dict[str, Any]) -> str:
    """What the table says behind a model's label."""
    notes = ["proxy"] if model.get("proxy") else []
    if {"", "installed"}.intersection(model.get("uncertain") or ()):
        notes.append("may not be installed")
    return f" ({', '.join(notes)})" if notes else ""


def _table(graph: dict[str, Any]) -> str:
    from djguide_server.cli.formats.text import count
    from djguide_server.cli.tables import render_table

    columns = ("Model", "Defined in", "Table", "Fields", "Relations", "Reverse")
    rows = [
        (
            model["label"] + _note(model),
            f"{model['file']}:{model['line']}" if model.get("file") else "-",
            model.get("db_table") or "-",
            str(len(model["fields"])),
            ", ".join(f"{relation['name']} → {relation['target'] or '?'}" for relation in model["relations"]),
            str(len(model["reverse"])),
        )
        for model in graph["models"]
    ]
    table = render_table(columns, rows, streams.terminal_of(sys.stdout), flexible="Relations") if rows else ""
    unknown = len(graph.get("unknown") or [])
    note = f" {count(unknown, 'thing')} could not be read: see --format json." if unknown else ""
    return f"{table}{count(len(rows), 'model')}.{note}\n"
