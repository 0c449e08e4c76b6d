"""djguide's front ends: the language server and the command line. No analysis lives here."""

import sys

# Python has "-m" here as long as it looks for the module that `python -m` names, and the current folder in front of
# everything else. It may be the project to be read, whose modules must not pass themselves off as ours.
if sys.argv[:1] == ["-m"] and not sys.flags.safe_path:
    del sys.path[0]
