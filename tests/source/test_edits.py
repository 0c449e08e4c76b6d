"""Edits: applied at once, in the text's own line breaks, or refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djguide_analyzers.source.edits import Edit, OverlappingEdits, apply_edits, line_break_of, merge
from djguide_analyzers.source.positions import LineIndex, Position, Range


def edit(line: int, start: int, end: int, text: str, path: str = "/a.py") -> Edit:
    return Edit(path, Range(Position(line, start), Position(line, end)), text)


def test_ranges_refer_to_the_text_as_given_whatever_the_order() -> None:
    edits = [edit(0, 0, 1, "long text"), edit(0, 4, 5, ""), edit(1, 0, 0, "> ")]
    assert apply_edits("a b c\nd", edits) == apply_edits("a b c\nd", edits[::-1]) == "long text b \n> d"


def test_insertions_at_one_place_keep_their_order() -> None:
    assert apply_edits("ab", [edit(0, 1, 1, "1"), edit(0, 1, 1, "2")]) == "a12b"


def test_insertion_beside_a_replacement() -> None:
    assert apply_edits("abc", [edit(0, 1, 1, "<"), edit(0, 1, 2, "B"), edit(0, 2, 2, ">")]) == "a<B>c"


@pytest.mark.parametrize("second", [edit(0, 1, 3, "y"), edit(0, 0, 4, ""), edit(0, 1, 1, "!")])
def test_overlapping_edits_are_refused(second: Edit) -> None:
    with pytest.raises(OverlappingEdits):
        apply_edits("abcd", [edit(0, 0, 2, "x"), second])


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a\nb\n", "x\ny\nb\n"), ("a\r\nb\r\n", "x\r\ny\r\nb\r\n"), ("a\rb\r", "x\ry\rb\r"), ("a", "x\ny")],
)
def test_inserted_line_breaks_follow_the_text(text: str, expected: str) -> None:
    assert apply_edits(text, [edit(0, 0, 1, "x\ny")]) == expected


def test_line_breaks_that_are_already_those_of_the_text_are_not_doubled() -> None:
    assert apply_edits("a\r\nb\r\n", [edit(0, 0, 1, "x\r\ny")]) == "x\r\ny\r\nb\r\n"


def test_edits_beyond_the_end_append() -> None:
    assert apply_edits("a\n", [edit(9, 4, 4, "b\n")]) == "a\nb\n"


def test_no_edit_changes_nothing() -> None:
    assert apply_edits("a\r\n\tb", []) == "a\r\n\tb"


@pytest.mark.parametrize(
    ("text", "expected"), [("", "\n"), ("a\rb\n", "\r"), ("a\r\nb\r", "\r\n"), ("\n\r\n", "\n")]
)
def test_the_first_line_break_is_the_texts_own(text: str, expected: str) -> None:
    assert line_break_of(text) == expected


@given(st.text(alphabet="ab é😀\n"), st.data())
def test_disjoint_edits_equal_edits_from_the_end_one_by_one(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    index = LineIndex(text)
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))
    edits = [Edit("/a", Range(index.position(a), index.position(b)), f"<{a}>") for a, b in spans]
    expected = text
    for a, b in reversed(spans):
        expected = f"{expected[:a]}<{a}>{expected[b:]}"
    assert apply_edits(text, data.draw(st.permutations(edits))) == expected


# --- merging ---------------------------------------------------------------------------------------------


def test_a_group_is_taken_whole_or_not_at_all() -> None:
    first = [edit(0, 0, 2, "x")]
    second = [edit(5, 0, 1, "y"), edit(0, 1, 3, "z")]
    third = [edit(5, 0, 1, "w")]
    assert merge([first, second, third]) == [first, third]


def test_an_edit_two_groups_share_counts_once() -> None:
    shared = edit(0, 0, 0, "import a\n")
    assert merge([[shared, edit(3, 0, 1, "x")], [shared, edit(4, 0, 1, "y")]]) == [
        [shared, edit(3, 0, 1, "x")],
        [edit(4, 0, 1, "y")],
    ]


def test_edits_of_different_files_never_conflict() -> None:
    groups = [[edit(0, 0, 2, "x", "/a.py")], [edit(0, 0, 2, "x", "/b.py")]]
    assert merge(groups) == groups


def test_insertions_at_one_place_by_different_groups_conflict() -> None:
    groups = [[edit(0, 1, 1, "x")], [edit(0, 1, 1, "y")]]
    assert merge(groups) == groups[:1]


@given(st.lists(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 3)), max_size=3), max_size=5))
def test_merged_groups_of_sound_groups_can_be_applied_together(shapes: list[list[tuple[int, int]]]) -> None:
    groups = [[edit(0, start, start + size, "-") for start, size in shape] for shape in shapes]
    sound = [group for group in groups if _applies(group)]
    merged = [e for group in merge(sound) for e in group]
    apply_edits("0123456789ab", merged)


def _applies(group: list[Edit]) -> bool:
    try:
        apply_edits("0123456789ab", group)
    except OverlappingEdits:
        return False
    return True
