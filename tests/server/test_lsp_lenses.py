"""Code lenses over the protocol."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lsp_client import PUSH, Client

LENSES: Any = {**PUSH, "workspace": {**PUSH.get("workspace", {}), "codeLens": {"refreshSupport": True}}}
MODELS = """from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=40)


class Tag(models.Model):
    name = models.CharField(max_length=40)


class Book(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    editor = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="edited")
    tags = models.ManyToManyField(Tag)
"""
QUERIES = """from lib.models import Book


def shelf():
    return Book.objects.order_by("pk")
"""
VIEWS = """from lib.models import Book
from lib.queries import shelf


class Pages:
    def far(self):
        return [book.author.name for book in shelf()]


def near():
    rows = []
    for book in Book.objects.all():
        rows.append((book.author.name, book.editor.name, list(book.tags.all())))
    return rows
"""
FIXED = QUERIES.replace('order_by("pk")', 'order_by("pk").select_related("author")')


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in {
        "manage.py": 'import os\n\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")\n',
        "config/settings.py": 'INSTALLED_APPS = ["lib"]\n',
        "config/__init__.py": "",
        "lib/__init__.py": "",
        "lib/models.py": MODELS,
        "lib/queries.py": QUERIES,
        "lib/views.py": VIEWS,
    }.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "project"


def begin(
    start: Callable[..., Client], project: Path, facts_cache: str, **options: Any
) -> tuple[Client, Any]:
    client = start([sys.executable, "-m", "djguide_server.lsp"], environment={"XDG_CACHE_HOME": facts_cache})
    capabilities = client.initialize(project, LENSES, initializationOptions=options)
    return client, capabilities.get("codeLensProvider")


def lenses(client: Client, uri: str) -> list[tuple[int, str]]:
    found = client.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
    return [(lens["range"]["start"]["line"], lens["command"]["title"]) for lens in found]


def test_lenses_tell_what_each_row_costs(
    start: Callable[..., Client], project: Path, facts_cache: str
) -> None:
    client, provider = begin(start, project, facts_cache, codeLens=True)
    assert provider is not None
    views = client.open(project / "lib" / "views.py", VIEWS)
    client.published(views)
    far, near = (VIEWS[: VIEWS.index(text)].count("\n") for text in ("def far", "for book in Book"))
    expected = [(far, "1 relation per row is not loaded"), (near, "3 relations per row are not loaded")]
    while lenses(client, views) != expected:
        client.wait_for("workspace/codeLens/refresh")
    queries = client.open(project / "lib" / "queries.py", QUERIES)
    client.published(queries)
    assert lenses(client, queries) == [(4, "1 relation per row is not loaded")]

    client.change(queries, 2, FIXED)
    client.published(queries, 2)
    while lenses(client, views) != expected[1:]:
        client.wait_for("workspace/codeLens/refresh")
    assert lenses(client, queries) == []
    assert client.shutdown() == 0


def test_no_lenses_without_being_asked(start: Callable[..., Client], project: Path, facts_cache: str) -> None:
    _, provider = begin(start, project, facts_cache)
    assert provider is None
