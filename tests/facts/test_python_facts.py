"""Facts of whole files: outlines that do not change while typing, bytes for the cache, directives, broken files."""

from __future__ import annotations

import random
from pathlib import Path

import django
import msgspec
import pytest
from python_support import bodies, plain, statements

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.python import decode, decode_body, encode, python_facts

FILES = sorted(Path(django.__file__).parent.rglob("*.py"))
TEXT = '''\
import a

@deco
def f(x=1):
    """Doc."""
    y = x
    return y


class C:
    field = Field()

    def g(self):
        return 1

    def h(self):
        return 2


z = 1; w = 2
'''


# --- what changes with what ------------------------------------------------------------------------------


def test_typing_in_a_body_changes_that_body_only() -> None:
    before, after = (
        python_facts(TEXT),
        python_facts(TEXT.replace("return 1", "x = [1]\n        return x.y()")),
    )
    assert [chunk.outline for chunk in after.chunks] == [chunk.outline for chunk in before.chunks]
    assert after.chunks[:2] == before.chunks[:2]
    one, other = before.chunks[2].bodies, after.chunks[2].bodies
    assert one[0] != other[0]
    assert one[1].__len__() == other[1].__len__()
    assert decode_body(one[1]) == decode_body(other[1])


def test_typing_in_a_body_leaves_the_bodies_of_other_statements_alone() -> None:
    before, after = python_facts(TEXT), python_facts(TEXT.replace("    y = x\n", "    y = x\n    more()\n"))
    assert [chunk.bodies for chunk in after.chunks[2:]] == [chunk.bodies for chunk in before.chunks[2:]]
    assert [chunk.outline for chunk in after.chunks] == [chunk.outline for chunk in before.chunks]


def test_moving_a_statement_changes_its_line_only() -> None:
    before, after = python_facts(TEXT), python_facts("# one\n\n" + TEXT)
    for one, other in zip(before.chunks, after.chunks, strict=True):
        assert other.line == one.line + 2
        other.line = one.line
        assert one == other


@pytest.mark.parametrize(
    "changed",
    [
        TEXT.replace("def g(self)", "def g(self, x)"),
        TEXT.replace("Field()", "Field(null=True)"),
        TEXT.replace("@deco\n", ""),
        TEXT.replace("class C", "class C(B)"),
        TEXT.replace("return 2", "yield 2"),
        TEXT.replace("import a", "import b"),
    ],
)
def test_what_other_files_can_see_changes_the_outline(changed: str) -> None:
    assert [chunk.outline for chunk in python_facts(changed).chunks] != [
        chunk.outline for chunk in python_facts(TEXT).chunks
    ]


def test_docstrings_and_comments_are_no_part_of_the_outline() -> None:
    changed = TEXT.replace('    """Doc."""\n', '    """Another."""  # why\n')
    assert [chunk.outline for chunk in python_facts(changed).chunks] == [
        chunk.outline for chunk in python_facts(TEXT).chunks
    ]


def test_chunks() -> None:
    assert [(chunk.line, chunk.lines) for chunk in python_facts(TEXT).chunks] == [
        (0, 1),
        (2, 5),
        (9, 8),
        (19, 1),
    ]
    text = "a = 1; b = (\n2); c = 3\nd = 4\n"
    assert [(chunk.line, chunk.lines, len(chunk.outline)) for chunk in python_facts(text).chunks] == [
        (0, 2, 3),
        (2, 1, 1),
    ]


# --- bytes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", random.Random(12).sample(FILES, 60), ids=lambda path: path.name)
def test_round_trip_of_real_files(path: Path) -> None:
    facts = python_facts(path.read_text(encoding="utf-8"))
    assert not facts.problems
    again = decode(encode(facts))
    assert again == facts
    assert encode(again) == encode(facts)
    for chunk in facts.chunks:
        for blob in chunk.bodies:
            assert msgspec.msgpack.encode(decode_body(blob)) == blob


@pytest.mark.parametrize(
    "text",
    [
        "x = -99999999999999999999999",
        "x = 0xffffffffffffffffffff",
        "def f():\n    return '\\ud800', -1e999, 1j, b'\\xff'",
        "x = 1  # djguide: ignore[\ud800]",
        "x = '\ud800'",
        "def f(:\n    '\ud800'.x(\n",
        "x = '\0'",
        "é = 'ü' # djguide: ignore[ä]",
    ],
)
def test_odd_values_round_trip(text: str) -> None:
    facts = python_facts(text)
    assert decode(encode(facts)) == facts


@pytest.mark.parametrize(
    "blob", [b"", b"\x00", b"no facts", encode(python_facts(TEXT))[:-5], b"\x93\x91\x01\x90\x90"]
)
def test_other_bytes_are_refused(blob: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        decode(blob)


# --- directives ------------------------------------------------------------------------------------------


def directives(text: str) -> list[ir.Comment]:
    return python_facts(text).comments


def test_directives_are_comments_that_speak_to_djguide() -> None:
    text = (
        "x = 1  # djguide: ignore[a]\n"
        "    # djguide: ignore[b]\n"
        "#djguide:ignore-file[c]\n"
        "# DjGuide : ignore[d]  -- why\n"
        "# see djguide: ignore[no]\n"
        "y = '# djguide: ignore[no]'\n"
        "'''\n# djguide: ignore[no]\n'''\n"
        "é = '😀'  # djguide: ignore[e]\n"
    )
    assert [(c.line, c.column, c.text, c.alone) for c in directives(text)] == [
        (0, 7, "# djguide: ignore[a]", False),
        (1, 4, "# djguide: ignore[b]", True),
        (2, 0, "#djguide:ignore-file[c]", True),
        (3, 0, "# DjGuide : ignore[d]  -- why", True),
        (9, 9, "# djguide: ignore[e]", False),
    ]


def test_directives_with_a_byte_order_mark_stand_where_the_text_has_them() -> None:
    assert [
        (c.line, c.column) for c in directives("\ufeffx  # djguide: ignore[a]\ny  # djguide: ignore[a]\n")
    ] == [
        (0, 4),
        (1, 3),
    ]


def test_directives_of_a_broken_file() -> None:
    assert [c.line for c in directives("x = (\n\ny = 1  # djguide: ignore[a]\n")] == [2]


# --- broken files ----------------------------------------------------------------------------------------


def test_a_broken_function_keeps_its_name_and_the_rest() -> None:
    text = TEXT.replace("return 1", "return (")
    facts = python_facts(text)
    assert [(problem.line, problem.column) for problem in facts.problems] == [(13, 15)]
    assert [chunk.outline for chunk in facts.chunks] == [chunk.outline for chunk in python_facts(TEXT).chunks]
    expected = bodies(TEXT)
    expected[1] = [("Return", None)]
    assert bodies(text) == expected


def test_problems_with_a_byte_order_mark_stand_where_the_text_has_them() -> None:
    assert [(p.line, p.column) for p in python_facts("\ufeffx y\n\nz y\n").problems] == [(0, 3), (2, 2)]


def test_exceptions_without_parentheses() -> None:
    ((_, _, handlers, *_),) = statements("try:\n    pass\nexcept A, B.c, d:\n    pass\n")
    assert handlers[0][1] == (
        "Display",
        "tuple",
        [("Name", "A"), ("Attr", ("Name", "B"), "c"), ("Name", "d")],
    )


def test_newer_syntax_gives_the_facts_of_its_older_form() -> None:
    newer = (
        "type Row[T] = tuple[T]\n\n"
        'def f[T: int](a: T):\n    return f"{a["b"]}"\n\n'
        "class C[T](B[T]):\n    pass\n"
    )  # fmt: skip
    older = "Row = tuple[T]\n\ndef f(a: T):\n    return f\"{a['b']}\"\n\nclass C(B[T]):\n    pass\n"
    assert python_facts(newer).problems == []
    assert statements(newer) == statements(older)
    assert bodies(newer) == bodies(older)


@pytest.mark.parametrize(
    "deep",
    ["x" + ".a" * 2_000, "x" + "()" * 900, "+".join("a" * 1_500), "f(" * 90 + ")" * 90, "not " * 150 + "a"],
    ids=["attributes", "calls", "sum", "nested calls", "not"],
)
def test_deep_nesting_costs_its_statement_at_most(deep: str) -> None:
    facts = python_facts(f"a = 1\nb = {deep}\ndef f():\n    return {deep}\nc = 3\n")
    assert decode(encode(facts)) == facts
    assert [plain(chunk.outline[0])[1] for chunk in (facts.chunks[0], facts.chunks[-1])] == [
        [("Name", "a")],
        [("Name", "c")],
    ]
    assert len(facts.chunks) + len(facts.problems) == 4


def test_facts_are_a_function_of_the_text_alone() -> None:
    for path in random.Random(13).sample(FILES, 20):
        text = path.read_text(encoding="utf-8")
        assert encode(python_facts(text)) == encode(python_facts(text))
