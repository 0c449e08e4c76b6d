"""Findings in a function that rest on who calls it: an edit of a caller is an edit of those."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from workspaces import FILES, Shop

PRINTING = """\
from shop.models import Author


def titles(author: Author):
    for book in author.books.all():
        yield book.publisher.name, [tag.label for tag in book.tags.all()]
"""
VIEWS = """\
from shop.models import Author
from shop.printing import titles


def index():
    authors = Author.objects.prefetch_related("books__publisher", "books__tags")
    return [book.publisher.name for author in authors for book in author.books.all()]
"""
CALLER = """\
from shop.models import Author
from shop.printing import titles


def shown(pk):
    author = {rows}.get(pk=pk)
    return list(titles(author))
"""
MODELS = (
    FILES["shop/models.py"]
    + """\
    publisher = models.ForeignKey("Publisher", on_delete=models.CASCADE, related_name="+")
    tags = models.ManyToManyField("Tag")


class Publisher(models.Model):
    name = models.CharField(max_length=50)


class Tag(models.Model):
    label = models.CharField(max_length=50)
"""
)
BARE = CALLER.format(rows="Author.objects")


@pytest.fixture(params=["closed", "open"])
def shop(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shop]:
    files = FILES | {
        "shop/models.py": MODELS,
        "shop/index.py": VIEWS,
        "shop/printing.py": PRINTING,
        "shop/pages.py": BARE,
    }
    shop = Shop(tmp_path / "shop", files)
    if request.param == "open":  # the traces of a file that somebody edits are kept
        shop.edit("shop/printing.py", f"{PRINTING}# edited\n")
    yield shop
    shop.workspace.close()


def told(shop: Shop) -> list[str]:
    return [line for line in shop.check() if line.startswith("shop/printing.py")]


def test_an_edit_of_a_caller_is_heard(shop: Shop) -> None:
    first = told(shop)
    assert len(first) == 2
    loading = CALLER.format(rows='Author.objects.prefetch_related("books__publisher", "books__tags")')
    for _ in range(2):
        shop.edit("shop/pages.py", loading)
        assert told(shop) == []
        shop.edit("shop/pages.py", BARE)
        assert told(shop) == first


def test_an_edit_inside_of_a_caller_further_up_is_heard(shop: Shop) -> None:
    far = "from shop.pages import shown\n\n\ndef page(pk):\n    return shown({given})\n"
    near = CALLER.replace("def shown(pk):\n    author = {rows}.get(pk=pk)\n", "def shown(author: Author):\n")
    up = far.replace("from", "from shop.models import Author\nfrom", 1)
    shop.edit("shop/pages.py", near)
    shop.edit("shop/upper.py", up.format(given="Author.objects.get(pk=pk)"))
    first = told(shop)
    assert len(first) == 2
    loaded = 'Author.objects.prefetch_related("books__publisher", "books__tags").get(pk=pk)'
    shop.edit("shop/upper.py", up.format(given=loaded))
    assert told(shop) == []
    shop.edit("shop/upper.py", up.format(given="Author.objects.get(pk=pk)"))
    assert told(shop) == first
