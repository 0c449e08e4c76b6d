"""Entry point of ``djguide`` and of ``python -m djguide_server``."""

import sys

from djguide_server.memory import look_rarely
from djguide_server.search_path import leave_current_folder


def main() -> None:
    """Run the command line on `sys.argv` and exit with its status."""
    leave_current_folder()
    look_rarely()
    from djguide_server.cli.app import run

    sys.exit(run())


if __name__ == "__main__":
    main()
