"""Relation paths that a text asks to be loaded."""

from __future__ import annotations

import pytest

from djguide_analyzers.facts.python import python_facts

LOADS = {
    'qs.select_related("a", "b__c")': ["a", "b__c"],
    'def f():\n    return qs.prefetch_related("a__b")': ["a__b"],
    'prefetch_related_objects(rows, "a")': ["a"],
    'Prefetch("a", Model.objects.select_related("b").prefetch_related("c__d"))': [
        "a",
        "a__b",
        "a__c__d",
        "b",
        "c__d",
    ],
    'models.Prefetch("a", queryset=Model.objects.prefetch_related(Prefetch("b", Other.objects.only("x"))))': [
        "a",
        "a__b",
        "b",
    ],
    'Prefetch("a", queryset=chosen)': ["a", "a__*"],
    'Prefetch("a", chosen().all())': ["a", "a__*"],
    'Prefetch("a")': ["a"],
    'NAMES = ["a__b", "c", "d e__f", "__g__"]': ["a__b"],
    'qs.order_by("a__b").values("c__d")': [],
    "qs.select_related(*names)": [],
}


@pytest.mark.parametrize("text", LOADS)
def test_paths(text: str) -> None:
    (chunk,) = python_facts(text + "\n").chunks
    assert chunk.loads == LOADS[text]


def test_each_statement_has_its_own() -> None:
    facts = python_facts('x = qs.select_related("a")\ny = 1\nz = qs.select_related("b")\n')
    assert [chunk.loads for chunk in facts.chunks] == [["a"], [], ["b"]]
