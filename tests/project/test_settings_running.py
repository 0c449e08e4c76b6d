"""Evaluation against the real thing: generated programs are run, and what was said of them must hold."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from settings_reading import evaluate

ITEMS = st.sampled_from(["'a'", "'b'", "'c'", "'d'"])
SIMPLE = st.one_of(
    st.builds("X.append({})".format, ITEMS),
    st.builds("X.insert(0, {})".format, ITEMS),
    st.builds("X += [{}, {}]".format, ITEMS, ITEMS),
    st.builds("X = X + [{}]".format, ITEMS),
    st.builds("X = [{}] + Y".format, ITEMS),
    st.just("Y = list(X)"),
    st.just("X = X[1:]"),
    st.just("X.reverse()"),
    st.builds("X = [i for i in X if i != {}]".format, ITEMS),
    st.builds("X.remove({0}) if {0} in X else None".format, ITEMS),
    st.builds("Y = [*X, {}]".format, ITEMS),
    st.just("X = list(Y)"),
    st.builds("X.extend(Y[:2])".format),
    st.builds("X = list(({} in X and X) or Y)".format, ITEMS),
    st.just("X = X + UNKNOWN_LIST"),
)


def indented(body: list[str]) -> list[str]:
    return ["    " + line for line in body]


def blocks(inner: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    condition = st.sampled_from(
        ["C0", "C1", "not C2", "C0 and C1", "'a' in X", "X == Y", "len(X) > 2", "DEBUG"]
    )
    return st.one_of(
        st.builds(lambda c, a: [f"if {c}:", *indented(a)], condition, inner),
        st.builds(lambda c, a, b: [f"if {c}:", *indented(a), "else:", *indented(b)], condition, inner, inner),
        st.builds(lambda i, a: [f"for i in [{i}, 'e']:", *indented(a)], ITEMS, inner),
        st.builds(lambda a: ["for i in UNKNOWN_LIST:", *indented(a), "    X.append(i)"], inner),
    )


PROGRAMS = st.lists(
    st.recursive(
        SIMPLE.map(lambda line: [line]),
        lambda s: blocks(
            st.lists(s, min_size=1, max_size=3).map(lambda parts: list(itertools.chain(*parts)))
        ),
        max_leaves=6,
    ),
    max_size=8,
).map(lambda parts: list(itertools.chain(*parts)))

HEAD = "import os\nC0, C1, C2 = [os.environ.get(k) for k in 'abc']\nUNKNOWN_LIST = os.environ['L'].split()\n"
START = "DEBUG = False\nX = ['a', 'b']\nY = ['c']\n"


@settings(deadline=None)
@given(PROGRAMS)
def test_evaluation_agrees_with_running_the_program(program: list[str]) -> None:
    text = START + "\n".join(program) + "\n"
    value = evaluate(HEAD + text).get("X")
    known = [(item.value.constant, item.certain) for item in value.items()]
    for c0, c1, c2, extra in itertools.product((None, "1"), (None, "1"), (None, "1"), ([], ["u", "v"])):
        scope: dict[str, Any] = {"C0": c0, "C1": c1, "C2": c2, "UNKNOWN_LIST": list(extra)}
        try:
            exec(compile(text, "settings", "exec"), scope)
        except (ValueError, IndexError):
            continue
        real = scope["X"]
        if value.certain:
            assert value.constant == real
        for item in {item for item, _ in known if isinstance(item, str)}:
            sure = sum(certain for name, certain in known if name == item)
            assert real.count(item) >= sure, (item, real, known)
        if not value.open:
            for item in set(real):
                assert real.count(item) <= sum(name == item for name, _ in known), (item, real, known)
