"""``djguide server``: the language server."""

from __future__ import annotations

from typing import Any

import click


class Address(click.ParamType):
    """``HOST:PORT``; an IPv6 host stands in brackets, a missing host means this machine only."""

    name = "address"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        host, separator, port = str(value).rpartition(":")
        bracketed = host.startswith("[") and host.endswith("]")
        if not separator or not (port.isascii() and port.isdigit()) or int(port) > 65535:
            self.fail(f"{value!r} is not HOST:PORT.", param, ctx)
        if ":" in host and not bracketed:
            self.fail(f"write an IPv6 host in brackets, as in [::1]:{port}.", param, ctx)
        return (host[1:-1] if bracketed else host) or "127.0.0.1", int(port)


@click.command("server", short_help="Run the language server.")
@click.option("--stdio", is_flag=True, help="Speak over standard input and output (the default).")
@click.option("--tcp", type=Address(), metavar="HOST:PORT", help="Listen on this address instead.")
def command(stdio: bool, tcp: tuple[str, int] | None) -> int | None:
    """Run the language server that editors start.

    It ends when its client does: at `exit`, at the end of its input, or with the process that started it.

    \b
    djguide server                        over standard input and output
    djguide server --tcp 127.0.0.1:9257   for one client at this address
    """
    if stdio and tcp:
        raise click.UsageError("--stdio and --tcp exclude each other.")
    from djguide_server import lsp

    if tcp:
        return lsp.serve_tcp(*tcp)
    return lsp.serve_stdio()
