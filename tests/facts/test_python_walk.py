"""Which nodes stand below which, told by their numbers, is what walking tells."""

from __future__ import annotations

import inspect
from pathlib import Path

import django
import pytest

from djguide_analyzers.facts.python import decode_body, python_facts
from djguide_analyzers.facts.walk import contains, walk

_DJANGO = Path(inspect.getfile(django)).parent


@pytest.mark.parametrize("name", ["db/models/query_utils.py", "views/generic/list.py", "utils/html.py"])
def test_contains_what_walking_visits(name: str) -> None:
    asked = 0
    for chunk in python_facts((_DJANGO / name).read_text("utf-8")).chunks:
        tables = [chunk.outline, *map(decode_body, chunk.bodies)]
        foreign = [node for table in tables for node in walk(table)][::50]
        for table in tables:
            nodes = list(walk(table))
            assert all(contains(table, node) for node in nodes)
            for node in nodes[::7]:
                below = {id(part) for part in walk(node)}
                for part in [*nodes[::5], *foreign]:  # nodes of another table have the same numbers
                    assert contains(node, part) == (id(part) in below)
                    asked += 1
    assert asked > 1000
