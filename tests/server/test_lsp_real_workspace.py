"""The server as users start it, on a small Django project."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lsp_client import PULL, PUSH, Client, span

from djguide_analyzers.engine.checker import Checked, Checker
from djguide_analyzers.engine.workspace import Workspace
from djguide_analyzers.source.edits import Edit, apply_edits
from djguide_analyzers.source.positions import Position, Range

CODE = "n-plus-one-foreign-key"
SETTINGS = """INSTALLED_APPS = ["shop"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
"""
MODELS = """from django.db import models


class Person(models.Model):
    name = models.CharField(max_length=40)


class Order(models.Model):
    person = models.ForeignKey(Person, on_delete=models.CASCADE)
"""
VIEWS = """from shop.models import Order


def names():
    return [order.person.name for order in Order.objects.all()]
"""
TEMPLATE = "<ul>{# djguide: ignore #}\n{{ order.person }}</ul>\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in {
        "manage.py": 'import os\n\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "site.settings")\n',
        "config/settings.py": SETTINGS,
        "config/__init__.py": "",
        "shop/__init__.py": "",
        "shop/models.py": MODELS,
        "shop/views.py": VIEWS,
        "shop/templates/shop/list.html": TEMPLATE,
        "frontend/index.html": TEMPLATE,
    }.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("site.settings", "config.settings"))
    return tmp_path / "project"


@pytest.fixture
def session(start: Callable[..., Client], project: Path, tmp_path: Path) -> tuple[Client, str]:
    command = [sys.executable, "-m", "djguide_server.lsp"]
    client = start(command, environment={"XDG_CACHE_HOME": str(tmp_path / "cache")})
    client.initialize(project, PULL)
    return client, client.open(project / "shop" / "views.py", VIEWS)


def found(client: Client, uri: str) -> list[Any]:
    return [item for item in client.pull(uri)["items"] if item["code"] == CODE]


def applied(text: str, action: Any) -> str:
    (document,) = action["edit"]["documentChanges"]
    edits = []
    for edit in document["edits"]:
        line, column, end_line, end_column = span(edit["range"])
        edits.append(Edit("", Range(Position(line, column), Position(end_line, end_column)), edit["newText"]))
    return apply_edits(text, edits)


def test_a_finding_is_fixed_and_gone(session: tuple[Client, str]) -> None:
    client, uri = session
    (finding,) = found(client, uri)
    action = client.actions(uri, span(finding["range"]))[0]
    assert action["isPreferred"]
    fixed = applied(VIEWS, action)
    assert 'select_related("person")' in fixed
    client.change(uri, 2, fixed)
    assert found(client, uri) == []
    assert client.shutdown() == 0


def test_a_finding_is_suppressed_and_gone(session: tuple[Client, str]) -> None:
    client, uri = session
    (finding,) = found(client, uri)
    actions = client.actions(uri, span(finding["range"]), only=["quickfix"])
    (action,) = (action for action in actions if action["title"] == f"Ignore {CODE} on this line")
    client.change(uri, 2, applied(VIEWS, action))
    assert client.pull(uri)["items"] == []


def test_hover_explains_the_rule(session: tuple[Client, str]) -> None:
    client, uri = session
    (finding,) = found(client, uri)
    position = finding["range"]["start"]
    hover = client.request("textDocument/hover", {"textDocument": {"uri": uri}, "position": position})
    text = hover["contents"]["value"]
    assert finding["message"] in text
    assert "`shop/models.py:" in text


def test_the_report_tells_of_the_project(session: tuple[Client, str]) -> None:
    client, uri = session
    client.pull(uri)
    assert "config.settings" in str(client.report())
    assert client.all("window/logMessage") == []


def test_code_that_is_being_typed_keeps_the_other_findings(session: tuple[Client, str]) -> None:
    client, uri = session
    client.change(uri, 2, VIEWS + "\n\ndef broken(:\n    x = (\n")
    assert len(found(client, uri)) == 1
    assert client.all("window/logMessage") == []


def of_template(diagnostics: list[Any]) -> list[tuple[str, tuple[int, int, int, int]]]:
    return [(item["code"], span(item["range"])) for item in diagnostics]


INVALID = ("invalid-suppression", (0, 4, 0, 25))


@pytest.mark.parametrize("language", ["django-html", "htmldjango", "html"])
def test_templates_have_diagnostics(session: tuple[Client, str], project: Path, language: str) -> None:
    client, _ = session
    path = project / "shop" / "templates" / "shop" / "list.html"
    uri = client.open(path, TEMPLATE, language=language)
    assert of_template(client.pull(uri)["items"]) == [INVALID]
    client.change(uri, 2, "\n", (0, 0, 0, 0))
    assert of_template(client.pull(uri)["items"]) == [("invalid-suppression", (1, 4, 1, 25))]
    client.change(uri, 3, "{% if %}")  # half-typed, and no finding
    assert client.pull(uri)["items"] == []
    client.close(uri)
    assert client.all("window/logMessage") == []


def test_other_html_has_none(session: tuple[Client, str], project: Path) -> None:
    client, _ = session
    uri = client.open(project / "frontend" / "index.html", TEMPLATE + "{{ a ? b : c }}", language="html")
    assert client.pull(uri)["items"] == []


def test_templates_are_published_and_noticed_on_the_disk(
    start: Callable[..., Client], project: Path, tmp_path: Path
) -> None:
    client = start(
        [sys.executable, "-m", "djguide_server.lsp"], environment={"XDG_CACHE_HOME": str(tmp_path / "cache")}
    )
    client.initialize(project, PUSH)
    path = project / "shop" / "templates" / "shop" / "list.html"
    uri = client.open(path, TEMPLATE, language="html")
    assert of_template(client.published(uri, 1)) == [INVALID]
    path.write_text("fine\n")
    client.change(uri, 2, "fine\n")
    assert client.published(uri, 2) == []
    client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
    new = path.with_name("new.txt")
    new.write_text(TEMPLATE)
    client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": new.as_uri(), "type": 1}]})
    assert of_template(client.published(client.open(new, TEMPLATE, language="plaintext"))) == [INVALID]
    assert client.shutdown() == 0


def test_what_a_session_found_is_there_for_the_next(
    session: tuple[Client, str], project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, uri = session
    assert found(client, uri)
    client.request("workspace/diagnostic", {"previousResultIds": []})  # once all is checked
    assert client.shutdown() == 0
    checked: list[str] = []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))  # environments may lie there
    monkeypatch.setattr(
        Checker, "check", lambda self, module, rules: checked.append(module.path) or Checked([], frozenset())
    )
    workspace = Workspace([project], cache=tmp_path / "cache" / "djguide")
    findings = workspace.findings((project / "shop" / "views.py").as_posix())
    assert CODE in [finding.code for finding in findings]
    assert checked == []


def test_what_is_under_analysis_is_told_to_clients_that_want_to_know(
    start: Callable[..., Client], project: Path, tmp_path: Path
) -> None:
    (project / "requirements.txt").write_text("django==5.2.1\n")
    command = [sys.executable, "-m", "djguide_server.lsp"]
    client = start(command, environment={"XDG_CACHE_HOME": str(tmp_path / "cache")})
    client.initialize(project, {**PULL, "experimental": {"djguideOverview": True}})
    client.open(project / "shop" / "views.py", VIEWS)
    told = client.wait_for("djguide/overview", lambda params: params["projects"])
    assert told["seconds"] > 0
    (shop,) = told["projects"]
    assert shop["root"] == project.as_posix()
    assert shop["settingsModule"] == "config.settings"
    assert shop["djangoVersion"] == "5.2.1"
    assert shop["models"] == 2
