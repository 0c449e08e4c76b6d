"""``djguide config-schema``: the JSON Schema of the configuration."""

from __future__ import annotations

import click

from djguide_server.cli import engine, streams


@click.command("config-schema", short_help="Print the JSON Schema of the configuration.")
def command() -> None:
    """Print the JSON Schema of [tool.djguide] and djguide.toml, for editors that check and complete TOML."""
    from djguide_server.cli.formats.json import dumps

    streams.emit(dumps(engine.config_schema()))
