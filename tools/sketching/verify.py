"""Whether the sketches say what the packages do: a project that uses each class once, run and read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sketching.environment import environment, run

Fact = tuple[str, str, str]


def differences(
    spec: dict[str, Any], environments: Path, folder: Path, command: list[str]
) -> tuple[int, list[str]]:
    """How many facts Django states of a scratch project, and those that the static graph misses or invents.

    Args:
        folder: An empty folder for the project.
        command: ``djguide``, as a command line.
    """
    python = str(environment(spec, environments))
    wish, answer = folder.parent / "spec.json", folder.parent / "truth.json"
    wish.write_text(json.dumps(spec), "utf-8")
    run([python, "-m", "sketching.runtime.project", str(wish), str(folder)])
    run([python, "-m", "sketching.runtime.truth", "scratch_settings", str(answer)], str(folder))
    truth = json.loads(answer.read_text("utf-8"))
    got = json.loads(run([*command, "models", "--format", "json"], str(folder)))
    want, have = facts(truth["models"]), facts(got["models"])
    labels = {model["label"] for model in truth["models"]}
    have = {
        fact for fact in have if any(_is_of(fact, label) for label in (*labels, fact[1]) if label in labels)
    }
    rows = [f"missed    {' '.join(fact)}" for fact in sorted(want - have)]
    return len(want), [*rows, *(f"invented  {' '.join(fact)}" for fact in sorted(have - want))]


def _is_of(fact: Fact, label: str) -> bool:
    return fact[1] == label or fact[1].startswith(f"{label}.")


def facts(models: list[dict[str, Any]]) -> set[Fact]:
    """Models as comparable facts: what, of what, value."""
    rows: set[Fact] = set()
    for model in models:
        label = model["label"]
        for key in ("pk", "proxy", "managed", "db_table", "ordering"):
            rows.add((key, label, json.dumps(model[key])))
        rows.add(("unique_together", label, json.dumps(sorted(map(sorted, model["unique_together"])))))
        for field in model["fields"]:
            name = f"{label}.{field['name']}"
            rows.add(("field", name, (field["django_base"] or field["class"]).rpartition(".")[2]))
            for key in ("null", "unique", "db_index", "primary_key", "max_length"):
                rows.add((key, name, json.dumps(field[key])))
        for row in model["relations"]:
            name = f"{label}.{row['name']}"
            keys = (
                ("kind", "target", "accessor", "related_query_name")
                if not row["hidden"]
                else ("kind", "target")
            )
            rows.update((key, name, str(row[key])) for key in keys)
            if row["kind"] != "m2m":
                rows.add(("on_delete", name, str(row["on_delete"])))
        rows.update(("manager", f"{label}.{manager['name']}", "") for manager in model["managers"])
        rows.update(("index", label, json.dumps(index["fields"])) for index in model["indexes"])
    return rows
