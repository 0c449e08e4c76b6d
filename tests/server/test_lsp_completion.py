"""Completion and definitions over the protocol."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lsp_client import PUSH, Client, span

from shop_project import FILES

VIEWS = FILES["shop/views.py"]
HOME = "def home(request):\n    pass"


def typed(client: Client, shop: Path, body: str) -> tuple[str, int, int]:
    """Open the views with `body` in one of them; the address, and the position behind what was typed."""
    text = VIEWS.replace(HOME, f"def home(request):\n    {body}")
    path = shop / "shop" / "views.py"
    uri = client.open(path, VIEWS)
    client.published(uri)  # linked by now
    client.change(uri, 2, text)
    before = text[: text.index(body) + len(body)]
    return uri, before.count("\n"), len(before) - before.rfind("\n") - 1


def test_a_lookup_is_completed(start_shop: Callable[..., Client], shop: Path) -> None:
    client = start_shop()
    uri, line, column = typed(client, shop, "Book.objects.filter(author__na")
    found = client.at("completion", uri, line, column)
    (item,) = [item for item in found["items"] if item["label"] == "name"]
    assert span(item["textEdit"]["range"]) == (line, column - 2, line, column)
    assert item["textEdit"]["newText"] == "name"
    assert item["detail"] == "CharField"


def test_columns_are_the_clients(start_shop: Callable[..., Client], shop: Path) -> None:
    client = start_shop()
    uri, line, column = typed(client, shop, 'Book.objects.filter(title="😀", pri')
    found = client.at("completion", uri, line, column + 1)  # UTF-16
    assert span(found["items"][0]["textEdit"]["range"]) == (line, column - 2, line, column + 1)


def test_nothing_is_offered_where_nothing_is_known(start_shop: Callable[..., Client], shop: Path) -> None:
    client = start_shop()
    uri, line, column = typed(client, shop, "print(")
    assert client.at("completion", uri, line, column) is None
    assert client.at("completion", "file:///not/open.py", 0, 0) is None
    assert client.at("definition", uri, line, column) is None


@pytest.mark.parametrize(
    ("body", "back", "file", "code"),
    [
        ("Book.objects.filter(author__name=1)", 6, "shop/models.py", "name = models.CharField(max_length=40)"),
        ("Book.objects.filter(author__name=1)", 12, "shop/models.py", "author = models.ForeignKey"),
        ('Author.objects.prefetch_related("books")', 4, "shop/models.py", "author = models.ForeignKey"),
        ('return redirect("shop:detail")', 4, "shop/urls.py", '"detail")'),
        ('return render(request, "shop/home.html")', 4, "shop/templates/shop/home.html", ""),
        ("return settings.SHOP_LIMIT", 2, "config/settings.py", "SHOP_LIMIT"),
    ],
)  # fmt: skip
def test_definitions(
    start_shop: Callable[..., Client], shop: Path, body: str, back: int, file: str, code: str
) -> None:
    client = start_shop()
    uri, line, column = typed(client, shop, body)
    (location,) = client.at("definition", uri, line, column - back)
    assert location["uri"] == (shop / file).as_uri()
    start = location["range"]["start"]
    assert (FILES[file].splitlines() or [""])[start["line"]][start["character"] :].startswith(code)


def test_a_completion_waits_for_nothing(start: Callable[..., Client], tmp_path: Path) -> None:
    """Not for the linking, and not for a check that goes on; then there is an answer without completions."""
    client = start()
    client.initialize(tmp_path, PUSH)
    uri = client.open(tmp_path / "a.py", "wait")
    assert client.at("completion", uri, 0, 4) is None
    (tmp_path / "go").touch()
    client.published(uri)


def test_what_is_offered_follows_edits_of_models(start_shop: Callable[..., Client], shop: Path) -> None:
    client = start_shop()
    models = FILES["shop/models.py"]
    uri = client.open(shop / "shop" / "models.py", models)
    client.published(uri, 1)
    client.change(uri, 2, models.replace("    price =", "    weight = models.IntegerField()\n    price ="))
    client.published(uri, 2)
    views, line, column = typed(client, shop, "Book.objects.filter(we")
    labels: list[Any] = [item["label"] for item in client.at("completion", views, line, column)["items"]]
    assert "weight" in labels
