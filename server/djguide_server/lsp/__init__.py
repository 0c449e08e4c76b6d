"""The language server.

Importing this package is cheap: the protocol library is loaded when serving starts.
"""

from __future__ import annotations

from typing import NoReturn


def serve_stdio() -> NoReturn:
    """Serve one client on standard input and output until it leaves.

    Raises:
        SystemExit: always; code 1 when the client sent `exit` without `shutdown`, else 0.
    """
    from djguide_server.lsp import transport
    from djguide_server.lsp.server import create_server

    raise SystemExit(transport.run_stdio(create_server))


def serve_tcp(host: str, port: int) -> NoReturn:
    """Listen on `host` and `port` (0: any free one), serve the first client that connects until it leaves.

    The address is printed on standard output once a client can connect.

    Raises:
        SystemExit: code 0 or 1 as for `serve_stdio`; with a message when the address cannot be used.
    """
    from djguide_server.lsp import transport
    from djguide_server.lsp.server import create_server

    raise SystemExit(transport.run_tcp(create_server, host, port))
