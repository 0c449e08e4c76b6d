"""How often the process looks for memory that refers to itself."""

import gc

_NEW = 50_000
"""Objects made since the last look: a check makes millions, nearly all of which stay or go without it."""
_ROUNDS = 20
"""Looks at young objects for one at older ones."""


def look_rarely() -> None:
    """Have the collector look for cycles less often than Python does by default; to be called at the start."""
    gc.set_threshold(_NEW, _ROUNDS, _ROUNDS)
