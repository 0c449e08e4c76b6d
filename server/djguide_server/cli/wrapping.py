"""Breaking messages into lines for a terminal."""

from __future__ import annotations

import click

from djguide_server.cli.streams import Terminal, cells

_NARROWEST = 24
"""Cells for text below which a hanging indent gives way."""


def wrapped(head: str, text: str, terminal: Terminal, *, margin: int, tail: str = "") -> list[str]:
    """`head`, then `text` and `tail`, broken between words so that the text hangs behind the head.

    `head` and `tail` may be styled and are not broken. `margin` is how many cells will stand before each line.
    What no terminal shows stays on one line: whoever reads a pipe looks for lines.
    """
    separated = [f"  {tail}"] if tail else []
    if not terminal.interactive:
        return ["".join([head, text, *separated])]
    room = terminal.width - margin
    indent = _cells(head)
    if room - indent < _NARROWEST:
        indent = min(4, max(0, room - _NARROWEST))
    lines, used = [head], _cells(head)
    start = used
    for word in [*(f" {word}" for word in text.split()), *separated]:
        bare = word.lstrip(" ")
        shown = bare if used == start else word
        if used > start and used + _cells(shown) > room:
            lines.append(" " * indent)
            used = start = indent
            shown = bare
        lines[-1] += shown
        used += _cells(shown)
    return lines


def _cells(text: str) -> int:
    return cells(click.unstyle(text))
