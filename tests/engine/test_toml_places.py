"""Places in TOML: every key and value reads back from the range it is said to have."""

from __future__ import annotations

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from djguide_analyzers.engine.toml_places import KeyPath, TomlPlaces
from djguide_analyzers.source.positions import LineIndex, Position, Range

TRICKY = r'''
title = "a # b" # c
"quoted key".'li"teral'.bare-1 = 'x = ["y"]'
multi = """
[not.a.table] ""
key = "\"""still" """
literal = \'\'\'[no] ]] '' }\'\'\'
dates = [ 1979-05-27 07:32:00Z, 07:32:00, # a ]
  1979-05-27
  , ]
numbers = [+1_000, 0xff, -inf, 6.26e-34]
nested = [[1, 2], ["a", {b = [3], c.d = "}"}], []]
empty = { }
[ tool . "djguide" ]  # [x]
a = 1
[tool.djguide.b]
c = {d = "e", "f g" = [1]}
[[rows]]
a = true
'''.replace("\\'", "'")  # fmt: skip


def check_places(document: object, places: TomlPlaces, index: LineIndex, path: KeyPath = ()) -> int:
    """Every value that is written in one place reads back from its range; returns how many did."""
    seen = 0
    place = places.value(path)
    if place is not None:
        assert tomllib.loads(f"value = {index.slice(place)}")["value"] == document
        seen += 1
    if path and isinstance(path[-1], str):
        key = places.key(path)
        assert key is not None, path
        assert tomllib.loads(f"{index.slice(key)} = 1") == {path[-1]: 1}
    if isinstance(document, dict):
        seen += sum(check_places(item, places, index, (*path, key)) for key, item in document.items())
    elif isinstance(document, list) and place is not None:
        seen += sum(
            check_places(item, places, index, (*path, number)) for number, item in enumerate(document)
        )
    return seen


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_places_of_tricky_toml(line_end: str) -> None:
    text = TRICKY.replace("\n", line_end)
    document = tomllib.loads(text)
    del document["rows"]
    assert check_places(document, TomlPlaces(text), LineIndex(text)) == 30


def test_the_nearest_place_of_what_is_not_written() -> None:
    places = TomlPlaces("[tool.djguide]\nselect = [1]\n")
    assert places.nearest(("tool", "djguide", "select", 0)) == Range(Position(1, 10), Position(1, 11))
    assert places.nearest(("tool", "djguide", "select", 7)) == Range(Position(1, 9), Position(1, 12))
    assert places.nearest(("tool", "djguide", "ignore")) == Range(Position(0, 6), Position(0, 13))
    assert places.nearest(("project",)) is None


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8)


def as_toml(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[ " + " ,\n".join(map(as_toml, value)) + "# ]\n ]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_toml(key)} = {as_toml(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)


VALUES = st.recursive(
    TEXTS | st.booleans() | st.integers(-(2**40), 2**40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, TEXTS | st.booleans(), max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_places_of_generated_documents(document: dict[str, object]) -> None:
    text = "".join(f"{as_toml(key)}={as_toml(value)}\n" for key, value in document.items())
    assert tomllib.loads(text) == document
    places = TomlPlaces(text)
    check_places(document, places, LineIndex(text))
    assert all(places.value((key,)) for key in document)


@given(st.text(alphabet="ab=[]{}\"'#.,\n\\ 1", max_size=60))
def test_any_text_has_places_or_none(text: str) -> None:
    index = LineIndex(text)
    place = TomlPlaces(text).nearest(("a", 0, "b"))
    assert place is None or index.slice(place)
