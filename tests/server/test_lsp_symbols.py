"""References and symbols over the protocol."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lsp_client import PUSH, Client, span

from shop_project import FILES

VIEWS = FILES["shop/views.py"].replace(
    "def home(request):\n    pass",
    "def home(request):\n"
    "    for book in Book.objects.filter(author__name='x').select_related('author'):\n"
    "        print(book.author, book.author_id, request.user.author)\n"
    "    return redirect('shop:detail')",
)
TEMPLATE = "{% url 'shop:detail' pk=1 %}\n"
TREE: Any = {
    **PUSH,
    "textDocument": {**PUSH["textDocument"], "documentSymbol": {"hierarchicalDocumentSymbolSupport": True}},
}


@pytest.fixture
def client(start_shop: Callable[..., Client], shop: Path) -> Client:
    (shop / "shop" / "views.py").write_text(VIEWS)
    (shop / "shop" / "templates" / "shop" / "home.html").write_text(TEMPLATE)
    client = start_shop(TREE)
    client.published(client.open(shop / "shop" / "forms.py", FILES["shop/forms.py"]))
    return client


def references(client: Client, shop: Path, name: str, at: str, *, declaration: bool = False) -> list[str]:
    """Texts of the references, with their files, to what stands at ``‸`` in `at`."""
    path = shop / name
    text = path.read_text()
    offset = text.index(at.replace("‸", "")) + at.index("‸")
    uri = client.open(path, text)
    before = text[:offset]
    line, column = before.count("\n"), len(before) - before.rfind("\n") - 1
    found = client.at("references", uri, line, column, context={"includeDeclaration": declaration})
    result = []
    for each in found or ():
        file = Path(each["uri"].removeprefix("file://"))
        row, start, _, end = span(each["range"])
        result.append(f"{file.relative_to(shop)}:{file.read_text().splitlines()[row][start:end]}")
    return sorted(result)


def test_references_of_a_field(client: Client, shop: Path) -> None:
    found = references(client, shop, "shop/models.py", "au‸thor = models.ForeignKey")
    views = ["shop/views.py:author"] * 3 + ["shop/views.py:author_id"]
    assert found == sorted(views)
    found = references(client, shop, "shop/views.py", "auth‸or__name", declaration=True)
    assert found == sorted([*views, "shop/models.py:author"])


def test_references_of_a_model(client: Client, shop: Path) -> None:
    found = references(client, shop, "shop/models.py", "class Ta‸g")
    assert found == ["shop/models.py:shop.Tag"]
    found = references(client, shop, "shop/models.py", "class Bo‸ok(")
    assert {entry.partition(":")[0] for entry in found} == {
        "shop/admin.py", "shop/api.py", "shop/forms.py", "shop/views.py"
    }  # fmt: skip


def test_references_of_a_url_name(client: Client, shop: Path) -> None:
    expected = ["shop/templates/shop/home.html:shop:detail", "shop/views.py:shop:detail"]
    assert references(client, shop, "shop/views.py", "'shop:det‸ail'") == expected
    assert references(client, shop, "shop/urls.py", 'name="det‸ail"') == expected


def test_nothing_is_found_for_what_is_not_djangos(client: Client, shop: Path) -> None:
    assert references(client, shop, "shop/views.py", "pri‸nt(") == []


def test_symbols_of_a_document(client: Client, shop: Path) -> None:
    uri = client.open(shop / "shop" / "models.py", FILES["shop/models.py"])
    found = client.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
    assert [symbol["name"] for symbol in found] == ["Author", "Book", "Tag"]
    book = found[1]
    assert [child["name"] for child in book["children"]] == ["title", "price", "author", "owner", "tags"]
    lines = FILES["shop/models.py"].splitlines()
    line, column, _, end = span(book["selectionRange"])
    assert lines[line][column:end] == "Book"
    urls = client.open(shop / "shop" / "urls.py", FILES["shop/urls.py"])
    found = client.request("textDocument/documentSymbol", {"textDocument": {"uri": urls}})
    assert {symbol["name"] for symbol in found} >= {"shop:detail", "shop:book-list"}


def test_symbols_of_the_workspace(client: Client) -> None:
    found = client.request("workspace/symbol", {"query": "book"})
    assert {"Book", "shop:book-list"} <= {symbol["name"] for symbol in found}
    assert "Author" not in {symbol["name"] for symbol in found}


def test_flat_symbols(start_shop: Callable[..., Client], shop: Path) -> None:
    client = start_shop()
    uri = client.open(shop / "shop" / "models.py", FILES["shop/models.py"])
    client.published(uri)
    found = client.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
    assert {"Author", "name", "Book", "title"} <= {symbol["name"] for symbol in found}
    assert all("location" in symbol for symbol in found)
