"""Hover on models, fields, relations, names and querysets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lsp_client import PUSH, Client

from shop_project import FILES

HOME = "def home(request):\n    pass"
PLAIN = {**PUSH, "textDocument": {**PUSH["textDocument"], "hover": {"contentFormat": ["plaintext"]}}}


def shown(client: Client, shop: Path, name: str, old: str, new: str) -> str | None:
    """What is shown at the cursor in `new`, which replaces `old` in a file."""
    text = FILES[name].replace(old, new)
    offset = text.index("‸")
    text = text.replace("‸", "")
    uri = client.open(shop / name, text)
    client.published(uri)
    before = text[:offset]
    found: Any = client.at("hover", uri, before.count("\n"), len(before) - before.rfind("\n") - 1)
    return None if found is None else found["contents"]["value"]


@pytest.fixture
def client(start_shop: Callable[..., Client]) -> Client:
    return start_shop()


def test_a_field(client: Client, shop: Path) -> None:
    text = shown(
        client,
        shop,
        "shop/views.py",
        HOME,
        "def home(request):\n    return Book.objects.filter(auth‸or__name=1)",
    )
    assert text is not None
    assert text.splitlines()[1] == "Book.author: ForeignKey(Author, on_delete=CASCADE)"
    assert "- **column:** `author_id` of `shop_book`" in text
    assert "- **index:** yes" in text
    assert "- **reverse:** `books`, in lookups `book`" in text


def test_the_other_side_of_a_relation(client: Client, shop: Path) -> None:
    text = shown(
        client,
        shop,
        "shop/views.py",
        HOME,
        "def home(request):\n    return Author.objects.filter(boo‸k__title=1)",
    )
    assert text is not None
    assert "other side of:** `shop.Book.author`" in text
    assert "on_delete:** `CASCADE`" in text


def test_a_model_in_plain_text(start_shop: Callable[..., Client], shop: Path) -> None:
    client = start_shop(PLAIN)
    text = shown(client, shop, "shop/views.py", "def home(request):", "def home(request, x: Bo‸ok):")
    assert text is not None
    lines = text.splitlines()
    assert lines[0] == "class shop.Book(Model)"
    assert "table: shop_book" in lines
    assert "ordering: title" in lines


@pytest.mark.parametrize(
    ("body", "sql", "facts"),
    [
        (
            'Book.objects.filter(author__name="x", title__icontains=q).select_rel‸ated("author")',
            'INNER JOIN "shop_author" ON ("shop_book"."author_id" = "shop_author"."id")\n'
            """WHERE ("shop_author"."name" = 'x' AND "shop_book"."title" LIKE '%<q>%' ESCAPE '\\')\n"""
            'ORDER BY "shop_book"."title" ASC',
            ["- **select_related:** `author`", "- **ordering:** `title` (the model's)"],
        ),
        (
            'books = Author.objects.prefetch_related("books__tags")\n    return boo‸ks',
            'SELECT "shop_author"."id", "shop_author"."name", "shop_author"."born"\nFROM "shop_author"',
            ["- **queries when evaluated:** 3 (1 and 2 for what is prefetched)"],
        ),
        (
            'x = Book.objects.annotate(n=Count("tags")).filter(price__in=p).excl‸ude(Q(author=a) | Q(title=1))',
            'WHERE ("shop_book"."price" IN (<p>) AND NOT (("shop_book"."author_id" = <a> OR',
            ["- **annotations:** `n`"],
        ),
        ("request.user.book_set.cou‸nt()", 'WHERE "shop_book"."owner_id" = <user>', []),
        ("Book.objects.che‸ap()", 'WHERE "shop_book"."price" < 5', []),
    ],
)  # fmt: skip
def test_a_queryset_with_its_sql(client: Client, shop: Path, body: str, sql: str, facts: list[str]) -> None:
    text = shown(client, shop, "shop/views.py", HOME, f"def home(request, p, q, a):\n    {body}")
    assert text is not None
    assert sql in text
    for fact in facts:
        assert fact in text.splitlines()


def test_parts_that_cannot_be_told_are_named(client: Client, shop: Path) -> None:
    body = 'Book.objects.annotate(x=something(1)).filter(title="a").order_‸by("title")'
    text = shown(client, shop, "shop/views.py", HOME, f"def home(request):\n    {body}")
    assert text is not None
    assert "without .annotate(…)" in text
    assert """WHERE "shop_book"."title" = 'a'""" in text


def test_the_code_in_a_suppression(client: Client, shop: Path) -> None:
    old = "def home(request):"
    text = shown(client, shop, "shop/views.py", old, f"{old}  # djguide: ignore[n-plus-one-for‸eign-key]")
    assert text is not None
    assert "`n-plus-one-foreign-key`\n\n" in text


def test_the_code_in_a_suppression_of_nothing(client: Client, shop: Path) -> None:
    line = "def home(request):  # djguide: ignore[n-plus-one-foreign-key]"
    text = FILES["shop/views.py"].replace("def home(request):", line)
    uri = client.open(shop / "shop/views.py", text)
    client.wait_for(
        "textDocument/publishDiagnostics",
        lambda p: any(each["code"] == "unused-suppression" for each in p["diagnostics"]),
    )
    before = text[: text.index("n-plus-one-foreign-key]") + 3]
    found: Any = client.at("hover", uri, before.count("\n"), len(before) - before.rfind("\n") - 1)
    told, _, page = found["contents"]["value"].rpartition("---\n\n")
    assert "unused-suppression" in told
    assert page.startswith("`n-plus-one-foreign-key`\n\n")


@pytest.mark.parametrize("body", ["x = 1‸", "unkn‸own.filter(a=1)", "pri‸nt(1)", '"bo‸ok"', "# Bo‸ok"])
def test_nothing_is_shown_where_nothing_is_known(client: Client, shop: Path, body: str) -> None:
    assert shown(client, shop, "shop/views.py", HOME, f"def home(request):\n    {body}") is None
