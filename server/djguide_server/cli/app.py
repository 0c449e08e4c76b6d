"""The ``djguide`` command: finding the sub-commands, and what happens when one fails."""

from __future__ import annotations

import difflib
import pkgutil
import traceback
from collections.abc import Sequence
from importlib import import_module

import click

from djguide_analyzers import __version__
from djguide_server.cli import commands, streams

EXIT_ERROR = 2
EXIT_INTERRUPTED = 130


class Invocation:
    """What all commands of one run share."""

    def __init__(self) -> None:
        self.traceback = False


class CommandFolder(click.Group):
    """A group whose commands are the modules of `commands`, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = import_module(f"{commands.__name__}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        if not any(parameter.name == "traceback" for parameter in command.params):
            command.params.append(_traceback_option())
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        known = self.list_commands(ctx)
        if name not in known and not name.startswith("-") and not ctx.resilient_parsing:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise click.UsageError(f"No such command {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)


def _traceback_option() -> click.Option:
    def remember(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
        if value:
            ctx.ensure_object(Invocation).traceback = True

    return click.Option(
        ["--traceback"],
        is_flag=True,
        expose_value=False,
        callback=remember,
        help="Show the Python traceback of an internal error.",
    )


@click.group(
    cls=CommandFolder,
    params=[_traceback_option()],
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="djguide", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Reads Django code like a senior reviewer: queries, transactions, models, with evidence and fixes.

    Static: the project is read, never imported, run or changed (except by `check --fix`).

    \b
    djguide check                      what is wrong here
    djguide check --diff               and what --fix would do about it
    djguide explain shop/views.py:42   why, step by step
    djguide baseline                   accept what there is, be told what is new
    """
    if ctx.invoked_subcommand is None:
        streams.emit(ctx.get_help() + "\n")


def run(arguments: Sequence[str] | None = None) -> int:
    """Run ``djguide`` with `arguments` (None: those of the process) and return the exit status.

    0: nothing found; 1: findings; 2: bad usage or an internal error; 130: interrupted.
    """
    streams.prepare()
    invocation = Invocation()
    try:
        result = cli.main(arguments, prog_name="djguide", obj=invocation, standalone_mode=False)
        status = result if isinstance(result, int) else 0
    except (click.Abort, KeyboardInterrupt):
        status = EXIT_INTERRUPTED
    except click.ClickException as error:
        error.show()
        status = EXIT_ERROR
    except SystemExit as stop:
        status = _status_of(stop)
    except Exception as error:
        _report_crash(error, invocation)
        status = EXIT_ERROR
    streams.close()
    return status


def _status_of(stop: SystemExit) -> int:
    """The status a command left with; leaving with a message is an error."""
    if stop.code is None or isinstance(stop.code, int):
        return stop.code or 0
    streams.emit(f"djguide: {streams.clean(str(stop.code))}\n", error=True)
    return EXIT_ERROR


def _report_crash(error: Exception, invocation: Invocation) -> None:
    """Say what went wrong in a line or two; the traceback only for those who asked."""
    if invocation.traceback:
        streams.emit("".join(traceback.format_exception(error)), error=True)
        return
    name = type(error).__name__
    what = str(error) if isinstance(error, OSError) else f"internal error: {name}: {error}".rstrip(": ")
    hint = "Run again with --traceback to see where it happened."
    streams.emit(f"djguide: {streams.clean(what)}\n{hint}\n", error=True)
