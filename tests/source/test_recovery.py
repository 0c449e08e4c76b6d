"""How much survives a broken edit: simulated typing in files of Django itself."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from pathlib import Path

import django
import pytest
from test_parse import assert_inside
from typing_edits import KINDS, broken, definitions

from djguide_analyzers.source.parse import parse

FILES = 150
ROUNDS = 2
SEED = 20


def _sample(more: int) -> Iterator[tuple[str, str]]:
    """Texts of real files, each with the same after broken edits; every kind of edit comes up equally often."""
    rng = random.Random(SEED)
    files = [path for path in Path(django.__file__).parent.rglob("*.py") if path.stat().st_size > 1500]
    for number, path in enumerate(rng.sample(sorted(files), FILES) * ROUNDS):
        text = path.read_text(encoding="utf-8")
        changed = broken(text, rng, KINDS[number % len(KINDS)], more)
        if changed is not None:
            yield text, changed


@pytest.mark.parametrize(
    ("more", "parsed_bar", "kept_bar"), [(0, 1.0, 0.97), (1, 0.94, 0.91)], ids=["one edit", "two edits"]
)
def test_what_survives_broken_edits(more: int, parsed_bar: float, kept_bar: float) -> None:
    parsed = texts = kept = total = 0
    for text, changed in _sample(more):
        result = parse(changed)
        assert_inside(result.statements, changed)
        assert result.problems
        expected = definitions(ast.parse(text).body)
        texts += 1
        parsed += bool(result.statements)
        kept += (expected & definitions(result.statements)).total()
        total += expected.total()
    assert texts > 0.95 * FILES * ROUNDS
    assert parsed / texts >= parsed_bar
    assert kept / total >= kept_bar


def test_every_function_but_the_broken_one_is_kept_as_it_was() -> None:
    text = (Path(django.__file__).parent / "db/models/query.py").read_text(encoding="utf-8")
    functions = _functions(ast.parse(text).body)
    lines = text.split("\n")
    returns = [number for number, line in enumerate(lines) if line.startswith("        return ")]
    for number in random.Random(SEED).sample(returns, 20):
        changed = "\n".join([*lines[:number], "        return self.", *lines[number + 1 :]])
        kept = _functions(parse(changed).statements)
        assert kept.keys() == functions.keys()
        for start, function in functions.items():
            if not start <= number + 1 <= (function.end_lineno or 0):
                assert ast.dump(kept[start], include_attributes=True) == ast.dump(
                    function, include_attributes=True
                )


def _functions(statements: list[ast.stmt]) -> dict[int, ast.FunctionDef]:
    """The functions in `statements` by their line."""
    return {
        node.lineno: node
        for statement in statements
        for node in ast.walk(statement)
        if isinstance(node, ast.FunctionDef)
    }


def test_an_indented_first_line_moves_nothing_behind_it() -> None:
    statements = parse("    first\nsecond\n\nthird = 1\n").statements
    assert [(each.lineno, each.col_offset) for each in statements] == [(1, 4), (2, 0), (4, 0)]
