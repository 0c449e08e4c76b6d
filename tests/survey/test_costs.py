"""The queries that the survey predicts for the pages of the shop are those that Django runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from djguide_analyzers.engine.workspace import Workspace
from djguide_analyzers.survey.values import Cost

SHOP = Path(__file__).parents[1] / "projects" / "shop"
MEASURE = Path(__file__).with_name("measure_shop.py")


@pytest.fixture(scope="module")
def predicted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Cost]:
    workspace = Workspace([SHOP], cache=tmp_path_factory.mktemp("cache"))
    (survey,) = workspace.surveys()
    workspace.close()
    return {view.name: view.cost for view in survey.views if view.cost is not None}


@pytest.mark.parametrize("rows", [1, 3])
def test_django_runs_as_many_queries_as_predicted(rows: int, predicted: dict[str, Cost]) -> None:
    env = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, str(MEASURE), str(rows)],
        cwd=SHOP,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    measured: dict[str, int] = json.loads(done.stdout)
    assert measured == {name: predicted[name].queries(rows) for name in measured}


def test_pages_whose_queries_grow(predicted: dict[str, Cost]) -> None:
    growing = {name: cost.terms for name, cost in predicted.items() if any(cost.terms[1:])}
    assert growing == {"price_list_csv": (1, 1), "picking_list": (1, 1)}


def test_writes_are_counted_apart(predicted: dict[str, Cost]) -> None:
    assert predicted["edit_stock"].writes == (1,)
    assert predicted["cancel_order"].writes[1] == 1, "one update for each line of the order"
    assert predicted["warehouse"].changes(25) == 0


def test_a_cost_for_some_rows() -> None:
    cost = Cost((2, 3, 1), (1, 1))
    assert (cost.queries(1), cost.queries(10), cost.changes(10)) == (6, 132, 11)
