"""Boxes do not overlap, lines reach their boxes, and columns stay low, whatever is drawn."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from djguide_server.handover.layout import Box, Drawing, arranged

NAMES = [f"m{number}" for number in range(12)]
SIZES = st.dictionaries(
    st.sampled_from(NAMES), st.builds(Box, st.integers(20, 200), st.integers(20, 300)), min_size=1
)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, Box], list[tuple[str, str]]]:
    boxes = draw(SIZES)
    one = st.sampled_from(sorted(boxes))
    return boxes, draw(st.lists(st.tuples(one, one), max_size=30))


def overlapping(drawing: Drawing) -> list[tuple[str, str]]:
    slack = 0.01
    return [
        (a, b)
        for (a, one), (b, two) in combinations(drawing.boxes.items(), 2)
        if one.x < two.x + two.width - slack
        and two.x < one.x + one.width - slack
        and one.y < two.y + two.height - slack
        and two.y < one.y + one.height - slack
    ]


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_any_graph(graph: tuple[dict[str, Box], list[tuple[str, str]]]) -> None:
    boxes, links = graph
    drawing = arranged(boxes, links, tallest=400)
    assert drawing.boxes.keys() == boxes.keys()
    assert overlapping(drawing) == []
    assert {(line.source, line.target) for line in drawing.lines} == {(a, b) for a, b in links if a != b}
    for line in drawing.lines:
        for name, (x, y) in ((line.source, line.points[0]), (line.target, line.points[-1])):
            box = drawing.boxes[name]
            assert min(abs(x - box.x), abs(x - box.x - box.width)) < 0.01
            assert box.y <= y <= box.y + box.height
    for box in drawing.boxes.values():
        assert -0.01 <= box.x <= drawing.width - box.width + 0.01
        assert -0.01 <= box.y <= drawing.height - box.height + 0.01


def test_what_is_referred_to_stands_left() -> None:
    boxes = dict.fromkeys(["order", "customer", "line"], Box(100, 50))
    drawing = arranged(boxes, [("order", "customer"), ("line", "order")])
    assert drawing.boxes["customer"].x < drawing.boxes["order"].x < drawing.boxes["line"].x


def test_a_model_that_everything_refers_to_makes_no_endless_column() -> None:
    boxes = dict.fromkeys(["event", *(f"m{n}" for n in range(60))], Box(100, 80))
    drawing = arranged(boxes, [(name, "event") for name in boxes if name != "event"], tallest=600)
    by_column: dict[float, int] = {}
    for box in drawing.boxes.values():
        by_column[box.x] = by_column.get(box.x, 0) + 1
    assert max(by_column.values()) <= 7
    assert len(by_column) >= 9


def test_the_same_every_time() -> None:
    boxes = dict.fromkeys(NAMES, Box(100, 40))
    links = [(NAMES[n], NAMES[(n * 5 + 2) % 12]) for n in range(12)]
    assert arranged(boxes, links) == arranged(boxes, links)


def test_nothing() -> None:
    assert arranged({}, []) == Drawing({}, [], 0, 0)
