"""Results that ask for each other do not depend on which was asked for first."""

from __future__ import annotations

import pytest

from djguide_analyzers.project.memo import MAX_NESTED, Memo


class Numbers:
    """The sum of a node's own number and those of what it leads to; an unfinished one counts nothing."""

    def __init__(self, edges: dict[str, list[str]]) -> None:
        self.edges = edges
        self.memo: Memo[frozenset[str]] = Memo(lambda reached: reached)
        self.made: list[str] = []

    def reach(self, node: str) -> frozenset[str]:
        def make() -> frozenset[str]:
            self.made.append(node)
            return frozenset({node}).union(*(self.reach(other) for other in self.edges[node]))

        return self.memo.get(node, make, frozenset())


GRAPHS = {
    "a line": {"a": ["b"], "b": ["c"], "c": []},
    "a circle": {"a": ["b"], "b": ["a"], "c": ["a"]},
    "two circles": {"a": ["b", "c"], "b": ["a"], "c": ["a", "c"]},
}


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("order", ["abc", "cba", "bca", "bac"])
def test_the_order_of_questions_changes_nothing(name: str, order: str) -> None:
    edges = GRAPHS[name]
    alone = {node: Numbers(edges).reach(node) for node in edges}
    together = Numbers(edges)
    assert {node: together.reach(node) for node in order} == alone


def test_what_is_finished_is_made_once() -> None:
    numbers = Numbers(GRAPHS["a line"])
    assert [len(numbers.reach(node)) for node in "aabc"] == [3, 3, 2, 1]
    assert sorted(numbers.made) == ["a", "b", "c"]


def test_results_can_be_forgotten() -> None:
    numbers = Numbers(GRAPHS["a line"])
    numbers.reach("a")
    numbers.memo.forget({"b"})
    numbers.reach("a")
    assert numbers.made == ["a", "b", "c", "a", "b"]


def test_a_long_chain_ends() -> None:
    names = [str(number) for number in range(MAX_NESTED + 20)]
    edges = {name: names[position + 1 : position + 2] for position, name in enumerate(names)}
    assert len(Numbers(edges).reach("0")) == MAX_NESTED


def test_a_failure_leaves_nothing_running() -> None:
    memo: Memo[int] = Memo(lambda _: ())

    def fail() -> int:
        raise ValueError

    with pytest.raises(ValueError):
        memo.get("a", fail, 0)
    assert memo.get("a", lambda: 1, 0) == 1
