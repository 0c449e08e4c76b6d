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


class Middleware:
    @staticmethod
    def attach(request):
        request.writer = Author.objects.get(pk=1)
        request.other = Author.objects.get(pk=1)

    def remember(self, request, found):
        request.writer = found
        request.other = Book.objects.get(pk=1)


def reads_what_some_set(request):
    return [book.publisher.name for book in request.writer.books.all()]


def reads_one_of_two_models(request):
    return [book.publisher.name for book in request.other.books.all()]


def told_by_class():
    thing = somewhere.find()
    if thing and isinstance(thing, Author):
        return [book.publisher.name for book in thing.books.all()]


def told_by_refusal():
    thing = somewhere.find()
    if not isinstance(thing, Author):
        raise TypeError
    return [book.publisher.name for book in thing.books.all()]


def told_of_either():
    thing = somewhere.find()
    if isinstance(thing, Author) or isinstance(thing, str):
        return [book.publisher.name for book in thing.books.all()]


def told_in_the_other_branch():
    thing = somewhere.find()
    if isinstance(thing, Author):
        thing.name
    else:
        return [book.publisher.name for book in thing.books.all()]


class Shelf:
    def __init__(self, **options):
        self.author = options.pop("author")
        self.titles = [book.publisher.name for book in self.author.books.all()]

    def rename(self, name):
        self.author.name = name


def key_or_row(author):
    if isinstance(author, (int, str)):
        author = Author.objects.get(pk=author)
    return [book.publisher.name for book in author.books.all()]


def row_or_key(author):
    if not isinstance(author, Author):
        author = Author.objects.get(pk=author)
    return [book.publisher.name for book in author.books.all()]


def anything_else_or_row(author):
    if isinstance(author, Publisher):
        author = Author.objects.get(name=author.name)
    return [book.publisher.name for book in author.books.all()]


def keep(author, book):
    return author


def one_of_two_rows(flag):
    book = Book.objects.first()
    author = book.author if flag else Author.objects.first()
    return [book.publisher.name for book in keep(author, book).books.all()]


def starts_with_either(request, author):
    if request.GET:
        found = author.books
    elif request.POST:
        found = Book.objects.filter(author=author)
    else:
        found = Book.objects.exclude(author=author)
    return [book.publisher.name for book in found.order_by("title")]


def starts_with_a_manager(request, author):
    found = author.books if request.GET else Book.objects
    return [book.publisher.name for book in found.order_by("title")]


def starts_with_another_model(request, author):
    found = author.books if request.GET else Author.objects.all()
    return [book.publisher.name for book in found.order_by("title")]


def keeps_rows(request):
    if not hasattr(request, "kept"):
        request.kept = Book.objects.all()
        for book in request.kept:
            book.author = request.writer


def reads_kept_rows(request):
    return [(book.author.name, book.publisher.name) for book in request.kept]


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
        ("reads_what_some_set", ["Book: publisher"]),
        ("reads_one_of_two_models", []),
        ("told_by_class", ["Book: publisher"]),
        ("told_by_refusal", ["Book: publisher"]),
        ("told_of_either", []),
        ("told_in_the_other_branch", []),
        ("Shelf.__init__", ["Book: publisher"]),
        ("key_or_row", ["Book: publisher"]),
        ("row_or_key", ["Book: publisher"]),
        ("anything_else_or_row", []),
        ("one_of_two_rows", ["Book: publisher"]),
        ("starts_with_either", ["Book: publisher"]),
        ("starts_with_a_manager", ["Book: publisher"]),
        ("starts_with_another_model", []),
        ("reads_kept_rows", ["Book: publisher"]),
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
