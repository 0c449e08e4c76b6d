"""What is offered at places of a file that is being typed."""

from __future__ import annotations

import pytest

from djguide_analyzers.source.positions import LineIndex
from shop_project import CURSOR, FILES, Shop

BOOK = {"id", "title", "price", "author", "author_id", "owner", "owner_id", "tags", "pk"}
COLUMNS = {"id", "title", "price", "author", "author_id", "owner", "owner_id"}
AUTHOR = {"id", "name", "born", "pk", "book"}
FIELDS = {"id", "title", "price", "author", "owner"}
RELATED = {"exact", "gt", "gte", "in", "isnull", "lt", "lte"}
TEXT_LOOKUPS = {"icontains", "startswith", "iregex", "in"}


def in_view(shop: Shop, body: str) -> set[str] | None:
    """Names offered at the cursor in the body of a view."""
    found = shop.completed("shop/views.py", "def home(request):\n    pass", f"def home(request):\n    {body}")
    return None if found is None else set(found)


@pytest.mark.parametrize("rest", ["", ")", ', title="x")', ")[0]"])
@pytest.mark.parametrize("before", ["Book.objects", "Book.objects.all()", "request.user.book_set"])
def test_keywords_of_filters(shop: Shop, before: str, rest: str) -> None:
    assert in_view(shop, f"{before}.filter({CURSOR}{rest}") == BOOK
    assert in_view(shop, f"{before}.filter(author__na{CURSOR}{rest}") == AUTHOR | RELATED
    assert in_view(shop, f"{before}.exclude(title__{CURSOR}{rest}") >= TEXT_LOOKUPS  # type: ignore[operator]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Author.objects.get(book__‸)", BOOK | RELATED),
        ("Book.objects.filter(Q(author__‸", AUTHOR | RELATED),
        ("Book.objects.filter(~Q(title=1) | Q(‸", BOOK),
        ("Book.objects.create(‸", COLUMNS),
        ("Book.objects.update(title='', ‸)", COLUMNS),
        ("Book.objects.update_or_create(title='', defaults={'title': 1, '‸'})", COLUMNS),
        ("Book(‸", COLUMNS),
        ("get_object_or_404(Book, author__‸", AUTHOR | RELATED),
        ("get_object_or_404(Book.objects.all(), ‸", BOOK),
        ("Book.objects.select_related('‸')", {"author", "owner"}),
        ('Author.objects.prefetch_related("‸', {"books"}),
        ('Author.objects.prefetch_related("books__‸', {"author", "owner", "tags"}),
        ('Author.objects.prefetch_related(Prefetch("‸', {"books"}),
        ('Book.objects.order_by("title", "-‸")', BOOK),
        ('Book.objects.only("author__‸")', {"id", "name", "born"}),
        ('Book.objects.annotate(n=Count("tags")).order_by("‸")', BOOK | {"n"}),
        ('Shelf().books().order_by("-‸")', BOOK | {"pages"}),
        ('Book.objects.annotate(n=Count("‸"))', BOOK),
        ('Book.objects.filter(title=F("author__‸"))', AUTHOR | RELATED),
        ('x = Book.objects.all()\n    for y in x:\n        if y:\n            x.values_list("‸', BOOK),
        ("try:\n        Book.objects.get(‸\n    except Book.DoesNotExist:\n        pass", BOOK),
        ("def inner():\n        return Book.objects.filter(‸\n    return inner", BOOK),
    ],
)
def test_paths_in_calls(shop: Shop, text: str, expected: set[str]) -> None:
    assert in_view(shop, text) == expected


def test_transforms_are_followed(shop: Shop) -> None:
    years = in_view(shop, f"Author.objects.filter(born__year__{CURSOR}")
    assert years is not None
    assert "gte" in years and "year" not in years
    born = in_view(shop, f"Author.objects.filter(born__{CURSOR}")
    assert born is not None
    assert {"year", "week_day"} <= born


@pytest.mark.parametrize(
    "text",
    [
        "unknown.filter(‸",
        "print(‸",
        'x = "‸"',
        'Book.objects.filter(title="‸")',
        "Book.objects.filter(title=‸",
        "Book.objects.filter(nothing__‸",
        'Book.objects.order_by(f"{‸}")',
        "# Book.objects.filter(‸",
        'Book.objects.filter(title=Value("‸"))',
        'Book.objects.filter(Exists(Author.objects.filter(name=OuterRef("‸"))))',
        "{'settings': 1}.get(‸",
        'get("‸")',
        "Author.objects.filter(born__year__gte__‸",
    ],
)
def test_silence(shop: Shop, text: str) -> None:
    assert not in_view(shop, text)


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("shop/models.py", '["title"]', '["-‸"]', BOOK),
        ("shop/models.py", 'ordering = ["title"]', 'unique_together = [("title", "‸")]', FIELDS),
        (
            "shop/models.py",
            'ordering = ["title"]',
            'indexes = [models.Index(fields=["-‸"], name="x")]',
            FIELDS,
        ),
        ("shop/models.py", "self.filter(price__lt=5)", "self.filter(‸", BOOK),
        ("shop/admin.py", 'list_display = ["title"]', 'list_filter = ["author__‸"]', AUTHOR - {"pk"}),
        ("shop/admin.py", 'list_display = ["title"]', 'list_select_related = ("‸', {"author", "owner"}),
        ("shop/admin.py", 'list_display = ["title"]', 'filter_horizontal = ["‸"]', {"tags"}),
        ("shop/forms.py", '["title"]', '["title", "‸"]', {*FIELDS, "tags"}),
        ("shop/api.py", 'ordering_fields = ["title"]', 'ordering_fields = ["‸"]', BOOK),
        ("shop/api.py", 'ordering_fields = ["title"]', 'filterset_fields = {"author__‸": 1}', AUTHOR),
    ],
)  # fmt: skip
def test_options_of_classes(shop: Shop, name: str, old: str, new: str, expected: set[str]) -> None:
    assert set(shop.completed(name, old, new) or ()) == expected


def test_columns_of_the_admin_and_serializers(shop: Shop) -> None:
    columns = shop.completed("shop/admin.py", '["title"]', f'["title", "{CURSOR}"]')
    assert {"title", "shout", "label", "__str__"} <= set(columns or ())
    assert "tags" not in (columns or ())
    fields = shop.completed("shop/api.py", '["title", "summary"]', f'["{CURSOR}"]')
    assert {"summary", "label", "tags", "author"} <= set(fields or ())


def test_conditions_of_constraints_cross_no_relations(shop: Shop) -> None:
    constraint = "constraints = [models.CheckConstraint(check=models.Q({}))]"
    old = 'ordering = ["title"]'
    found = shop.completed("shop/models.py", old, constraint.format(f"au{CURSOR}"))
    assert set(found or ()) == {*COLUMNS, "pk"}
    assert shop.completed("shop/models.py", old, constraint.format(f"author__name__{CURSOR}")) == []


def test_names_of_models_urls_templates_and_settings(shop: Shop) -> None:
    models = shop.completed("shop/models.py", '"shop.Tag"', f'"{CURSOR}"')
    assert {"shop.Tag", "auth.User", "Tag"} <= set(models or ())
    assert "User" not in (models or ())
    urls = in_view(shop, f'return redirect("shop:{CURSOR}')
    expected = {
        "home",
        "shop:detail",
        "shop:book-list",
        "shop:book-detail",
        "shop:api-root",
        "admin:shop_book_add",
    }
    assert urls is not None
    assert expected <= urls
    templates = in_view(shop, f'return render(request, "{CURSOR}")')
    assert templates is not None
    assert {"shop/home.html", "admin/base_site.html"} <= templates
    known = in_view(shop, f"return settings.SHOP{CURSOR}")
    assert known is not None
    assert {"SHOP_LIMIT", "DEBUG"} <= known


@pytest.mark.parametrize("tag", ['{% include "‸" %}', "{% extends '‸", '{% include "shop/‸'])
def test_names_in_templates(shop: Shop, tag: str) -> None:
    path = (shop.root / "shop/templates/shop/home.html").as_posix()
    offset = tag.index(CURSOR)
    index = LineIndex(tag.replace(CURSOR, ""))
    found = shop.assistant.completions(path, index, index.position(offset))
    assert found is not None
    assert "shop/base.html" in [item.name for item in found.items]


def test_url_names_in_templates(shop: Shop) -> None:
    path = (shop.root / "shop/templates/shop/home.html").as_posix()
    text = "<a href=\"{% url 'shop:detail' pk=1 %}\">"
    index = LineIndex(text)
    found = shop.assistant.completions(path, index, index.position(text.index("shop:") + 5))
    assert found is not None
    assert "shop:detail" in [item.name for item in found.items]
    assert shop.assistant.completions(path, index, index.position(3)) is None


def test_only_the_part_that_is_typed_is_replaced(shop: Shop) -> None:
    asked = shop.typed(
        "shop/views.py", "def home(request):\n    pass", f"Book.objects.filter(author__na{CURSOR}"
    )
    found = shop.assistant.completions(*asked)
    assert found is not None
    assert asked[1].slice(found.range) == "na"


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith((".py", ".html"))])
def test_any_place_of_a_file_cut_off_anywhere(shop: Shop, name: str) -> None:
    """Questions never raise, whatever is broken."""
    text = FILES[name]
    path = (shop.root / name).as_posix()
    for offset in range(0, len(text), 3):
        for shown in (text, text[:offset], text[:offset] + "(" + text[offset:]):
            index = LineIndex(shown)
            shop.assistant.completions(path, index, index.position(offset))
            shop.assistant.definitions(path, index, index.position(offset))
