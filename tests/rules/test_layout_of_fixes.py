"""How what fixes add is written: like the file they go to."""

from __future__ import annotations

import pytest

from djguide_analyzers.rules.layout import in_quotes, usual_quote


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("", '"'),
        ("names = ['a', 'b', \"c\"]\n", "'"),
        ("names = ['a', \"b\"]\n", '"'),
        ('"""It\'s a file."""\n# don\'t, can\'t\nname = "a"\n', '"'),
        ("'''One \"text\" here.'''\nname = \"a\"\n", '"'),
        ('said = \'a "word"\'\nname = "a"\n', '"'),
        ("name = 'it\\'s'\nother = f'{name}'\n", "'"),
        ('broken = \'a\nname = "b"\n', '"'),
    ],
)
def test_the_usual_quotes(text: str, quote: str) -> None:
    assert usual_quote(text) == quote


@pytest.mark.parametrize(
    ("text", "quote", "literal"),
    [
        ("user", "'", "'user'"),
        ("user", '"', '"user"'),
        ("it's", "'", '"it\'s"'),
        ('a "b"', "'", '"a \\"b\\""'),
        ("größe", "'", "'größe'"),
    ],
)
def test_literals(text: str, quote: str, literal: str) -> None:
    assert in_quotes(text, quote) == literal
