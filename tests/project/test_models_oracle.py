"""The model graph against Django's own registry, on a project that uses every construct.

``DJGUIDE_ORACLE_PYTHONS`` names further interpreters (separated by ``:``) whose Django is asked as well.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from model_sources import Sources, project_settings

from djguide_analyzers.project.graph import ModelGraph
from djguide_analyzers.project.models import build_graph, models_document
from djguide_analyzers.project.resolve import Resolver

ZOO = Path(__file__).parent / "zoo"
PACKAGES = Path(__file__).parent / "zoo_packages"
"""Packages that are installed beside the zoo."""
PYTHONS = [sys.executable, *filter(None, os.environ.get("DJGUIDE_ORACLE_PYTHONS", "").split(os.pathsep))]


def ask(python: str) -> tuple[dict[str, Any], str]:
    """What Django under `python` says of the zoo, and the folder that its Django lies in."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ZOO}{os.pathsep}{PACKAGES}",
        "DJANGO_SETTINGS_MODULE": "zoo_settings",
    }
    place = "import django, pathlib; print(pathlib.Path(django.__file__).parent.parent)"
    folder = run([python, "-c", place], environment).strip()
    return json.loads(run([python, str(ZOO / "oracle.py")], environment)), folder


def run(command: list[str], environment: dict[str, str]) -> str:
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module", params=PYTHONS)
def answers(request: pytest.FixtureRequest) -> tuple[dict[str, Any], ModelGraph]:
    """What Django says, and the graph."""
    truth, folder = ask(request.param)
    sources = Sources([(str(ZOO), "project"), (str(PACKAGES), "environment"), (folder, "environment")])
    modules = sources.modules(str(ZOO))
    resolver = Resolver(sources)
    return truth, build_graph(resolver, modules, project_settings(sources, "zoo_settings"))


@pytest.fixture(scope="module")
def both(answers: tuple[dict[str, Any], ModelGraph]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What Django says and what the graph says of all models but automatic ones, by label."""
    truth, graph = answers
    document = models_document(graph, str(ZOO))
    return truth["models"], {model["label"]: model for model in document["models"]}


def rows(models: dict[str, Any], key: str) -> dict[str, Any]:
    return {label: model[key] for label, model in models.items()}


def named(models: dict[str, Any], part: str, keys: tuple[str, ...]) -> dict[str, Any]:
    """The rows of one part of all models, reduced to `keys`, by model and name."""
    return {
        f"{label}.{row['name']}": {key: row.get(key) for key in keys}
        for label, model in models.items()
        for row in model[part]
    }


def test_the_same_models(both):
    truth, graph = both
    assert sorted(graph) == sorted(truth)


@pytest.mark.parametrize(
    "key",
    [
        "pk",
        "proxy",
        "managed",
        "db_table",
        "unique_together",
        "index_together",
        "parents",
        "swappable",
        "default_manager",
        "base_manager",
    ],
)
def test_options(both, key):
    truth, graph = both
    assert rows(graph, key) == rows(truth, key)


def test_ordering(both):
    truth, graph = both
    assert rows(graph, "ordering") == rows(truth, "ordering")


def test_get_latest_by(both):
    truth, graph = both
    expected = {
        k: [v] if isinstance(v, str) else list(v or []) for k, v in rows(truth, "get_latest_by").items()
    }
    assert rows(graph, "get_latest_by") == expected


def test_fields(both):
    truth, graph = both
    keys = ("attname", "column", "django_base", "null", "unique", "db_index", "primary_key", "max_length")
    assert named(graph, "fields", keys) == named(truth, "fields", keys)


def test_relations(both):
    truth, graph = both
    keys = ("kind", "target", "accessor", "related_query_name")
    assert named(graph, "relations", keys) == named(truth, "relations", keys)


def test_on_delete(both):
    truth, graph = both

    def one(models):
        return {
            f"{label}.{row['name']}": row["on_delete"]
            for label, model in models.items()
            for row in model["relations"]
            if row["kind"] != "m2m"
        }

    assert one(graph) == one(truth)


def test_through_models(both):
    truth, graph = both

    def through(models):
        return {
            f"{label}.{row['name']}": (row["through"], row["through_auto"])
            for label, model in models.items()
            for row in model["relations"]
            if row["kind"] == "m2m"
        }

    assert through(graph) == through(truth)


def test_generic_relations(both):
    truth, graph = both
    keys = {k: sorted(row["name"] for row in v) for k, v in rows(graph, "generic_foreign_keys").items()}
    relations = {
        k: sorted([row["name"], row["target"]] for row in v)
        for k, v in rows(graph, "generic_relations").items()
    }
    assert keys == rows(truth, "generic_foreign_keys")
    assert relations == rows(truth, "generic_relations")


def test_reverse_accessors(both):
    truth, graph = both
    reverse = {k: sorted([r["accessor"], r["source"]] for r in v) for k, v in rows(graph, "reverse").items()}
    assert reverse == rows(truth, "reverse")


def test_managers(both):
    truth, graph = both
    assert {k: [m["name"] for m in v] for k, v in rows(graph, "managers").items()} == rows(truth, "managers")


def test_indexes(both):
    truth, graph = both
    index = {k: [(i["name"], i["fields"]) for i in v] for k, v in rows(graph, "indexes").items()}
    assert index == {k: [(i["name"], i["fields"]) for i in v] for k, v in rows(truth, "indexes").items()}


def test_constraints(both):
    truth, graph = both
    found = {
        k: [{"name": c["name"], "fields": c["fields"]} for c in v]
        for k, v in rows(graph, "constraints").items()
    }
    assert found == rows(truth, "constraints")


_THROUGH = ("auto_created", "db_table", "managed", "pk", "unique_together", "managers", "targets")


def test_automatic_through_models(answers):
    truth, graph = answers
    found = {
        label: {
            "auto_created": str(model.made_by).rpartition(".")[0],
            "db_table": model.db_table,
            "managed": model.managed,
            "pk": model.pk,
            "unique_together": model.unique_together,
            "managers": list(model.managers),
            "targets": {f.name: [f.target, f.related_name] for f in model.fields.values() if f.kind == "fk"},
            "columns": {f.name: [f.column, f.django_base, f.null, f.unique] for f in model.fields.values()},
        }
        for label, model in graph.through_models.items()
    }
    expected = {
        label: {
            **{key: value for key, value in model.items() if key in _THROUGH},
            "columns": {
                f["name"]: [f["column"], f["django_base"], f["null"], f["unique"]] for f in model["fields"]
            },
        }
        for label, model in truth["through"].items()
    }
    assert found == expected


def test_automatic_through_models_are_no_ordinary_models(answers, both):
    _, graph = answers
    assert not set(graph.through_models) & set(graph.models)
    assert not set(graph.through_models) & set(both[1])
    assert all(graph.get(label) is model for label, model in graph.through_models.items())


def test_of_the_zoo_only_the_class_that_is_nowhere_is_unknown(answers):
    _, graph = answers
    assert [(row.subject, row.reason) for row in graph.unknown] == [
        ("zoo.Always", "its base class nowhere.BaseModel cannot be read")
    ]
