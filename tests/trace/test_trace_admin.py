"""What the admin's change lists read of their rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracing import Traced, missed

from djguide_analyzers.project.modules import ClassInfo
from djguide_analyzers.trace.frameworks import admin
from djguide_analyzers.trace.missing import misses
from djguide_analyzers.trace.tracer import trace_class

ADMIN = """
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.admin.views.main import ChangeList

site = admin.AdminSite(name="staff")


def publisher_name(book):
    return book.publisher.name


@admin.register(Book)
class Plain(admin.ModelAdmin):
    list_display = ["title", "author", "publisher"]


@admin.register(Book, site=site)
class Methods(admin.ModelAdmin):
    list_display = ("title", "writer", "byline", "tag_labels", publisher_name, lambda book: book.cover.pk)

    @admin.display(description="Writer")
    def writer(self, book):
        return book.author.agent


class Paths(admin.ModelAdmin):
    list_display = ["author__agent", "author__name", "author_id", "is_by"]


class Named(admin.ModelAdmin):
    list_display = ["title", "publisher"]
    list_select_related = ["publisher"]


class Bare(Named):
    list_display = Named.list_display + ["writer"]
    list_select_related = True

    def writer(self, book):
        return book.author.name


class Nothing(admin.ModelAdmin):
    list_display = ["author"]
    list_select_related = ()


class Own(admin.ModelAdmin):
    list_display = ["publisher", "author"]

    def get_queryset(self, request):
        books = super().get_queryset(request)
        return books if request.user.is_superuser else books.select_related("publisher")


class Asked(admin.ModelAdmin):
    list_display = ["publisher"]

    def get_list_select_related(self, request):
        return ["publisher"]


class Unknown(admin.ModelAdmin):
    list_display = ["publisher"]
    list_select_related = some_function()


class Dynamic(admin.ModelAdmin):
    list_display = ["publisher"]

    def get_list_display(self, request):
        return ["title"]


class OwnList(admin.ModelAdmin):
    list_display = ["publisher"]

    def get_changelist(self, request, **kwargs):
        return ChangeList


class Texts(admin.ModelAdmin):
    pass


class Unregistered(admin.ModelAdmin):
    list_display = ["publisher"]


admin.site.register(Book, Paths)
if site:
    site.register([Book], Named)
site.register(Book, admin_class=Bare)
site.register(Book, Nothing)
site.register(Book, Own)
site.register(Book, Asked)
site.register(Book, Unknown)
site.register(Book, Dynamic)
site.register(Book, OwnList)
site.register([Author, Publisher], Texts)
"""


def project(tmp_path: Path, version: str, source: str = ADMIN) -> Traced:
    tmp_path.mkdir(exist_ok=True)
    (tmp_path / "pyproject.toml").write_text(
        f'[project]\nname = "x"\nversion = "1"\ndependencies = ["django~={version}.0"]\n', encoding="utf-8"
    )
    return Traced(tmp_path, source)


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Traced:
    return project(tmp_path_factory.mktemp("admin"), "5.2")


@pytest.mark.parametrize(
    ("cls", "expected"),
    [
        ("Plain", ["Book: author__agent", "Book: publisher"]),
        (
            "Methods",
            [
                "Book: author",
                "Book: author__agent",
                "Book: author__agent__agent",
                "Book: tags",
                "Book: publisher",
                "Book: cover",
            ],
        ),
        ("Paths", ["Book: author", "Book: author__agent", "Book: author__agent__agent"]),
        ("Named", []),
        ("Bare", ["Book: publisher"]),
        ("Nothing", ["Book: author", "Book: author__agent"]),
        ("Own", ["Book: author", "Book: author__agent"]),
        ("Asked", []),
        ("Unknown", []),
        ("Dynamic", []),
        ("Texts", ["Author: agent"]),
    ],
)
def test_change_lists(traced: Traced, cls: str, expected: list[str]) -> None:
    found = misses(traced.trace_class(cls).events)
    assert list(dict.fromkeys(missed(miss) for miss in found)) == expected
    assert {miss.reader for miss in found} <= {"admin"}


def class_of(traced: Traced, name: str) -> ClassInfo:
    module = next(m for m in traced.project.modules.values() if m.name == "shop.views")
    return next(cls for cls in module.classes() if cls.name == name)


def test_the_list_is_traced_for_each_model(traced: Traced) -> None:
    models = admin.registered(traced.project)
    assert [model.label for model in models[class_of(traced, "Texts")]] == ["shop.Author", "shop.Publisher"]
    assert class_of(traced, "Unregistered") not in models
    assert trace_class(traced.project, class_of(traced, "Unregistered")) is None
    assert trace_class(traced.project, class_of(traced, "OwnList")) is None


def test_what_columns_read_without_any_join(traced: Traced) -> None:
    cls = class_of(traced, "Bare")
    found, complete = admin.reads(traced.project, cls, admin.registered(traced.project)[cls][0])
    assert [missed(miss) for miss in found] == ["Book: publisher", "Book: author"]
    assert complete


def test_a_column_that_cannot_be_told_makes_the_reads_incomplete(tmp_path: Path) -> None:
    source = """
    from django.contrib import admin
    from somewhere import wrapped

    @admin.register(Book)
    class Wrapped(admin.ModelAdmin):
        list_display = ["title", "writer"]

        @wrapped
        def writer(self, book):
            return book.author.name
    """
    traced = Traced(tmp_path, source)
    cls = class_of(traced, "Wrapped")
    assert admin.reads(traced.project, cls, admin.registered(traced.project)[cls][0]) == ([], False)


def test_django_6_1_joins_what_the_list_names(tmp_path: Path) -> None:
    traced = project(tmp_path, "6.1")
    found = dict.fromkeys(missed(miss) for miss in misses(traced.trace_class("Plain").events))
    assert list(found) == ["Book: author__agent"]
    assert traced.trace_class("Bare").events
    found = dict.fromkeys(missed(miss) for miss in misses(traced.trace_class("Bare").events))
    assert list(found) == ["Book: publisher"]


def test_the_box_before_each_row_shows_its_text(tmp_path: Path) -> None:
    source = """
    from django.contrib import admin

    @admin.register(Author)
    class Boxes(admin.ModelAdmin):
        list_display = ["name"]
    """
    with_boxes = project(tmp_path / "new", "5.2", source).trace_class("Boxes")
    assert [missed(miss) for miss in misses(with_boxes.events)] == ["Author: agent"]
    without = project(tmp_path / "old", "4.2", source).trace_class("Boxes")
    assert misses(without.events) == []


def test_an_unknown_version_joins_all_that_any_would(tmp_path: Path) -> None:
    found = misses(Traced(tmp_path, ADMIN).trace_class("Plain").events)
    assert list(dict.fromkeys(missed(miss) for miss in found)) == ["Book: author__agent"]


def test_lists_that_are_never_shown(tmp_path: Path) -> None:
    source = """
    from django.contrib import admin
    from django.urls import path

    @admin.register(Author)
    class NoList(admin.ModelAdmin):
        def get_urls(self):
            return [path("", self.change_view, name="shop_author_change")]

    @admin.register(Author)
    class MoreUrls(admin.ModelAdmin):
        def get_urls(self):
            return [path("x/", self.change_view), *super().get_urls()]

    @admin.register(Author)
    class Redirecting(admin.ModelAdmin):
        def changelist_view(self, request, extra_context=None):
            return redirect("/")

    @admin.register(Author)
    class Extended(admin.ModelAdmin):
        def changelist_view(self, request, extra_context=None):
            return super().changelist_view(request, {"x": 1})
    """
    traced = Traced(tmp_path, source)
    listed = [name for name in ("NoList", "MoreUrls", "Redirecting", "Extended")
              if trace_class(traced.project, class_of(traced, name)) is not None]  # fmt: skip
    assert listed == ["MoreUrls", "Extended"]
