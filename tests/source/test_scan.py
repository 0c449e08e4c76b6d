"""The scanner: comments and statement lines, also where strings are never closed."""

from __future__ import annotations

import io
import random
import tokenize
from pathlib import Path

import django
import pytest

from djguide_analyzers.source.scan import comments, layout, split_lines, without_strings

FILES = sorted(Path(django.__file__).parent.rglob("*.py"))


def found(text: str) -> list[str]:
    return [token.text for token in comments(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1  # one\n# two", ["# one", "# two"]),
        ("x = '# no'  # yes", ["# yes"]),
        ('x = "a \\" # no"  # yes', ["# yes"]),
        ("x = '''\n# no\n'''  # yes\n", ["# yes"]),
        ('x = r"\\"  # yes', ["# yes"]),
        ('x = f"{a}# no"  # yes', ["# yes"]),
        ("x = f'''{a}\n# no\n'''\n# yes", ["# yes"]),
        ("x = b'#' rb'#'  # yes", ["# yes"]),
        ("x = ''  # yes\ny = \"\"  # yes too", ["# yes", "# yes too"]),
        ("x = '''a'''''  # yes", ["# yes"]),
        ("x = 'a\\\n# no'  # yes", ["# yes"]),
        ("# a\r\n# b\r# c\n", ["# a", "# b", "# c"]),
        ('# it\'s """ a comment\n# next', ['# it\'s """ a comment', "# next"]),
        ("#", ["#"]),
        ("", []),
    ],
)
def test_comments(text: str, expected: list[str]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 'abc\ny = 1  # yes\n", ["# yes"]),
        ('x = """abc\ny = 1  # yes\n', ["# yes"]),
        ('x = """abc\ndef f():\n    """Doc."""  # yes\n', ["# yes"]),
        ("def f(x'''):\n    # yes\n    '''Doc.'''\n", ["# yes"]),
    ],
)
def test_an_unclosed_string_does_not_hide_the_rest(text: str, expected: list[str]) -> None:
    assert found(text) == expected


def test_offsets_are_in_characters() -> None:
    text = "é = '😀'  # ä\n"
    assert [text[token.offset :] for token in comments(text)] == ["# ä\n"]


@pytest.mark.parametrize("path", random.Random(5).sample(FILES, 80), ids=lambda path: path.name)
def test_comments_of_real_files_are_those_of_pythons_tokenizer(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    assert found(text) == [token.string for token in tokens if token.type == tokenize.COMMENT]


def test_split_lines() -> None:
    assert split_lines("a\r\nb\rc\n\nd\f\u2028e") == ["a\r\n", "b\r", "c\n", "\n", "d\f\u2028e"]
    assert split_lines("") == []
    assert split_lines("\n") == ["\n"]


def test_what_stands_on_each_line() -> None:
    text = (
        "@a  # deco\n"  # 0
        "def f():\n"
        '    """Doc # no\n'
        "    more\n"
        '    """\n'
        "\tx = 1 + \\\n"  # 5
        "2\n"
        "# only\n"
        "\n"
        "  \f    y\n"
        "z = '''a''' '''\n"  # 10
        "b''' + '''\n"
        "c'''; w\n"
        "end"
    )
    lines = layout(text)
    assert "".join(line.text for line in lines) == text
    assert [number for number, line in enumerate(lines) if line.starts] == [0, 1, 2, 5, 9, 10, 13]
    assert lines[0].code == "@a"
    assert [lines[number].indent for number in (2, 5, 9)] == [4, 8, 4]


@pytest.mark.parametrize("path", random.Random(6).sample(FILES, 40), ids=lambda path: path.name)
def test_every_statement_of_a_real_file_starts_on_a_line_that_says_so(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = layout(text)
    previous = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING):
            continue
        if previous == tokenize.NEWLINE and token.type != tokenize.ENDMARKER:
            assert lines[token.start[0] - 1].starts, token
        previous = token.type


def test_without_strings() -> None:
    assert without_strings("f('(', \"[\", '''{''') # (") == "f(, , ) "
