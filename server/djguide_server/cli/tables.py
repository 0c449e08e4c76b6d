"""What rich draws: tables and Markdown. Import this module only when it is about to be used."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console, RenderableType
from rich.markdown import Markdown
from rich.table import Table

from djguide_server.cli.streams import Terminal, clean

_UNLIMITED = 100_000
_READABLE = 110


def render_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], terminal: Terminal, *, flexible: str
) -> str:
    """A table with one column per name in `columns`.

    On a terminal the `flexible` column wraps to fit; elsewhere every row stays on one line, so that it can be
    searched.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, highlight=False)
    for column in columns:
        table.add_column(column, no_wrap=column != flexible, overflow="fold", min_width=len(column))
    for row in rows:
        table.add_row(*(clean(cell).replace("[", r"\[") for cell in row))
    return _render(table, terminal, terminal.width if terminal.interactive else _UNLIMITED)


def render_markdown(text: str, terminal: Terminal) -> str:
    """Markdown as read on a terminal, in lines of readable length."""
    return _render(Markdown(clean(text)), terminal, min(terminal.width, _READABLE))


def _render(what: RenderableType, terminal: Terminal, width: int) -> str:
    target = io.StringIO()
    console = Console(
        file=target,
        width=width,
        force_terminal=terminal.colour,
        no_color=not terminal.colour,
        color_system="standard" if terminal.colour else None,
        legacy_windows=False,
    )
    console.print(what)
    return "".join(f"{line.rstrip()}\n" for line in target.getvalue().split("\n")[:-1])
