"""Fixes are tried on a copy before anybody sees them."""

from __future__ import annotations

import pytest

from djguide_analyzers.engine.verify import verified
from djguide_analyzers.facts.python import python_facts
from djguide_analyzers.rules.finding import Fix, Safety
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import LineIndex, Position, Range

TEXT = """\
import a

def f():
    x = (1 +
         2)
    return x

def g(): return 1

TEXT = '''
def no():
'''
"""


def edit(start: tuple[int, int], end: tuple[int, int], text: str, path: str = "/p/a.py") -> Edit:
    return Edit(path, Range(Position(*start), Position(*end)), text)


def result(*edits: Edit, text: str | None = TEXT, safety: Safety = Safety.SAFE) -> Fix:
    """What becomes of a fix of `edits` in files that say `text`."""

    def lines(path: str) -> LineIndex | None:
        return None if text is None or "gone" in path else LineIndex(text)

    def facts(path: str) -> object:
        return python_facts(text or "") if path.endswith(".py") else None

    return verified(Fix("Do it", safety, edits), lines, facts)  # type: ignore[arg-type]


SOUND = {
    "a replacement": [edit((5, 11), (5, 12), "x + 1")],
    "several in one statement": [edit((3, 9), (3, 10), "3"), edit((5, 11), (5, 12), "x + 1")],
    "several statements": [edit((0, 8), (0, 8), ", b"), edit((7, 16), (7, 17), "2")],
    "a new statement at the start": [edit((0, 0), (0, 0), "import b\n")],
    "a new statement between": [edit((6, 0), (6, 0), "\ndef h(): pass\n")],
    "a new statement at the end": [edit((12, 0), (12, 0), "x = 1\n")],
    "a statement taken out": [edit((2, 0), (7, 0), "")],
    "a body taken apart": [edit((3, 8), (4, 11), "y")],
    "both ends of a bracket": [edit((3, 8), (3, 9), "["), edit((4, 10), (4, 11), "]")],
    "text in a string": [edit((10, 0), (10, 9), "def (((")],
    "two statements made one": [edit((5, 12), (7, 0), "\n    ")],
}
UNSOUND = {
    "a bracket left open": [edit((3, 8), (3, 9), "[")],
    "a bracket left open at the end of a statement": [edit((5, 12), (5, 12), " + (")],
    "a quote": [edit((5, 12), (5, 12), "'")],
    "a header without a body": [edit((3, 0), (6, 0), "")],
    "indentation": [edit((5, 0), (5, 2), "")],
    "nothing changed": [edit((5, 11), (5, 12), "x")],
    "no edits of text": [edit((5, 11), (5, 11), "")],
    "overlapping": [edit((3, 8), (4, 11), "y"), edit((3, 9), (3, 10), "z")],
    "one good, one bad": [edit((5, 11), (5, 12), "x + 1"), edit((7, 7), (7, 8), "")],
    "a file that is not there": [edit((0, 0), (0, 0), "import b\n", "/p/gone.py")],
    "one file there, one not": [edit((0, 0), (0, 0), "import b\n"), edit((0, 0), (0, 0), "x", "/p/gone.py")],
}


@pytest.mark.parametrize("name", SOUND)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_sound_fixes_stay_as_they_are(name: str, newline: str) -> None:
    edits = SOUND[name]
    fix = result(*edits, text=TEXT.replace("\n", newline))
    assert fix == Fix("Do it", Safety.SAFE, tuple(edits))


@pytest.mark.parametrize("name", UNSOUND)
def test_unsound_fixes_become_advice(name: str) -> None:
    assert result(*UNSOUND[name]) == Fix("Do it", Safety.MANUAL)


def test_a_fix_in_a_broken_file_must_not_break_it_further() -> None:
    broken = TEXT.replace("import a", "import (")
    assert result(edit((5, 11), (5, 12), "x + 1"), text=broken).safety is Safety.SAFE
    assert result(edit((5, 11), (5, 12), "x + ("), text=broken).safety is Safety.MANUAL
    assert result(edit((0, 7), (0, 8), "a"), text=broken).safety is Safety.SAFE


def test_a_fix_must_not_break_a_second_part_of_a_broken_statement() -> None:
    broken = "class A:\n    def f(self):\n        x = (\n\n    def g(self):\n        return 1\n"
    assert result(edit((5, 15), (5, 16), "2"), text=broken).safety is Safety.SAFE
    assert result(edit((5, 15), (5, 16), "(2"), text=broken).safety is Safety.MANUAL


def test_advice_stays_advice() -> None:
    assert result(safety=Safety.MANUAL) == Fix("Do it", Safety.MANUAL)


def test_files_that_are_not_python_are_not_parsed() -> None:
    assert result(edit((0, 0), (0, 0), "{% if (", "/p/a.html"), text="<p>").safety is Safety.SAFE


def test_a_fix_of_an_empty_file() -> None:
    assert result(edit((0, 0), (0, 0), "x = 1\n"), text="").safety is Safety.SAFE
    assert result(edit((0, 0), (0, 0), "x = (\n"), text="").safety is Safety.MANUAL
