"""What attributes of objects and requests hold, wherever they were assigned."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracing import Traced

SOURCE = """
class Report:
    def __init__(self, author):
        self.author = author
        self.books = author.books.all()

    def titles(self):
        return [book.publisher.name for book in self.books]


def uses_an_object():
    report = Report(Author.objects.first())
    return report.titles()


class View:
    def setup(self, pk):
        self.author = Author.objects.get(pk=pk)

    def show(self):
        return [book.publisher.name for book in self.author.books.all()]

    def either(self, flag):
        if flag:
            self.rows = Book.objects.all()
        else:
            self.rows = Book.objects.select_related("author")
        return [book.author.name for book in self.rows]


class Child(View):
    def count(self):
        return [review.by.name for review in Review.objects.filter(book__author=self.author)]


def middleware(get_response):
    def handle(request):
        request.author = Author.objects.get(pk=1)
        return get_response(request)
    return handle


def reads_the_request(request):
    return [book.publisher.name for book in request.author.books.all()]


def sets(thing):
    thing.held = Book.objects.all()


def unknown(thing):
    return [book.author.name for book in thing.held]
"""


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Traced:
    return Traced(tmp_path_factory.mktemp("objects"), SOURCE)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("uses_an_object", ["Book: publisher"]),
        ("View.show", ["Book: publisher"]),
        ("View.either", []),
        ("Child.count", ["Review: by"]),
        ("reads_the_request", ["Book: publisher"]),
        ("unknown", []),
    ],
)
def test_attributes_hold_what_was_assigned(traced: Traced, name: str, expected: list[str]) -> None:
    assert traced.misses(name) == expected


def test_both_ends_of_a_one_to_one_relation_are_there(tmp_path: Path) -> None:
    body = """
    def view():
        for book in Book.objects.select_related("cover"):
            book.cover.book.title
        for cover in Cover.objects.select_related("book"):
            cover.book.cover.artist_id
    """
    assert Traced(tmp_path, body).misses("view") == []
