"""Folders of rules are named when the client starts the server, and at no other time; the baseline in an editor."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lsp_client import Client

from djguide_server.lsp import settings

RULE = """\
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.finding import Severity

RULE = Rule(summary="A forbidden name", severity=Severity.ERROR)


def check(file):
    for cls in file.classes():
        if cls.name == "Forbidden":
            yield Hit(file.place(cls.code, cls.node), "A forbidden name")
"""
PROJECT = {
    "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")\n',
    "project/__init__.py": "",
    "project/settings.py": 'INSTALLED_APPS = ["shop"]\n',
    "shop/__init__.py": "",
}
TEXT = "class Forbidden:\n    pass\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "shop project"
    for name, text in PROJECT.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "rules" / "house"
    folder.mkdir(parents=True)
    (folder / "forbidden_name.py").write_text(RULE)
    return folder.parent


@pytest.fixture
def session(
    start: Callable[..., Client], project: Path, facts_cache: str, tmp_path: Path
) -> Callable[..., Client]:
    """Starts the real server on the project, with initialisation options."""

    def begin(**options: Any) -> Client:
        variables = {"XDG_CACHE_HOME": facts_cache, "XDG_CONFIG_HOME": str(tmp_path / "config")}
        client = start([sys.executable, "-m", "djguide_server.lsp"], environment=variables)
        client.initialize(project, initializationOptions=options)
        return client

    return begin


def codes(client: Client, project: Path) -> list[str]:
    uri = client.open(project / "shop" / "models.py", TEXT)
    return [diagnostic["code"] for diagnostic in client.published(uri)]


def test_a_client_that_names_a_folder(session: Callable[..., Client], project: Path, rules: Path) -> None:
    assert codes(session(ruleFolders=[str(rules)]), project) == ["forbidden-name"]


def test_settings_name_no_folders(session: Callable[..., Client], project: Path, rules: Path) -> None:
    """They may come from the workspace's own files."""
    named = {"ruleFolders": [str(rules)], "rule-folders": [str(rules)]}
    client = session(settings=named)
    client.notify("workspace/didChangeConfiguration", {"settings": {"djguide": named}})
    assert codes(client, project) == []


def test_folders_of_the_options(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    options = {"ruleFolders": [str(tmp_path), "relative/rules", 3, "~/rules"]}
    assert settings.rule_folders(options) == [tmp_path, Path.home() / "rules"]
    assert "relative/rules is not an absolute path" in caplog.text


@pytest.mark.parametrize("options", [None, {}, {"ruleFolders": None}, {"ruleFolders": "x"}, [], "x"])
def test_no_folders(options: Any) -> None:
    assert settings.rule_folders(options) == []


def test_known_findings_are_hints(session: Callable[..., Client], project: Path) -> None:
    from djguide_analyzers.engine.baseline import dumps, made_of
    from djguide_analyzers.engine.workspace import Workspace

    models = (
        "from django.db import models\n\n\nclass Product(models.Model):\n    price = models.FloatField()\n"
    )
    path = project / "shop" / "models.py"
    path.write_text(models)
    workspace = Workspace([project], cache=project.parent / "cache")
    identities = workspace.identities(workspace.check().findings)
    workspace.close()
    baseline = project / "djguide-baseline.json"
    baseline.write_text(dumps(made_of(baseline, identities)))
    client = session()
    uri = client.open(path, models)
    assert [(item["code"], item["severity"]) for item in client.published(uri)] == [
        ("money-stored-as-float", 4)
    ]
