"""Messages broken into lines, for terminals only."""

from __future__ import annotations

import click
import pytest

from djguide_server.cli.streams import Terminal, cells
from djguide_server.cli.wrapping import wrapped

TEXT = "Each of the books loads its author with a query of its own"


def lines(width: int, text: str = TEXT, head: str = "6:5  warning  ", **options: str) -> list[str]:
    terminal = Terminal(interactive=True, colour=True, width=width)
    return [click.unstyle(line) for line in wrapped(head, text, terminal, margin=2, **options)]


def test_text_hangs_behind_its_head() -> None:
    assert lines(50, tail="[n-plus-one]") == [
        "6:5  warning  Each of the books loads its author",
        "              with a query of its own",
        "              [n-plus-one]",
    ]


def test_what_fits_stays_on_its_line() -> None:
    assert lines(88, tail="[code]") == [f"6:5  warning  {TEXT}  [code]"]
    assert lines(81, tail="[code]") == [f"6:5  warning  {TEXT}", "              [code]"]


@pytest.mark.parametrize("width", range(10, 100))
@pytest.mark.parametrize("head", ["", "1:1  ", "a/very/long/path/of/a/module.py:100:20  "])
def test_nothing_is_lost_and_lines_fit_where_words_do(width: int, head: str) -> None:
    found = lines(width, head=head, tail="[code]")
    assert " ".join(" ".join(found).split()) == " ".join(f"{head}{TEXT} [code]".split())
    longest = max(len(head) + len(TEXT.split()[0]), *(len(word) for word in TEXT.split()))
    assert all(len(line) + 2 <= max(width, longest + 6) for line in found)
    assert all(line.strip() for line in found)


def test_styles_take_no_room() -> None:
    terminal = Terminal(interactive=True, colour=True, width=60)
    styled, plain = (click.style("warning", fg="yellow", bold=True), "warning")
    with_style = wrapped(f"{styled}  ", TEXT, terminal, margin=0)
    assert [click.unstyle(line) for line in with_style] == wrapped(f"{plain}  ", TEXT, terminal, margin=0)


def test_wide_characters_take_two_cells() -> None:
    found = lines(40, text="読む " * 12)
    assert max(cells(line) for line in found) <= 38
    assert len(found) > 1


def test_a_pipe_gets_one_line() -> None:
    assert wrapped("head  ", TEXT * 9, Terminal(width=40), margin=2, tail="[c]") == [f"head  {TEXT * 9}  [c]"]


def test_nothing_to_say() -> None:
    assert lines(40, text="") == ["6:5  warning  "]
