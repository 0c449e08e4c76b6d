"""The commands of ``djguide``. The folder is the registry.

A module ``some_name.py`` here is the command ``djguide some-name``. It defines `command`, a `click.Command`
that returns its exit status (None for 0), and imports what it needs inside the function.
"""
