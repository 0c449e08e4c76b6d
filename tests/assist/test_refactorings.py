"""Refactorings: what is selected, and what the files are afterwards."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from djguide_analyzers.assist.refactorings.base import Change
from djguide_analyzers.source.edits import apply_edits
from djguide_analyzers.source.positions import LineIndex, Range
from shop_project import FILES, Shop

VIEWS = """from django.conf import settings
from django.db.models import Count, Q

from shop.models import Author, Book


def view(request, pk):
{body}
"""


def made(shop: Shop, kind: str, text: str, name: str = "shop/views.py") -> dict[str, str] | None:
    """Texts after the refactoring whose kind ends with `kind`; ``«`` and ``»`` mark the selection."""
    start, end = text.index("«"), text.index("»") - 1
    index = LineIndex(text.replace("«", "").replace("»", ""))
    path = (shop.root / name).as_posix()

    def read(other: str) -> str | None:
        return Path(other).read_text() if Path(other).exists() else None

    selected = Range(index.position(start), index.position(end))
    offers = shop.assistant.refactorings(path, index, selected, read)
    changes = [offer.make() for offer in offers if offer.kind.endswith(kind)]
    if not changes or changes[0] is None:
        return None
    return applied(shop, changes[0], path, index.text)


def applied(shop: Shop, change: Change, path: str, text: str) -> dict[str, str]:
    result = dict(change.created)
    for other in {edit.path for edit in change.edits}:
        before = text if other == path else Path(other).read_text()
        result[other] = apply_edits(before, [edit for edit in change.edits if edit.path == other])
    for after in result.values():
        ast.parse(after)
    return {Path(other).relative_to(shop.root).as_posix(): after for other, after in result.items()}


def view(body: str) -> str:
    return VIEWS.format(body="\n".join(f"    {line}" if line else line for line in body.split("\n")))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "«Book.objects.create(title='a')\nAuthor.objects.create(name='b')»\nreturn 1",
            "with transaction.atomic():\n    Book.objects.create(title='a')\n"
            "    Author.objects.create(name='b')\nreturn 1",
        ),
        (
            "if pk:\n«    x = 1  # y\n\n    # note\n    y = '''\n  a\n'''\n»",
            "if pk:\n    with transaction.atomic():\n"
            "        x = 1  # y\n\n        # note\n        y = '''\n  a\n'''",
        ),
        ("«return 1 + \\\n    2»", "with transaction.atomic():\n    return 1 + \\\n        2"),
    ],
)
def test_wrapping_in_atomic(shop: Shop, body: str, expected: str) -> None:
    found = made(shop, "atomic", view(body))
    assert found is not None
    imported = "from django.conf import settings\nfrom django.db import transaction\nfrom django.db.models"
    assert found["shop/views.py"].startswith(imported)
    assert found["shop/views.py"].rstrip().endswith(view(expected).partition("pk):\n")[2].rstrip())


@pytest.mark.parametrize(
    "body",
    [
        "x = «1»",
        "«x = 1\ny =» 2",
        "«if pk:\n    x = 1»\nelse:\n    y = 2",
        "«yield 1»",
        "x = 1; «y = 2»",
        "if pk: «x = 1»",
        "«transaction = 1»",
        "«»x = 1",
        "«x = (»",
    ],
)
def test_what_cannot_be_wrapped(shop: Shop, body: str) -> None:
    assert made(shop, "atomic", view(body)) is None


def test_coroutines_and_module_level_code_are_not_wrapped(shop: Shop) -> None:
    text = view("«Book.objects.all()»")
    assert made(shop, "atomic", text.replace("def view", "async def view")) is None
    assert made(shop, "atomic", "«x = 1»\n") is None


def test_a_chain_becomes_a_method(shop: Shop) -> None:
    body = "dear = «Book.objects.filter(Q(price__gt=limit) | Q(owner=request.user)).order_by('title')»\nreturn dear"
    found = made(shop, "queryset", view("limit = 5\n" + body))
    assert found is not None
    assert "    dear = Book.objects.dear(limit, request.user)\n" in found["shop/views.py"]
    assert (
        "        return self.filter(price__lt=5)\n\n    def dear(self, limit, user):\n"
        "        return self.filter(models.Q(price__gt=limit) | models.Q(owner=user)).order_by('title')\n"
        "\n\nclass Book("
    ) in found["shop/models.py"]


def test_a_chain_over_several_lines(shop: Shop) -> None:
    body = "return («Book.objects\n    .filter(title=pk)  # the one\n    .order_by('title')»\n)"
    found = made(shop, "queryset", view(body))
    assert found is not None
    assert "return (Book.objects.selected(pk)\n    )" in found["shop/views.py"]
    assert (
        "    def selected(self, pk):\n        return (\n            self\n"
        "            .filter(title=pk)  # the one\n            .order_by('title')\n        )\n"
    ) in found["shop/models.py"]


@pytest.mark.parametrize(
    "body",
    [
        "return «Author.objects.filter(name=1)»",
        "return «Book.objects.filter(price__in=[x for x in pk])»",
        "return «Book.objects.filter(title=helper(pk))»",
        "return «Book.objects.filter(title=request)»",
        "return «Book.objects.filter(title=pk.a, price=request.a)»",
        "return «request.user.book_set.filter(title=pk)»",
        "return «unknown.filter(title=pk)»",
    ],
)
def test_chains_that_stay(shop: Shop, body: str) -> None:
    text = view(body) + "\n\ndef helper(x):\n    return x\n"
    assert made(shop, "queryset", text) is None


def test_writes_become_a_service(shop: Shop) -> None:
    body = (
        "title = request.POST['title']\n"
        "«author = Author.objects.create(name=title)\n"
        "# with a note\n"
        "book = Book.objects.create(title=title, author=author, price=settings.SHOP_LIMIT)»\n"
        "return book.pk"
    )
    found = made(shop, "service", view(body))
    assert found is not None
    assert found["shop/services.py"] == (
        "from django.conf import settings\nfrom shop.models import Author\nfrom shop.models import Book\n\n\n"
        "def perform_view(title):\n    author = Author.objects.create(name=title)\n    # with a note\n"
        "    book = Book.objects.create(title=title, author=author, price=settings.SHOP_LIMIT)\n    return book\n"
    )
    assert "    book = perform_view(title)\n    return book.pk\n" in found["shop/views.py"]
    assert "from shop.services import perform_view\n" in found["shop/views.py"]


def test_a_service_joins_those_that_are_there(shop: Shop) -> None:
    path = shop.root / "shop" / "services.py"
    path.write_text("from shop.models import Author\n\n\ndef perform_view():\n    pass\n")
    try:
        found = made(shop, "service", view("if pk:\n    «Book.objects.filter(pk=pk).update(price=1)»"))
    finally:
        path.unlink()
    assert found is not None
    assert found["shop/services.py"] == (
        "from shop.models import Author, Book\n\n\ndef perform_view():\n    pass\n\n\n"
        "def perform_view_2(pk):\n    Book.objects.filter(pk=pk).update(price=1)\n"
    )
    assert "        perform_view_2(pk)\n" in found["shop/views.py"]


@pytest.mark.parametrize(
    "body",
    [
        "«x = Book.objects.all()»",
        "«Book.objects.create(title=pk)\nreturn 1»",
        "for x in pk:\n    «Book.objects.create(title=x)\n    break»",
        "for x in pk:\n    «y = Book.objects.create(title=x)»\n    print(y)",
        "«if pk:\n    y = Book.objects.create(title=pk)»\nprint(y)",
        "«Book.objects.create(title=helper())»",
        "«self.book = Book.objects.create(title=1)»",
    ],
)
def test_writes_that_stay(shop: Shop, body: str) -> None:
    text = view(body) + "\n\ndef helper():\n    return 1\n"
    assert made(shop, "service", text) is None


def test_the_projects_files_are_left_alone(shop: Shop) -> None:
    """Making a change writes nothing."""
    made(shop, "queryset", view("return «Book.objects.filter(title=pk)»"))
    assert all((shop.root / name).read_text() == text for name, text in FILES.items())
