"""``djguide explain`` with the real analysis: why something is found, why it is not told, and what is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cli_fakes import Run

MODELS = """\
from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=50)


class Book(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="books")
"""
VIEWS = """\
from shop.models import Book
from shop.services import names


def count():
    return len(Book.objects.all())


def listing():
    return names(Book.objects.filter(author=1))


def ignored():
    return len(Book.objects.all())  # djguide: ignore[len-of-queryset]


def joined():
    for book in Book.objects.select_related("author"):
        print(book.author.name)


def one(request):
    return {"plain": 1}
"""
PAGE_VIEW = """\
from django.shortcuts import render
from shop.models import Book


def page(request):
    return render(request, "shop/page.html", {"books": Book.objects.all()})
"""
PAGE = """\
{% for book in books %}
  <li>{{ book.author.name }}</li>
{% endfor %}
<p>Nothing</p>
"""
SERVICES = """\
def names(books):
    return [book.author.name for book in books]
"""
FILES = {
    "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")\n',
    "project/__init__.py": "",
    "project/settings.py": (
        'INSTALLED_APPS = ["shop"]\n'
        'TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]\n'
    ),
    "shop/__init__.py": "",
    "shop/models.py": MODELS,
    "shop/views.py": VIEWS,
    "shop/services.py": SERVICES,
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def shop(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    return tmp_path


@pytest.fixture
def page(shop: Path) -> str:
    """A template of the shop that a view of its own renders."""
    (shop / "shop" / "pages.py").write_text(PAGE_VIEW)
    template = shop / "shop/templates/shop/page.html"
    template.parent.mkdir(parents=True)
    template.write_text(PAGE)
    return "shop/templates/shop/page.html"


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(VIEWS.splitlines(), 1) if text in line)


def explained(run: Run, place: str) -> dict[str, Any]:
    answer = run("explain", place, "--format", "json")
    assert answer.status == 0, answer.err
    return json.loads(answer.out)


def test_a_finding_with_its_evidence_fix_and_page(shop: Path, run: Run) -> None:
    out = run("explain", f"shop/views.py:{line_of('names(Book')}").out
    for part in (
        "[n-plus-one-foreign-key]",
        "The evidence, step by step",
        "shop/services.py:2:",
        "each row is read here",
        "shop/models.py:9:5  `author` is declared here",
        '+     return names(Book.objects.filter(author=1).select_related("author"))',
        "  Why\n",
        "  When not to follow it\n",
        "djguide rule n-plus-one-foreign-key",
        "a queryset of shop.Book: no relation loaded with it",
    ):
        assert part in out, part
    assert out.count("each row is read here") == 1


def test_both_ends_and_every_step_lead_to_it(shop: Path, run: Run) -> None:
    for place in ("shop/services.py:2", "shop/services.py:2:13", "shop/models.py:9"):
        codes = [finding["code"] for finding in explained(run, place)["findings"]]
        assert codes == ["n-plus-one-foreign-key"], place
    assert explained(run, "shop/services.py:2:1")["findings"] == []


def test_what_a_comment_silences_is_told_with_the_reason(shop: Path, run: Run) -> None:
    line = line_of("djguide: ignore")
    (hidden,) = explained(run, f"shop/views.py:{line}")["hidden"]
    assert (hidden["code"], hidden["reason"]) == ("len-of-queryset", "a comment says to ignore it")
    assert "Found and not told" in run("explain", f"shop/views.py:{line}").out


def test_what_the_configuration_ignores_is_told_with_the_reason(shop: Path, run: Run) -> None:
    (shop / "djguide.toml").write_text('[per-path-ignores]\n"shop/views.py" = ["len-of-queryset"]\n')
    (hidden,) = explained(run, f"shop/views.py:{line_of('return len')}")["hidden"]
    assert hidden["reason"] == "the configuration ignores the rule in this file"


def test_what_the_baseline_holds_is_told(shop: Path, run: Run) -> None:
    run("baseline")
    assert "The baseline holds it" in run("explain", f"shop/views.py:{line_of('return len')}").out


def test_why_nothing_is_found(shop: Path, run: Run) -> None:
    line = line_of("print(book.author")
    document = explained(run, f"shop/views.py:{line}")
    assert document["findings"] == document["hidden"] == []
    messages = [note["message"] for note in document["notes"]]
    assert 'a row of a queryset, one shop.Book: select_related("author")' in messages
    assert "`author` of shop.Book is read here; it is loaded already" in messages
    read = next(note for note in document["notes"] if "loaded already" in note["message"])
    assert read["origin"][0]["message"] == "in every round of this loop"
    assert read["origin"][0]["range"]["start"]["line"] == line - 1
    assert run("explain", f"shop/views.py:{line}").out.startswith("Nothing is found here.\n\nWhat is known")


def test_a_line_of_which_nothing_is_known(shop: Path, run: Run) -> None:
    for line in (line_of('"plain"'), 1000):
        assert run("explain", f"shop/views.py:{line}").out.startswith(
            "Nothing is found here, and nothing is known"
        )


@pytest.mark.parametrize(
    ("place", "complaint"),
    [
        ("shop/views.py", "is not PATH:LINE"),
        ("shop/views.py:0", "counted from one"),
        ("shop/views.py:2:0", "counted from one"),
        ("shop/views.py:x", "is not PATH:LINE"),
        ("nowhere.py:3", "there is no file 'nowhere.py'"),
    ],
)
def test_bad_places(shop: Path, run: Run, place: str, complaint: str) -> None:
    answer = run("explain", place)
    assert answer.status == 2 and complaint in " ".join(answer.err.split())


def test_a_line_of_a_template_is_told_by_the_views_that_render_it(page: str, run: Run) -> None:
    answer = run("explain", f"{page}:2")
    assert "[n-plus-one-template]" in answer.out
    assert "shop/pages.py:6" in answer.out
    assert "`author` of shop.Book is loaded here, with one query" in answer.out
    assert f"{page}:1:1  in every round of this loop" in answer.out


def test_the_loop_of_a_template(page: str, run: Run) -> None:
    answer = run("explain", f"{page}:1")
    assert "a queryset of shop.Book: no relation loaded with it" in answer.out
    assert "shop/pages.py:6:56  the queryset begins here" in answer.out
    assert "a query for shop.Book runs here (`iterate`)" in answer.out


def test_a_line_of_a_template_with_nothing_on_it(page: str, run: Run) -> None:
    assert "nothing is known" in run("explain", f"{page}:4").out
