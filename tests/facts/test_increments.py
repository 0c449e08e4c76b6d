"""Facts of an edited text are the same, whether they are made of all of it or of what was edited."""

from __future__ import annotations

import ast
import inspect
import random
from pathlib import Path

import django
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from djguide_analyzers.facts.increments import facts_after
from djguide_analyzers.facts.python import python_facts
from djguide_analyzers.source.changes import change_between

_DJANGO = Path(inspect.getfile(django)).parent
FILES = [
    "contrib/admin/filters.py", "db/models/query_utils.py", "forms/formsets.py", "views/generic/list.py",
    "core/handlers/base.py", "contrib/auth/models.py", "utils/html.py", "urls/conf.py",
]  # fmt: skip
TYPED = [
    "x = compute(", "x = [", '"""', "'''", "def f(self):", "@property", "else:", "try:", "return", "  ", "", "# no",
    "# djguide: ignore[len-of-queryset]", ")", "class A:", "x = 'ü'; y = 1", "if x: \\", "lambda: (", "await y",
]  # fmt: skip


def check(before: str, after: str) -> bool:
    """Whether the facts after an edit were made from those before it; if so, they have to be right."""
    change = change_between(before, after)
    assert "".join(change.old) == before
    assert "".join(change.new) == after
    facts = facts_after(python_facts(before), change)
    if facts is not None:
        assert facts == python_facts(after)
    return facts is not None


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(FILES), st.randoms(use_true_random=False))
@example("utils/html.py", random.Random(1))
def test_generated_edits_of_real_files(name: str, rng: random.Random) -> None:
    text = (_DJANGO / name).read_text(encoding="utf-8")
    for _ in range(4):
        lines = text.split("\n")
        at = rng.randrange(len(lines))
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        match rng.randrange(5):
            case 0:
                lines.insert(at, indent + rng.choice(TYPED))
            case 1:
                del lines[at : at + rng.randint(1, 4)]
            case 2:
                lines[at] = lines[at][: rng.randint(0, len(lines[at]))]
            case 3:
                lines.insert(at, rng.choice(lines))
            case _:
                lines[at] = rng.choice(["    ", "", "\t"]) + lines[at]
        after = "\n".join(lines)
        check(text, after)
        text = after


@pytest.mark.parametrize("name", FILES)
def test_typing_in_a_function_reads_one_statement(name: str) -> None:
    text = (_DJANGO / name).read_text(encoding="utf-8")
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    lines = text.split("\n")
    for node in functions[:: max(1, len(functions) // 5)]:
        first = node.body[-1]
        at, indent = first.lineno - 1, " " * first.col_offset
        for typed in ("value", "value = compute(", "value = compute(x)", "return"):
            assert check(text, "\n".join([*lines[:at], indent + typed, *lines[at:]]))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1\n", ""),
        ("", "x = 1\n"),
        ("\ufeffx = 1\n", "\ufeffx = 12\n"),
        ("x = 1\r\ny = 2\r\n", "x = 1\r\ny = 3\r\n"),
        ("def f():\n    pass\n\n\n@d\ndef g(): pass\n", "def f():\n    pass\n\n@e\n@d\ndef g(): pass\n"),
        ("if x:\n    y\nz = 1\n", "if x:\n    y\nelse:\n    z\nz = 1\n"),
        ("x = 1; y = 2\n", "x = 1; y = 2; z = (\n"),
        ("a = 1\nb = 2", "a = 1\nb = 2\n    c"),
        # One of two breaks is mended; the parser told of the first alone.
        (
            "class A:\n    def f():\n        a\n   b\n    def g():\n        a\n   b\nx = 1\n",
            "class A:\n    def f():\n        a\n    def g():\n        a\n   b\nx = 1\n",
        ),
        ("a = 1\n# djguide: ignore[x]\nb = 2\n", "a = 1\n\n# djguide: ignore[x]\nb = 2\n"),
    ],
)
def test_edges(before: str, after: str) -> None:
    check(before, after)
