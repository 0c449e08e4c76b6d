"""Queries that loops repeat."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracing import Traced

from djguide_analyzers.trace.repeated import repeated

HELPERS = """
from shop.models import Book

_cache = {}


def newest(author):
    return author.books.order_by("-year").first()


def by_title(title):
    return Book.objects.get(title=title)


def remembered(title):
    if title not in _cache:
        _cache[title] = Book.objects.get(title=title)
    return _cache[title]


def looked_into(title, known):
    book = known.get(title)
    if book is None:
        book = Book.objects.get(title=title)
    return book


def kept(author):
    book = getattr(author, "_newest", None) or _cache.get(author.pk)
    if book is None:
        book = author.books.order_by("-year").first()
    return book


def given(title, book=None):
    if book is None:
        return Book.objects.get(title=title)
    return book


def emptied(author):
    author.books.set([])
    return author.books.filter(year=2000).exists()


def empty_clients(author):
    for client in author.clients.all():
        emptied(client)


def count_clients(author):
    for client in author.clients.all():
        counted(client)


def counted(author):
    author.name = str(author.books.count())
    author.save()
"""
LOOPS = {
    "counting": ("author.books.count()", ["count books direct"]),
    "filtered": ("list(author.books.filter(year=2000))", ["list books direct"]),
    "asking whether there is any": ("author.books.filter(year=2000).exists()", ["exists books direct"]),
    "the newest": ("author.books.order_by('-year').first()", ["latest books direct"]),
    "by key": ("Book.objects.get(title=author.name)", ["get Book direct"]),
    "by something made of the row": (
        "key = author.name + 'x'\n        Book.objects.get(title=key)",
        ["get Book direct"],
    ),
    "the same every time": ("Book.objects.filter(year=2000).count()", ["count Book direct same"]),
    "in a helper": ("helpers.newest(author)", ["latest books"]),
    "by key in a helper": ("helpers.by_title(author.name)", ["get Book"]),
    "remembered": ("helpers.remembered(author.name)", []),
    "looked up first": ("helpers.looked_into(author.name, author.extra)", []),
    "looked up in two places": ("helpers.kept(author)", []),
    "handed in": ("helpers.given(author.name, author.extra)", []),
    "left out": ("helpers.given(author.name)", ["get Book"]),
    "in a helper that writes": ("helpers.counted(author)", ["count books writes"]),
    "asked before the round writes it": (
        "ids = list(author.books.values_list('pk'))\n        author.pk = None\n        author.books.set(ids)",
        ["list books direct"],
    ),
    "asked when the round has written it": (
        "author.books.set([])\n        author.books.filter(year=2000).exists()",
        [],
    ),
    "asked when a helper has written it": ("helpers.emptied(author)", []),
    "a plain list of the relation is a miss": ("list(author.books.all())", []),
}


@pytest.mark.parametrize("name", LOOPS)
def test_queries_in_a_loop_over_rows(tmp_path: Path, name: str) -> None:
    body, expected = LOOPS[name]
    source = (
        f"from shop import helpers\n\ndef view():\n    for author in Author.objects.all():\n        {body}\n"
    )
    assert told(Traced(tmp_path, source, helpers=HELPERS)) == expected


@pytest.mark.parametrize(
    ("call", "expected"), [("empty_clients", []), ("count_clients", ["count books writes"])]
)
def test_what_the_rounds_of_a_loop_further_away_write_is_known(
    tmp_path: Path, call: str, expected: list[str]
) -> None:
    source = f"from shop import helpers\n\ndef view(pk):\n    helpers.{call}(Author.objects.get(pk=pk))\n"
    assert told(Traced(tmp_path, source, helpers=HELPERS)) == expected


@pytest.mark.parametrize(
    ("iterated", "repeats"),
    [("titles", True), ("['a', 'b']", False), ("range(3)", False), ("range(count)", True), ("'ab'", False)],
)
def test_loops_that_do_not_grow_are_left_alone(tmp_path: Path, iterated: str, repeats: bool) -> None:
    source = (
        f"def view(titles, count):\n    for title in {iterated}:\n        Book.objects.get(title=title)\n"
    )
    assert told(Traced(tmp_path, source)) == (["get Book direct"] if repeats else [])


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("author.books.filter(year=2000)", ["list books direct"]),
        ("Book.objects.filter(title=author.name)", ["list Book direct"]),
    ],
)
def test_a_queryset_that_has_its_rows_is_not_asked_again(
    tmp_path: Path, rows: str, expected: list[str]
) -> None:
    source = f"""
    def view():
        for author in Author.objects.all():
            books = {rows}
            list(books)
            len(books)
            for book in books:
                book.title
    """
    assert told(Traced(tmp_path, source)) == expected


def test_a_prefetched_relation_that_is_asked_again(tmp_path: Path) -> None:
    source = """
    def view():
        for author in Author.objects.prefetch_related("books"):
            author.books.filter(year=2000).exists()
            author.books.count()
    """
    (query,) = repeated(Traced(tmp_path, source).trace("view"))
    assert (query.kind, query.prefetched) == ("exists", True)


def told(traced: Traced) -> list[str]:
    result: list[str] = []
    for query in repeated(traced.trace("view")):
        words = [query.kind, query.accessor or query.query.model.rpartition(".")[2]]
        words += ["direct"] if query.direct else []
        words += [] if query.varies else ["same"]
        words += ["writes"] if query.writes else []
        result.append(" ".join(words))
    return result
