"""What the rows of a queryset have loaded, and what reading them loads."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from tracing import Traced

LOGS = {
    "a relation is loaded once per row": (
        """
        for book in Book.objects.all():
            book.author.name
            book.author.name
        """,
        ["iterate Book", "| load Book.author", "| read Book.author"],
    ),
    "the key stands on the row": (
        """
        for book in Book.objects.all():
            book.author_id
            book.author.pk
            book.title
        """,
        ["iterate Book", "| load Book.author (key)"],
    ),
    "a few querysets of different models": (
        """
        for rows, kind in [(Book.objects.all(), "b"), (Review.objects.all(), "r"), (None, "n")]:
            for row in rows:
                row.author.name if kind == "b" else row.by.name
        """,
        [
            "| iterate Book",
            "| | load Book.author",
            "| iterate Review",
            "| | load Review.by",
        ],
    ),
    "dictionaries of two branches": (
        """
        found = {}
        for book in Book.objects.select_related("author"):
            found[book] = book.author
        found = found if unknown else {}
        for book, author in found.items():
            book.publisher.name
            author.name
        """,
        ["iterate Book", "| read Book.author", "| load Book.publisher"],
    ),
    "select_related, with what lies on the way": (
        """
        for review in Review.objects.select_related("book__author"):
            review.book.author.name
            review.by.name
        """,
        ["iterate Review", "| read Review.book", "| read Book.author", "| load Review.by"],
    ),
    "select_related without arguments follows keys that are not null": (
        """
        for book in Book.objects.select_related():
            book.author.name
            book.publisher.name
        """,
        ["iterate Book", "| read Book.author", "| load Book.publisher"],
    ),
    "conditions that say a relation is NULL": (
        """
        for book in Book.objects.filter(publisher__isnull=True):
            book.publisher
        for book in Book.objects.filter(publisher=None):
            book.publisher
        for book in Book.objects.exclude(publisher__isnull=False):
            book.publisher
        for review in Review.objects.filter(book__publisher=None):
            review.book.publisher
        """,
        [
            "iterate Book",
            "| read Book.publisher",
            "iterate Book",
            "| read Book.publisher",
            "iterate Book",
            "| read Book.publisher",
            "iterate Review",
            "| load Review.book",
            "| read Book.publisher",
        ],
    ),
    "conditions that say nothing of the kind": (
        """
        for book in Book.objects.filter(publisher__isnull=False):
            book.publisher
        for book in Book.objects.exclude(publisher__isnull=False, year=2020):
            book.publisher
        """,
        ["iterate Book", "| load Book.publisher", "iterate Book", "| load Book.publisher"],
    ),
    "select_related(None) takes it back": (
        """
        for book in Book.objects.select_related("author").select_related(None):
            book.author.name
        """,
        ["iterate Book", "| load Book.author"],
    ),
    "prefetch_related": (
        """
        for author in Author.objects.prefetch_related("books__publisher"):
            for book in author.books.all():
                book.publisher.name
                book.author.name
                book.tags.all()[0]
        """,
        ["iterate Author", "| iterate Author.books (cached)", "| | read Book.publisher", "| | read Book.author",
         "| | index Book.tags"],
    ),
    "a filter on a prefetched relation is a new query": (
        """
        for author in Author.objects.prefetch_related("books"):
            author.books.filter(year=1).count()
            author.books.count()
            author.books.exists()
            len(author.books.all())
        """,
        ["iterate Author", "| count Author.books", "| count Author.books (cached)",
         "| exists Author.books (cached)", "| call builtins.len", "| len Author.books (cached)"],
    ),
    "Prefetch with a queryset of its own": (
        """
        inner = Book.objects.select_related("publisher")
        for author in Author.objects.prefetch_related(Prefetch("books", queryset=inner)):
            for book in author.books.all():
                book.publisher.name
                book.cover.artist
        """,
        ["iterate Author", "| iterate Author.books (cached)", "| | read Book.publisher",
         "| | load Book.cover (reverse_o2o)", "| | load Cover.artist"],
    ),
    "to_attr": (
        """
        inner = Book.objects.select_related("publisher")
        for author in Author.objects.prefetch_related(Prefetch("books", queryset=inner, to_attr="found")):
            for book in author.found:
                book.publisher.name
                book.author.name
            author.books.all()[0]
        """,
        ["iterate Author", "| | read Book.publisher", "| | read Book.author", "| index Author.books"],
    ),
    "a path that is not known may load anything": (
        """
        for book in Book.objects.select_related(path):
            book.author.name
        for book in Book.objects.prefetch_related(*paths):
            book.tags.all()[0]
        """,
        ["iterate Book", "| read Book.author", "iterate Book", "| index Book.tags (cached)"],
    ),
    "paths in variables": (
        """
        name = "author"
        names = [name, "publisher"]
        for book in Book.objects.select_related(*names):
            book.author.name
            book.publisher.name
        """,
        ["iterate Book", "| read Book.author", "| read Book.publisher"],
    ),
    "deferred columns": (
        """
        for book in Book.objects.defer("text"):
            book.title
            book.text
            book.text
        for book in Book.objects.only("title"):
            book.title
            book.pk
            book.year
        for book in Book.objects.defer("text").defer(None):
            book.text
        """,
        ["iterate Book", "| load Book.text (deferred)", "iterate Book", "| load Book.year (deferred)",
         "iterate Book"],
    ),
    "values are no rows": (
        """
        for book in Book.objects.values("author"):
            book["author"].name
        for author in Book.objects.values_list("author", flat=True):
            author.name
        for title, author in Book.objects.values_list("title", "author"):
            author.name
        """,
        ["iterate Book", "iterate Book", "iterate Book"],
    ),
    "annotations are no relations": (
        """
        for book in Book.objects.annotate(cover=F("year")):
            book.cover.artist
        """,
        ["iterate Book"],
    ),
    "children know their parent": (
        """
        author = Author.objects.get(pk=1)
        for book in author.books.all():
            book.author.name
            book.publisher.name
        for client in author.clients.filter(name="x"):
            client.agent.name
        """,
        ["get Author", "iterate Author.books", "| read Book.author", "| load Book.publisher",
         "iterate Author.clients", "| read Author.agent"],
    ),
    "a relation that was set is loaded": (
        """
        for book in Book.objects.all():
            book.author = Author()
            book.author.name
        book = Book(author=Author())
        book.author.name
        """,
        ["iterate Book", "| read Book.author", "read Book.author"],
    ),
    "one-to-one from both ends": (
        """
        for cover in Cover.objects.all():
            cover.book.title
        for book in Book.objects.select_related("cover"):
            book.cover.artist.name
        """,
        ["iterate Cover", "| load Cover.book", "iterate Book", "| read Book.cover", "| load Cover.artist"],
    ),
    "single rows": (
        """
        book = Book.objects.select_related("author").first()
        book.author.name
        book.publisher.name
        Book.objects.order_by("title")[0].author
        Book.objects.latest("year").author
        get_object_or_404(Book, pk=1).author
        """,
        ["first Book", "read Book.author", "load Book.publisher", "index Book", "load Book.author", "latest Book",
         "load Book.author", "get Book", "load Book.author"],
    ),
    "in_bulk": (
        """
        found = Book.objects.in_bulk([1, 2])
        found[1].author.name
        for book in found.values():
            book.publisher.name
        """,
        ["in_bulk Book", "load Book.author", "| load Book.publisher"],
    ),
    "what runs a queryset": (
        """
        books = Book.objects.all()
        len(books)
        bool(books)
        list(books)
        books[0]
        books[:3]
        books.count()
        books.exists()
        books.filter(year=1)
        if books or not books:
            pass
        1 in books
        books.aggregate(x=1)
        """,
        ["call builtins.len", "len Book", "call builtins.bool", "bool Book", "call builtins.list", "iterate Book",
         "index Book", "count Book", "exists Book", "bool Book", "bool Book", "in Book", "aggregate Book"],
    ),
    "text": (
        """
        for book in Book.objects.select_related("author"):
            str(book.author)
            f"{book.publisher}"
        """,
        ["iterate Book", "| read Book.author", "| call builtins.str", "| load Author.agent",
         "| load Book.publisher"],
    ),
    "properties and methods of the model": (
        """
        for book in Book.objects.all():
            book.byline
            book.tag_labels()
        """,
        ["iterate Book", "| load Book.author", "| iterate Book.tags"],
    ),
    "managers and querysets of the project": (
        """
        for book in Book.objects.recent().with_author():
            book.author.name
        for book in Book.published_ones.all():
            book.author.name
        for book in Book.full.best():
            book.author.name
        for book in Book.full.filter(year=1):
            book.author.name
        """,
        ["iterate Book", "| read Book.author", "iterate Book", "| load Book.author", "iterate Book",
         "| read Book.author", "iterate Book", "| read Book.author"],
    ),
    "asynchronous": (
        """
        async for book in Book.objects.all():
            book.author.name
        (await Book.objects.aget(pk=1)).author
        [book async for book in Book.objects.select_related("author") if book.author]
        """,
        ["iterate Book", "| load Book.author", "get Book", "load Book.author", "iterate Book",
         "| read Book.author"],
    ),
}  # fmt: skip


def source(body: str) -> str:
    lines = "\n".join(f"    {line[8:]}" for line in body.strip("\n").split("\n"))
    return f"async def view(path, paths):\n{lines}\n"


@pytest.mark.parametrize("name", LOGS)
def test_rows(tmp_path: Path, name: str) -> None:
    body, expected = LOGS[name]
    assert Traced(tmp_path, source(body)).log("view") == expected


PARAMETER = """
def view(author: Author, books: list[Book]):
    for book in author.books.all():
        book.publisher.name
    for book in books:
        book.author.name
"""


@pytest.mark.parametrize(
    ("elsewhere", "expected"),
    [
        ("", ["Book: publisher"]),
        ('Review.objects.prefetch_related("by__agent")', ["Book: publisher"]),
        ('Author.objects.order_by("books__publisher")', ["Book: publisher"]),
        ('Author.objects.prefetch_related("books")', ["Book: publisher"]),
        ('Author.objects.prefetch_related("books__publisher")', []),
        ('Review.objects.prefetch_related("by__books__publisher__x")', []),
        ('Author.objects.prefetch_related(Prefetch("books", queryset=chosen()))', []),
        ('LOADED = ["books__publisher"]', []),
    ],
)
def test_rows_of_a_parameter_s_relation_may_be_loaded_by_whoever_hands_it_over(
    tmp_path: Path, elsewhere: str, expected: list[str]
) -> None:
    """Rows of a relation have not loaded what no code of the project ever loads along with them."""
    traced = Traced(tmp_path, PARAMETER, other=f"from django.db.models import Prefetch\n{elsewhere}\n")
    assert traced.misses("view") == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("[book.publisher.name for book in thing.books.all()], thing.agent, thing.name", ["Book: publisher"]),
        ("[book.publisher.name for book in thing.books.all()]", []),
        ("[book.publisher.name for book in thing.books.all()], thing.agent, thing.missing", []),
        ("thing = x; [book.publisher.name for book in thing.books.all()], thing.agent", []),
        ("[book.publisher.name for book in thing.books.all()], thing.clients", []),
    ],
)
def test_a_parameter_is_what_only_one_model_has(tmp_path: Path, body: str, expected: list[str]) -> None:
    other = """
    class Group:
        def __init__(self):
            self.books = self.clients = None
    """
    source = "def view(thing, x=None):\n    " + body.replace("; ", "\n    ") + "\n"
    assert Traced(tmp_path, source, other=other).misses("view") == expected


@pytest.mark.parametrize(
    ("body", "other", "expected"),
    [
        ("[book.publisher.name for book in author.books.all()]", "", ["Book: publisher"]),
        ("[book.publisher.name for book in author.books.all()], author.missing", "", []),
        ("[book.publisher.name for book in author.books.all()]", "class Author: books = None", []),
        ("author = x; [book.publisher.name for book in author.books.all()]", "", []),
        ("use(author)", "", []),
    ],
)
def test_a_parameter_is_called_like_its_model(
    tmp_path: Path, body: str, other: str, expected: list[str]
) -> None:
    source = "def view(author, x=None):\n    " + body.replace("; ", "\n    ") + "\n"
    assert Traced(tmp_path, source, other=other).misses("view") == expected


@pytest.mark.parametrize(
    ("read", "expected"), [("", ["Book: publisher"]), ("self.author.missing", []), ("self.author = 1", [])]
)
def test_an_attribute_is_called_like_its_model(tmp_path: Path, read: str, expected: list[str]) -> None:
    source = f"""
    class Form:
        def __init__(self, *args, **kwargs):
            self.author = kwargs.pop("author")

        def titles(self):
            return [book.publisher.name for book in self.author.books.all()]

        def clean(self):
            {read or "pass"}
    """
    assert Traced(tmp_path, dedent(source)).misses("Form.titles") == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("Cover.objects.filter(book=book)", []),
        ("Cover.objects.filter(book_id=book.pk).all()", []),
        ("Cover.objects.filter(book__exact=book)", []),
        ("Cover.objects.filter(artist=book.author)", ["Cover: artist"]),
        ("Cover.objects.filter(book__in=[book])", ["Cover: artist"]),
        ("Cover.objects.exclude(book=book)", ["Cover: artist"]),
    ],
)
def test_a_unique_column_leaves_one_row(tmp_path: Path, rows: str, expected: list[str]) -> None:
    source = f"def view(book: Book):\n    return [cover.artist.name for cover in {rows}]\n"
    assert Traced(tmp_path, source).misses("view") == expected


def test_methods_of_a_model_look_at_a_row_from_outside(tmp_path: Path) -> None:
    traced = Traced(tmp_path, "")
    assert traced.log("Book.byline") == ["load Book.author"]
    assert traced.log("Book.tag_labels") == ["iterate Book.tags"]
    assert traced.misses("Book.tag_labels") == []


ALIASES = """
from django.db import models


class Shelf(models.Model):
    label = models.CharField(max_length=10)

    @property
    def places(self):
        return self.all_places(manager="free")

    def of(self, name):
        return self.all_places(manager=name)


class FreePlaces(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(shelf__label="free")


class Place(models.Model):
    shelf = models.ForeignKey(Shelf, on_delete=models.CASCADE, related_name="all_places")
    book = models.ForeignKey("shop.Book", on_delete=models.CASCADE)

    objects = models.Manager()
    free = FreePlaces()
"""


TOLD = """
def told(shelf: Shelf):
    for place in shelf.places.all():
        place.book.title

"""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("for shelf in Shelf.objects.all():\n    list(shelf.places.all())", ["Shelf: places"]),
        ("for place in Shelf.objects.get().places.all():\n    place.book.title", ["Place: book"]),
        ("for place in Shelf.objects.get().places.select_related('book'):\n    place.book.title", []),
        ("for place in Shelf.objects.get().of(unknown).all():\n    place.book.title", []),
        ("for shelf in Shelf.objects.prefetch_related('places'):\n    list(shelf.places.all())", []),
        ("for shelf in Shelf.objects.prefetch_related('all_places'):\n    list(shelf.places.all())", []),
        (
            "for shelf in Shelf.objects.prefetch_related('places__book'):\n"
            "    for place in shelf.places.all():\n        place.book.title",
            [],
        ),
        (
            "for shelf in Shelf.objects.prefetch_related('places'):\n"
            "    for place in shelf.places.all():\n        place.book.title",
            ["Shelf: places__book"],
        ),
        (
            "for shelf in Shelf.objects.prefetch_related('places__book'):\n    told(shelf)",
            [],
        ),
        ("told(Shelf.objects.get())", ["Place: book"]),
    ],
)
def test_a_relation_through_another_manager(tmp_path: Path, body: str, expected: list[str]) -> None:
    """A property that picks a manager for a relation can be prefetched, and shares the relation's cache."""
    source = (
        "from shop.shelves import Shelf\n"
        + TOLD
        + "def view(unknown):\n"
        + "".join(f"    {line}\n" for line in body.splitlines())
    )
    traced = Traced(tmp_path, source, shelves=ALIASES)
    assert traced.misses("view") == expected
    assert traced.misses("told") == ([] if "places__book" in body else ["Place: book"])


SCOPED = """
from django.db import models


class Disabled(models.QuerySet):
    def all(self):
        raise RuntimeError


def ScopedManager(_manager_class=models.Manager, **scopes):
    class Manager(_manager_class):
        def get_queryset(self):
            if not scopes:
                return Disabled(self.model, using=self._db)
            return super().get_queryset().filter(**scopes)

        def all(self):
            return super().all()

    return Manager()
"""

SHELVES = """
from django.db import models
from scoped import ScopedManager


def FreeManager(**scope):
    class Free(ScopedManager(**scope).__class__):
        def get_queryset(self):
            return super().get_queryset().filter(free=True)

    return Free()


class Shelf(models.Model):
    label = models.CharField(max_length=10)

    objects = ScopedManager(label="x")


class Place(models.Model):
    shelf = models.ForeignKey(Shelf, on_delete=models.CASCADE, related_name="places")
    book = models.ForeignKey("shop.Book", on_delete=models.CASCADE)
    free = models.BooleanField()

    objects = FreeManager(shelf__label="x")
"""


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("Place.objects.all()", ["Place: book"]),
        ("Place.objects.filter(free=True)", ["Place: book"]),
        ("Place.objects.select_related('book')", []),
        ("shelf.places.all()", ["Place: book"]),
        ("Shelf.objects.get(pk=1).places.all()", ["Place: book"]),
    ],
)
@pytest.mark.parametrize("installed", [True, False])
def test_managers_of_packages(tmp_path: Path, rows: str, expected: list[str], installed: bool) -> None:
    """A package that makes a manager of its own of a project's leaves Django's methods what they are."""
    if installed:
        site = tmp_path / ".venv/lib/python3.11/site-packages"
        site.mkdir(parents=True)
        (tmp_path / ".venv/pyvenv.cfg").write_text("home = /usr/bin\n")
        (site / "scoped.py").write_text(SCOPED)
    source = f"""
    from shop.shelves import Place, Shelf

    def view(shelf: Shelf):
        return [place.book.title for place in {rows}]
    """
    assert Traced(tmp_path, source, shelves=SHELVES).misses("view") == expected
