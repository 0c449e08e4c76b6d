"""``djguide completion``: what shells need to complete commands, options and rules."""

from __future__ import annotations

import click

from djguide_server.cli import streams

VARIABLE = "_DJGUIDE_COMPLETE"


@click.command("completion", short_help="Print the completion script for a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the script that lets SHELL complete commands, options, practices and rules.

    \b
    bash   echo 'eval "$(djguide completion bash)"' >> ~/.bashrc
    zsh    echo 'eval "$(djguide completion zsh)"' >> ~/.zshrc
    fish   djguide completion fish > ~/.config/fish/completions/djguide.fish
    """
    from click.shell_completion import get_completion_class

    from djguide_server.cli.app import cli

    complete_class = get_completion_class(shell)
    assert complete_class is not None
    complete = complete_class(cli, {}, "djguide", VARIABLE)
    # `source()` would start bash to ask for its version.
    streams.emit(complete.source_template % complete.source_vars() + "\n")
