"""Spans: each node's stretch of text says the same as the node."""

from __future__ import annotations

import random
import textwrap
from pathlib import Path

import django
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_support import expression, nodes, plain

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk

FILES = sorted(Path(django.__file__).parent.rglob("*.py"))
EXPRESSIONS = (
    ir.Const, ir.Name, ir.Attr, ir.Call, ir.Subscript, ir.Bool, ir.Unary, ir.Binary, ir.Compare, ir.IfExp,
    ir.Display, ir.Dict, ir.Comp, ir.Lambda, ir.FString, ir.Await, ir.Walrus, ir.Yield,
)  # fmt: skip


def check_spans(text: str) -> int:
    """Parse the text of each expression of `text` again; how many there were."""
    count = 0
    in_f_string: set[int] = set()
    for node, covered in nodes(text):
        if isinstance(node, ir.FString):
            in_f_string.update(id(part) for part in _below(node))
        if not isinstance(node, EXPRESSIONS) or id(node) in in_f_string:
            continue
        if isinstance(node, ir.Attr):
            assert covered.endswith(node.name)
        assert expression(covered) == plain(node), covered
        count += 1
    return count


def _below(node: ir.FString) -> list[ir.Node]:
    """Nodes in an f-string: up to Python 3.11 they stand nowhere."""
    return [inner for inner in walk(node) if inner is not node]


@pytest.mark.parametrize("path", random.Random(11).sample(FILES, 60), ids=lambda path: path.name)
def test_spans_in_real_files(path: Path) -> None:
    check_spans(path.read_text(encoding="utf-8"))


NAMES = st.sampled_from(["a", "bc", "é", "名前", "ñandú"])
TEXTS = st.sampled_from(["''", "'x'", "'é😀'", '"""a\n  é"""', "b''", "1", "2.5", "None", "..."])


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{}.{}".format, inner.map("({})".format), NAMES),
        st.builds("{}({}, *{}, k={})".format, NAMES, inner, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{{{}:\n{}}}".format, inner, inner),
        st.builds("({}\n+ {})".format, inner, inner),
        st.builds("(not {})".format, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("[{} for {} in {} if {}]".format, inner, NAMES, inner, inner),
        st.builds("(lambda {}, *, z={}: {})".format, NAMES, inner, inner),
        st.builds("{}[{}:{}]".format, NAMES, inner, inner),
        st.builds("({} :=  {})".format, NAMES, inner),
    )


GENERATED = st.recursive(st.one_of(NAMES, TEXTS), _grow, max_leaves=12)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(GENERATED, min_size=1, max_size=3),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["", "\ufeff"]),
)
def test_spans_in_generated_texts(values: list[str], newline: str, mark: str) -> None:
    lines = [f"é = '😀'; x = {value}\n" for value in values]
    body = "".join(
        f"@deco(é)\ndef f(a={value}):\n{textwrap.indent('é = ' + value, '    ')}\n" for value in values
    )
    text = mark + ("".join(lines) + body).replace("\n", newline)
    assert check_spans(text) >= len(values) * 4


def test_a_byte_order_mark_shifts_the_first_line_only() -> None:
    covered = [(type(node).__name__, text) for node, text in nodes("\ufeffé.a\né.b\n")]
    assert ("Attr", "é.a") in covered
    assert ("Attr", "é.b") in covered


def test_statements_cover_what_is_written() -> None:
    text = "@d\ndef f(a):\n    if a:\n        b\n    else:\n        c\n\nclass K(B, m=M):\n    x: int = 1\n"
    covered = {type(node): part for node, part in nodes(text)}
    assert covered[ir.FunctionDef] == "def f(a):\n    if a:\n        b\n    else:\n        c"
    assert covered[ir.If] == "if a:\n        b\n    else:\n        c"
    assert covered[ir.ClassDef] == "class K(B, m=M):\n    x: int = 1"
    assert covered[ir.Assign] == "x: int = 1"
    assert covered[ir.Keyword] == "m=M"
