"""Positions: lines as Python and editors count them, columns in three units, everything clamped."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djguide_analyzers.source.positions import (
    Encoding,
    LineIndex,
    Position,
    Range,
    column_from_units,
    column_to_units,
)

ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")
CODEC = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
TEXTS = st.text(alphabet="ab é€😀\t\f\x0b\x1c\u2028\r\n")


def at(line: int, column: int) -> Position:
    return Position(line, column)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a\n", ["a", ""]),
        ("a\r\nb", ["a", "b"]),
        ("a\rb\r", ["a", "b", ""]),
        ("a\n\rb", ["a", "", "b"]),
        ("a\r\r\nb\n", ["a", "", "b", ""]),
        ("a\fb\x0bc\x1cd\x85e\u2028f\u2029g", ["a\fb\x0bc\x1cd\x85e\u2028f\u2029g"]),
    ],
)
def test_lines_end_only_where_python_and_editors_end_them(text: str, lines: list[str]) -> None:
    index = LineIndex(text)
    assert index.line_count == len(lines)
    assert [index.line(number) for number in range(index.line_count)] == lines


def test_lines_that_do_not_exist_are_empty() -> None:
    index = LineIndex("a\nb")
    assert index.line(-1) == index.line(2) == ""


@pytest.mark.parametrize(
    ("position", "offset"),
    [
        (at(0, 0), 0),
        (at(0, 2), 2),
        (at(0, 99), 2),  # before the line break, not behind it
        (at(1, 0), 4),
        (at(1, 99), 5),
        (at(2, 0), 6),
        (at(7, 3), 6),
        (at(-1, 5), 0),
        (at(0, -4), 0),
    ],
)
def test_positions_beyond_the_end_are_clamped(position: Position, offset: int) -> None:
    assert LineIndex("ab\r\nc\n").offset(position) == offset


def test_offsets_beyond_the_end_are_clamped() -> None:
    index = LineIndex("ab\nc")
    assert index.position(-3) == at(0, 0)
    assert index.position(99) == at(1, 1)


@given(TEXTS)
def test_offsets_and_positions_are_inverse(text: str) -> None:
    index = LineIndex(text)
    for offset in range(len(text) + 1):
        if text[offset - 1 : offset + 1] == "\r\n":
            continue  # inside a line break: no position of its own
        if text[offset : offset + 1] in ("\r", "\n") and text[offset - 1 : offset] == "\r":
            continue
        assert index.offset(index.position(offset)) == offset


@given(TEXTS)
def test_lines_with_their_breaks_make_up_the_text(text: str) -> None:
    index = LineIndex(text)
    ends = [*index.starts[1:], len(text)]
    assert "".join(text[start:end] for start, end in zip(index.starts, ends, strict=True)) == text
    assert all(not set(index.line(number)) & {"\r", "\n"} for number in range(index.line_count))


@given(st.text(alphabet="x é\r\n\f", max_size=30))
def test_line_numbers_are_those_of_pythons_parser(text: str) -> None:
    source = f"({text.replace(' ', '').replace('x', '0,').replace('é', 'é,')}\nlast)"
    name = next(node for node in ast.walk(ast.parse(source)) if getattr(node, "id", "") == "last")
    assert isinstance(name, ast.Name)
    assert LineIndex(source).position(source.index("last")).line == name.lineno - 1


# --- units -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "units"),
    [
        ("utf-32", [0, 1, 2, 3, 4]),
        ("utf-16", [0, 1, 2, 4, 5]),
        ("utf-8", [0, 1, 3, 7, 8]),
    ],
)
def test_columns_in_each_encoding(encoding: Encoding, units: list[int]) -> None:
    line = "aé😀b"
    assert [column_to_units(line, column, encoding) for column in range(5)] == units
    assert [column_from_units(line, unit, encoding) for unit in units] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("line", ["abc", "aé😀"])
def test_columns_beyond_the_line_are_clamped(encoding: Encoding, line: str) -> None:
    assert column_from_units(line, 99, encoding) == 3
    assert column_to_units(line, 99, encoding) == column_to_units(line, 3, encoding)


def test_a_unit_inside_a_character_is_the_characters_start() -> None:
    assert column_from_units("😀b", 1, "utf-16") == 0
    assert [column_from_units("€b", unit, "utf-8") for unit in (1, 2, 3)] == [0, 0, 1]


@given(st.text(alphabet="ab é€😀\t\f\x0b\u2028"), st.sampled_from(ENCODINGS))
def test_units_count_what_the_codec_makes(line: str, encoding: Encoding) -> None:
    codec, size = CODEC[encoding]
    for column in range(len(line) + 1):
        units = column_to_units(line, column, encoding)
        assert units == len(line[:column].encode(codec)) // size
        assert column_from_units(line, units, encoding) == column


def test_lone_surrogates_do_not_break_the_count() -> None:
    for encoding in ENCODINGS:
        assert column_from_units("\ud800x", column_to_units("\ud800x", 1, encoding), encoding) == 1


def test_conversion_of_positions_in_a_text() -> None:
    index = LineIndex("x\n😀y\n")
    assert index.to_units(at(1, 2), "utf-16") == at(1, 3)
    assert index.from_units(at(1, 3), "utf-16") == at(1, 2)
    assert index.from_units(at(9, 3), "utf-16") == at(9, 0)


# --- ranges ----------------------------------------------------------------------------------------------


def span(start: int, end: int) -> Range:
    return Range(at(0, start), at(0, end))


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (span(0, 3), span(2, 5), True),
        (span(0, 3), span(3, 5), False),
        (span(0, 3), span(1, 1), True),
        (span(0, 3), span(3, 3), True),  # an insertion at the end of a replaced stretch: which comes first?
        (span(2, 2), span(2, 2), True),
        (span(2, 2), span(4, 4), False),
    ],
)
def test_overlap(one: Range, other: Range, overlap: bool) -> None:
    assert one.overlaps(other) is overlap
    assert other.overlaps(one) is overlap


def test_a_range_contains_both_its_ends() -> None:
    assert [column for column in range(6) if span(1, 4).contains(at(0, column))] == [1, 2, 3, 4]


def test_slice_over_several_lines() -> None:
    assert LineIndex("ab\r\ncd\r\nef").slice(Range(at(0, 1), at(2, 1))) == "b\r\ncd\r\ne"
