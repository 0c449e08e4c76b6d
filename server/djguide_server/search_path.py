"""Keeping the project to be read off the module search path of the process that reads it."""

import os
import sys


def leave_current_folder() -> None:
    """Take the current folder off the search path; a variable such as ``PYTHONPATH=.`` may have put it there.

    To be called before anything else is imported. A folder that holds djguide itself stays.
    """
    try:
        here = os.path.realpath(os.getcwd())  # noqa: PTH109 -- imports nothing that is not loaded already
    except OSError:  # the folder is gone
        return
    own = ("djguide_server", "djguide_analyzers")
    if not any(os.path.isdir(os.path.join(here, name)) for name in own):  # noqa: PTH112, PTH118
        sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry) != here]
