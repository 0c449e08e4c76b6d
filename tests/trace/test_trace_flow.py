"""Flow: loops, branches, calls, and what they mean for the rows that pass through them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracing import Traced

from djguide_analyzers.trace.events import Write
from djguide_analyzers.trace.missing import misses

HELPERS = """
from shop.models import Author, Book


class Shelf:
    pass


def name_of(book):
    return book.author.name


def books_of(author):
    return Book.objects.filter(author=author).count()


def all_books():
    return Book.objects.all()


def stream():
    for book in Book.objects.all():
        yield book


def names(books, *, relation="publisher"):
    return [book.author.name for book in books]


def title_of(book, signed=False):
    if signed:
        return f"{book.title} by {book.author.name}"
    return book.title


class Shelf:
    pass


class Signed:
    pass


class SpecialBook(Book, Signed):
    pass


def told_apart(item):
    if isinstance(item, (Shelf, Author)):
        return item.author.name
    return item.title


def told_apart_late(item, shop):
    if isinstance(item, Shelf):
        item = item.book
    return item.author.name if isinstance(item, Author | Shelf) and shop.is_open else item.title


def signed(item):
    return item.author.name if isinstance(item, Signed) else item.title


def not_of(item):
    return item.title if not isinstance(item, Author) or item.author else item.author.name


def keys_of(found):
    for book in found:
        book.author.name, book.publisher.name


def label_of(book, short=None, upper=False):
    for part in book.parts:
        if upper:
            return book.author.name
        upper = True
    return book.title if short is None else book.publisher.name


def dated(book, least=18):
    if least >= 21:
        return book.author.name
    return book.title


def written_by(author):
    books = Book.objects.all()
    for book in books:
        book.author = author
    return books


def in_year(author, year=None):
    if year:
        return author.books.filter(year=year)
    return author.books.all()
"""

MISSES = {
    "a loop": ("for book in Book.objects.all(): book.author.name", ["Book: author"]),
    "no loop": ("Book.objects.get(pk=1).author.name", []),
    "a loop over something else": ("book = Book.objects.first()\nfor x in range(9): book.author.name", []),
    "one row": ("for book in Book.objects.filter(pk=1): book.author.name", []),
    "one row by slicing": ("for book in Book.objects.all()[:1]: book.author.name", []),
    "a few rows by slicing": ("for book in Book.objects.all()[:5]: book.author.name", []),
    "several rows by slicing": ("for book in Book.objects.all()[:9]: book.author.name", ["Book: author"]),
    "a loop that ends at once": ("for book in Book.objects.all():\n    book.author.name\n    break", []),
    "a loop that returns at once": ("for book in Book.objects.all():\n    return book.author.name", []),
    "a loop that raises at once": ("for book in Book.objects.all():\n    raise ValueError(book.author.name)", []),
    "a loop that may go on": (
        "for book in Book.objects.all():\n    if book.year: continue\n    book.author.name\n    break",
        ["Book: author"],
    ),
    "list": ("[book.author.name for book in Book.objects.all()]", ["Book: author"]),
    "set, in its condition": ("{book for book in Book.objects.all() if book.author.name}", ["Book: author"]),
    "dictionary": ("{book.pk: book.author.name for book in Book.objects.all()}", ["Book: author"]),
    "generator": ("any(book.author.name for book in Book.objects.all())", ["Book: author"]),
    "two loops in one comprehension": (
        "[book.publisher.name for author in Author.objects.all() for book in author.books.all()]",
        ["Author: books", "Author: books__publisher"],
    ),
    "nested loops": (
        "for author in Author.objects.all():\n    for book in author.books.all():\n        book.publisher.name",
        ["Author: books", "Author: books__publisher"],
    ),
    "nested loops with a filter": (
        "for author in Author.objects.all():\n    for book in author.books.filter(year=1): book.publisher.name",
        ["Book: publisher"],
    ),
    "a sort key": ("sorted(Book.objects.all(), key=lambda book: book.author.name)", ["Book: author"]),
    "a sort key of a list": (
        "books = list(Book.objects.all())\nbooks.sort(key=lambda book: book.author.name)", ["Book: author"]),
    "max": ("max(Book.objects.all(), key=lambda book: book.author.name)", ["Book: author"]),
    "map": ("list(map(lambda book: book.author.name, Book.objects.all()))", ["Book: author"]),
    "filter": ("list(filter(lambda book: book.author.name, Book.objects.all()))", ["Book: author"]),
    "enumerate": ("for n, book in enumerate(Book.objects.all()): book.author.name", ["Book: author"]),
    "zip": ("for book, n in zip(Book.objects.all(), range(9)): book.author.name", ["Book: author"]),
    "reversed": ("for book in reversed(Book.objects.all()): book.author.name", ["Book: author"]),
    "iterator": ("for book in Book.objects.iterator(): book.author.name", ["Book: author"]),
    "unpacking": ("first, *rest = Book.objects.all()\nfirst.author", []),
    "a list that keeps the rows": (
        "books = list(Book.objects.select_related('author'))\n"
        "for book in books: book.author.name, book.publisher.name",
        ["Book: publisher"]),
    "a dictionary of rows": (
        "found = {book.pk: book for book in Book.objects.all()}\nfor key, book in found.items(): book.author.name",
        ["Book: author"]),
    "a dictionary with rows as its keys": (
        "found = {}\nfor book in Book.objects.all():\n    found[book] = {'title': book.title, 'parts': []}\n"
        "for book, parts in found.items(): book.author.name",
        ["Book: author"]),
    "groups": (
        "groups = {}\nfor book in Book.objects.all():\n    groups.setdefault(book.year, []).append(book)\n"
        "for year, books in groups.items():\n    for book in books: book.author.name",
        ["Book: author"]),
    "groups of a kind": (
        "import collections\ngroups = collections.defaultdict(lambda: {'new': [], 'old': []})\n"
        "for book in Book.objects.all():\n    groups[book.year]['new'].append(book)\n"
        "for group in groups.values():\n    for book in group['new'] + group['old']: book.author.name",
        ["Book: author"]),
    "groups of rows that are complete": (
        "groups = {}\nfor book in Book.objects.select_related('author'):\n"
        "    groups.setdefault(book.year, []).append(book)\n"
        "for year, books in groups.items():\n    for book in books: book.author.name",
        []),
    "a list in an attribute": (
        "self = Shelf()\nself.books = []\nfor book in Book.objects.all(): self.books.append(book)\n"
        "for book in self.books: book.author.name",
        ["Book: author"]),
    "dictionaries put together": (
        "found = {}\nfound.update({book.pk: book for book in Book.objects.all()})\nall = {**found}\n"
        "for book in all.values(): book.author.name",
        ["Book: author"]),
    "rows and others": (
        "rows = list(Book.objects.all()) + list(x)\nfor row in rows: row.author.name", ["Book: author"]),
    "nothing or a queryset": (
        "books = []\nif x:\n    books = Book.objects.all()\nfor book in books: book.author.name",
        ["Book: author"]),
    "sets put together": (
        "rows = set(Book.objects.filter(a=1)) | set(x)\nfor row in rows.union(x): row.author.name",
        ["Book: author"]),
    "a row's class": (
        "book = Book()\nfor other in book.__class__.objects.all(): other.author.name\n"
        "for third in type(book).objects.all(): third.publisher.name",
        ["Book: author", "Book: publisher"]),
    "a walrus": ("if books := Book.objects.all():\n    for book in books: book.author.name", ["Book: author"]),
    "either branch may have loaded it": (
        "books = Book.objects.all()\nif x:\n    books = books.select_related('author')\n"
        "for book in books: book.author.name",
        []),
    "each branch loads something": (
        "books = Book.objects.select_related('author') if x else Book.objects.select_related('publisher')\n"
        "for book in books: book.author.name, book.publisher.name, book.cover",
        ["Book: cover"]),
    "no branch loads it": (
        "if x:\n    books = Book.objects.filter(year=1)\nelse:\n    books = Book.objects.all()\n"
        "for book in books: book.author.name",
        ["Book: author"]),
    "a branch that ends": (
        "books = Book.objects.all()\nif x:\n    books = Book.objects.select_related('author')\n    return books\n"
        "for book in books: book.author.name",
        ["Book: author"]),
    "None or a queryset": (
        "books = None\nif x:\n    books = Book.objects.all()\nfor book in books: book.author.name",
        ["Book: author"]),
    "different models": (
        "rows = Book.objects.all() if x else Review.objects.all()\nfor row in rows: row.author.name", []),
    "try": (
        "try:\n    books = Book.objects.all()\nexcept ValueError:\n    books = Book.objects.none()\n"
        "for book in books: book.author.name",
        ["Book: author"]),
    "match": (
        "match x:\n    case 1:\n        books = Book.objects.select_related('author')\n"
        "    case _:\n        books = Book.objects.all()\nfor book in books: book.author.name",
        []),
    "union": (
        "for book in Book.objects.filter(a=1) | Book.objects.filter(b=1): book.author.name", ["Book: author"]),
    "a call across modules": ("for book in Book.objects.all(): name_of(book)", ["Book: author"]),
    "a call that returns a queryset": ("for book in all_books(): book.author.name", ["Book: author"]),
    "a call with the queryset": ("names(Book.objects.all())", ["Book: author"]),
    "a call with another queryset": ("names(Book.objects.select_related('author'))", []),
    "both calls": ("names(Book.objects.all())\nnames(Book.objects.select_related('author'))", ["Book: author"]),
    "a generator across modules": ("for book in stream(): book.author.name", ["Book: author"]),
    "a nested function": (
        "def inner(book): return book.author.name\nfor book in Book.objects.all(): inner(book)", ["Book: author"]),
    "a lambda in a variable": (
        "f = lambda book: book.author.name\nfor book in Book.objects.all(): f(book)", ["Book: author"]),
    "a partial": (
        "import functools\nf = functools.partial(names, Book.objects.all())\nf()", ["Book: author"]),
    "a flag that is left out": ("for book in Book.objects.all(): title_of(book)", []),
    "a flag that is given": ("for book in Book.objects.all(): title_of(book, signed=True)", ["Book: author"]),
    "a flag that may be given": ("for book in Book.objects.all(): title_of(book, x)", ["Book: author"]),
    "a flag that may be among others": ("for book in Book.objects.all(): title_of(book, **x)", ["Book: author"]),
    "a flag that changes, and a value that is left out": (
        "for book in Book.objects.all(): label_of(book)", ["Book: author"]),
    "a value that is given": (
        "for book in Book.objects.all(): label_of(book, 1)", ["Book: author", "Book: publisher"]),
    "a number that is left out": ("for book in Book.objects.all(): dated(book)", []),
    "a number that is given": ("for book in Book.objects.all(): dated(book, 21)", ["Book: author"]),
    "a number that may be given": ("for book in Book.objects.all(): dated(book, x)", ["Book: author"]),
    "rows to which a called function has given something": (
        "for book in written_by(x): book.author.name, book.publisher.name", ["Book: publisher"]),
    "a relation that a called function may narrow": (
        "for author in Author.objects.all(): list(in_year(author, x))", []),
    "a relation that a called function leaves as it is": (
        "for author in Author.objects.all(): list(author.books.all())", ["Author: books"]),
    "a static method of a row": ("for book in Book.objects.all(): book.stamped(x, book)", []),
    "a class method of a row": ("for book in Book.objects.all(): book.labelled(book)", ["Book: author"]),
    "rows told apart from other classes": ("for book in Book.objects.all(): told_apart(book)", []),
    "rows told apart in part of a test": ("for book in Book.objects.all(): told_apart_late(book, x)", []),
    "rows told apart from what comes behind": ("for book in Book.objects.all(): not_of(book)", []),
    "rows that may be of a class": ("for book in Book.objects.all(): signed(book)", ["Book: author"]),
    "dictionaries of rows through a call": (
        "first = {book: 1 for book in Book.objects.all()}\nkeys_of(first)\n"
        "second = {book: 1 for book in Book.objects.select_related('author', 'publisher')}\nkeys_of(second)\n"
        "third = {book: 1 for book in Book.objects.select_related('author')}\nkeys_of(third)",
        ["Book: author", "Book: publisher", "Book: publisher"]),
    "prefetched rows through a call": (
        "for author in Author.objects.prefetch_related('books'): names(author.books.all())", []),
}  # fmt: skip


def source(body: str) -> str:
    lines = "\n".join(f"    {line}" for line in body.split("\n"))
    return f"from shop.helpers import *\n\ndef view(x):\n{lines}\n"


BEHIND = """
for title in x:
    if title in seen: {}
    seen.add(title)
for book in Book.objects.all(): book.author.name
"""


@pytest.mark.parametrize(("passing", "memoised"), [("continue", False), ("return title", True)])
def test_a_round_that_is_passed_by(tmp_path: Path, passing: str, memoised: bool) -> None:
    """What comes behind the loop runs whatever its rounds remember, unless one of them has ended it all."""
    traced = Traced(tmp_path, source(BEHIND.format(passing)), helpers=HELPERS)
    assert [miss.context.memoised for miss in misses(traced.trace("view").events)] == [memoised]


@pytest.mark.parametrize("name", MISSES)
def test_misses(tmp_path: Path, name: str) -> None:
    body, expected = MISSES[name]
    assert Traced(tmp_path, source(body), helpers=HELPERS).misses("view") == expected


def test_a_query_in_a_called_function_runs_in_the_callers_loop(tmp_path: Path) -> None:
    body = "for author in Author.objects.all():\n    books_of(author)"
    assert Traced(tmp_path, source(body), helpers=HELPERS).log("view") == [
        "iterate Author",
        "| call shop.helpers.books_of",
        "| count Book",
    ]


def test_where_a_miss_happens_and_who_owns_it(tmp_path: Path) -> None:
    body = "books = Book.objects.filter(year=1)\nfor book in books:\n    name_of(book)\n    book.publisher"
    called, direct = misses(Traced(tmp_path, source(body), helpers=HELPERS).trace("view").events)
    assert (called.direct, direct.direct) == (False, True)
    assert called.site.code.module.name == "shop.helpers"
    assert direct.site.code.module.name == "shop.views"
    assert [link.name for link in called.owner.chain] == ["filter"]
    assert called.owner.origin is not None
    assert called.owner.origin.code.module.name == "shop.views"
    assert (called.kind, called.model, called.name) == ("fk", "shop.Book", "author")


VIEWS = """
class Base:
    def get_queryset(self):
        return Book.objects.select_related("author")

class Listing(Base):
    def get_queryset(self):
        return super().get_queryset().select_related("publisher")

    @staticmethod
    def show(book):
        return book.author.name, book.cover

    @classmethod
    def make(cls):
        return Book.objects.all()

    def get(self):
        for book in self.get_queryset():
            book.author.name, book.publisher.name, book.cover

    def other(self):
        for book in self.get_queryset():
            self.show(book)

    def third(self):
        for book in self.make():
            book.publisher.name
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Listing.get", ["Book: cover"]),
        ("Listing.other", ["Book: cover"]),
        ("Listing.third", ["Book: publisher"]),
    ],
)
def test_methods(tmp_path: Path, name: str, expected: list[str]) -> None:
    assert Traced(tmp_path, VIEWS).misses(name) == expected


# --- writes and transactions -----------------------------------------------------------------------------


def test_writes(tmp_path: Path) -> None:
    traced = Traced(
        tmp_path,
        """
        def view(book: Book):
            book.save()
            book.delete()
            book.tags.add(1)
            book.reviews.create(by=1)
            Book.objects.create(title="x")
            Book.objects.filter(year=1).update(year=2)
            Book.objects.all().delete()
            Book.objects.bulk_create([])
            Book.objects.get_or_create(title="x")
        """,
    )
    assert traced.log("view") == [
        "write save Book", "write delete Book", "write add Tag", "write create Review", "write create Book",
        "write update Book", "write delete Book", "write bulk_create Book", "write get_or_create Book",
    ]  # fmt: skip


def test_transactions(tmp_path: Path) -> None:
    traced = Traced(
        tmp_path,
        """
        def view(book: Book):
            with transaction.atomic(using="other"), open("x"):
                book.save()
                with transaction.atomic():
                    book.save()
            book.save()

        @transaction.atomic
        def decorated(book: Book):
            book.save()

        def caller(book: Book):
            try:
                with transaction.atomic():
                    raise ValueError
            except ValueError:
                book.save()
        """,
    )
    assert traced.log("view") == [
        "begin other", "call builtins.open", "write save Book", "begin", "write save Book", "end", "end other",
        "write save Book",
    ]  # fmt: skip

    def open_transactions(name: str) -> list[int]:
        return [len(e.context.transactions) for e in traced.trace(name).events if isinstance(e, Write)]

    assert open_transactions("view") == [1, 2, 0]
    assert open_transactions("decorated") == [1]
    assert open_transactions("caller") == [0]


# --- code that wants to do harm --------------------------------------------------------------------------

ENDLESS = {
    "recursion": "def view(n):\n    for b in Book.objects.all(): b.author.name\n    view(n - 1)\n",
    "mutual recursion": "def view(n): return other(n)\ndef other(n): return view(n) or Book.objects.all()\n",
    "recursive property": "class A:\n    @property\n    def x(self): return self.x\ndef view():\n    A().x\n",
    "recursive default": "def view(x=lambda: view()):\n    x()\n",
    "a value that needs itself": "x = [x, y]\ny = [x]\ndef view():\n    for a in x: a.b\n",
    "a lambda that calls itself": "def view():\n    f = lambda: f()\n    f()\n",
    "a generator of itself": "def view():\n    for x in view(): yield x\n    yield from view()\n",
    "a class made of itself": "class A(A):\n    def f(self): return super().f()\ndef view():\n    A().f()\n",
    "a manager that needs itself": "def view():\n    Book.objects.filter(pk__in=view()).filter(pk=view())\n",
}


@pytest.mark.parametrize("name", ENDLESS)
def test_endless_code_ends(tmp_path: Path, name: str) -> None:
    Traced(tmp_path, ENDLESS[name]).trace("view")


def test_the_budget_ends_what_would_take_for_ever(tmp_path: Path) -> None:
    functions = "\n".join(
        f"def f{n}(x):\n" + "".join(f"    f{n + 1}(x + {m})\n" for m in range(12)) for n in range(7)
    )
    view = "def view(x):\n    Book.objects.first().author.name\n    f0(x)\n"
    log = Traced(tmp_path, f"{view}{functions}\ndef f7(x):\n    x.save(x.y.z)\n").log("view")
    assert log[:2] == ["first Book", "load Book.author"]  # what was found before stays


@pytest.mark.parametrize(
    "body",
    [
        "".join(f"if x:\n    v{n} = {n}\nelse:\n    v{n} = Book.objects.all()\n" for n in range(250)),
        "x = " + "[" * 60 + "Book.objects.all()" + "]" * 60,
        "x = Book.objects" + ".filter(a=1)" * 150,
        "".join(f"{'  ' * n}for a{n} in Book.objects.all():\n" for n in range(18))
        + "  " * 18
        + "a3.author.name",
        "".join("try:\n    x = x.y\nexcept E:\n    x = Book.objects.all()\n" for _ in range(100)),
        "x = {"
        + ", ".join(f"'k{n}': Book.objects.all()" for n in range(500))
        + "}\nfor k, v in x.items(): v.y",
    ],
    ids=["branches", "nested lists", "long chain", "nested loops", "tries", "large dictionary"],
)
def test_large_functions_are_traced(tmp_path: Path, body: str) -> None:
    log = Traced(tmp_path, source(f"{body}\nAuthor.objects.exists()"), helpers=HELPERS).log("view")
    assert log[-1] == "exists Author"


def test_code_that_is_too_deep_ends_its_own_trace_only(tmp_path: Path) -> None:
    deep = "x = " + "(" * 150 + "Book.objects" + ".all())" * 150
    traced = Traced(
        tmp_path, source(f"Book.objects.count()\n{deep}\n{deep.replace('all', 'filter')}"), helpers=HELPERS
    )
    assert traced.log("view")[0] == "count Book"
