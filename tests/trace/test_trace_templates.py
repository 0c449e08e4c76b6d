"""What rendering templates reads: of the rows in their context, through filters, tags and other templates."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracing import Traced, missed

from djguide_analyzers.trace.missing import misses

VIEW = """
def view(request):
    return render(request, "page.html", {{{context}}})
"""
IMPORT = "from django.shortcuts import render\n"


def rendered(
    root: Path, template: str, context: str, more: dict[str, str] | None = None, **modules: str
) -> list[str]:
    """What rendering `template` with `context` misses, each with the line of the template it is read in."""
    source = IMPORT + VIEW.format(context=context)
    traced = Traced(root, source, {"page.html": template, **(more or {})}, **modules)
    return [
        f"{missed(miss)} at {miss.site.code.range(miss.site.at).start.line + 1} by {miss.reader}"
        for miss in misses(traced.trace("view").events)
    ]


BOOKS = '"books": Book.objects.all()'
TEMPLATES = {
    "a foreign key in a loop": (
        "{% for book in books %}\n{{ book.author.name }}\n{% endfor %}",
        ["Book: author at 2 by template"],
    ),
    "a relation that the view joined": (
        "{% for book in joined %}{{ book.author.name }}{% endfor %}",
        [],
    ),
    "the key alone": ("{% for book in books %}{{ book.author_id }}{{ book.author.pk }}{% endfor %}", []),
    "a to-many relation": (
        "{% for book in books %}\n{% for tag in book.tags.all %}{{ tag.label }}{% endfor %}{% endfor %}",
        ["Book: tags at 2 by template"],
    ),
    "a method that reads a relation": (
        "{% for book in books %}{{ book.byline }}{% endfor %}",
        ["Book: author at 60 by template"],
    ),
    "text of an object": (
        "{% for book in books %}{{ book.author }}{% endfor %}",
        ["Book: author at 1 by template", "Book: author__agent at 16 by template"],
    ),
    "an argument of url": (
        "{% for book in books %}{% url 'x' book.author.name %}{% endfor %}",
        ["Book: author at 1 by template"],
    ),
    "with": (
        "{% for book in books %}{% with writer=book.author %}{{ writer.name }}{% endwith %}{% endfor %}",
        ["Book: author at 1 by template"],
    ),
    "a condition": (
        "{% for book in books %}{% if book.author.name == 'x' %}y{% endif %}{% endfor %}",
        ["Book: author at 1 by template"],
    ),
    "regroup": (
        "{% regroup books by publisher.name as groups %}"
        "{% for group in groups %}{% for book in group.list %}{{ book.author.name }}{% endfor %}{% endfor %}",
        ["Book: publisher at 1 by loop", "Book: author at 1 by template"],
    ),
    "sorted by a relation": (
        "{% for book in books|dictsort:'author.name' %}{{ book.title }}{% endfor %}",
        ["Book: author at 1 by loop"],
    ),
    "a slice": (
        "{% for book in books|slice:':5' %}{{ book.author.name }}{% endfor %}",
        ["Book: author at 1 by template"],
    ),
    "one row": ("{% with book=books.first %}{{ book.author.name }}{% endwith %}", []),
    "what is cached is made once": (
        "{% load cache %}{% for book in books %}{{ book.title }}{% endfor %}",
        [],
    ),
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_a_template_reads(tmp_path: Path, name: str) -> None:
    template, expected = TEMPLATES[name]
    context = BOOKS + ', "joined": Book.objects.select_related("author")'
    assert rendered(tmp_path, template, context) == expected


def test_what_an_included_template_reads(tmp_path: Path) -> None:
    page = "{% for book in books %}{% include 'row.html' with item=book only %}{% endfor %}"
    more = {"row.html": "\n{{ item.author.name }}{{ book.publisher.name }}"}
    assert rendered(tmp_path, page, BOOKS, more) == ["Book: author at 2 by template"]


def test_blocks_of_a_template_that_another_extends(tmp_path: Path) -> None:
    page = "{% extends 'base.html' %}{% block row %}{{ book.author.name }}{{ block.super }}{% endblock %}"
    more = {
        "base.html": "{% for book in books %}\n"
        "{% block row %}{{ book.publisher.name }}{% endblock %}{% block other %}{% endblock %}{% endfor %}"
    }
    assert rendered(tmp_path, page, BOOKS, more) == [
        "Book: author at 1 by template",
        "Book: publisher at 2 by template",
    ]


def test_tags_and_filters_of_the_project(tmp_path: Path) -> None:
    tags = {
        "templatetags/__init__": "",
        "templatetags/books": """
            from django import template

            register = template.Library()

            @register.simple_tag
            def publisher_of(book):
                return book.publisher.name

            @register.filter
            def writer(book):
                return book.author.name

            @register.inclusion_tag("tags.html")
            def labels(book):
                return {"listed": book.tags.all()}
        """,
    }
    page = (
        "{% load books %}{% for book in books %}"
        "{% publisher_of book %}{{ book|writer }}{% labels book %}{% endfor %}"
    )
    more = {"tags.html": "{% for tag in listed %}{{ tag.label }}{% endfor %}"}
    (tmp_path / "shop/templatetags").mkdir(parents=True)
    found = rendered(tmp_path, page, BOOKS, more, **tags)
    assert [line.partition(" at")[0] for line in found] == ["Book: publisher", "Book: author", "Book: tags"]


VIEWS = """
from django.views.generic import DetailView, ListView


class BookList(ListView):
    model = Book


class Joined(ListView):
    queryset = Book.objects.select_related("author")
    template_name = "shop/book_list.html"


class Renamed(ListView):
    paginate_by = 20
    context_object_name = "things"
    template_name = "things.html"

    def get_queryset(self):
        return Book.objects.order_by("title")

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        context["reviews"] = Review.objects.all()
        return context


class AuthorDetail(DetailView):
    model = Author
"""
VIEW_TEMPLATES = {
    "shop/book_list.html": "{% for book in object_list %}{{ book.author.name }}{% endfor %}",
    "things.html": "{% for thing in things %}{{ thing.author.name }}{% endfor %}"
    "{% for book in page_obj %}{{ book.publisher.name }}{% endfor %}"
    "{% for review in reviews %}{{ review.by.name }}{% endfor %}",
    "shop/author_detail.html": "{% for book in author.books.all %}{{ book.publisher.name }}{% endfor %}",
}


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ("BookList", ["Book: author"]),
        ("Joined", []),
        ("Renamed", ["Book: author", "Book: publisher", "Review: by"]),
        ("AuthorDetail", ["Book: publisher"]),
    ],
)
def test_generic_views(tmp_path: Path, view: str, expected: list[str]) -> None:
    traced = Traced(tmp_path, VIEWS, VIEW_TEMPLATES)
    assert [missed(miss) for miss in misses(traced.trace_class(view).events)] == expected
