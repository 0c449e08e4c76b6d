"""Entry point of ``djguide`` and of ``python -m djguide_server``."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line on `sys.argv` and exit with its status."""
    from djguide_server.cli.app import run

    sys.exit(run())


if __name__ == "__main__":
    main()
