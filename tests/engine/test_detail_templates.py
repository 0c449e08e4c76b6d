"""Rows that a template lists of the one object that a view shows."""

from __future__ import annotations

from pathlib import Path

from workspaces import FILES, Shop

DETAIL = """\
from django.views.generic import DetailView
from shop.models import Author


class AuthorDetail(DetailView):
    model = Author
"""
TEMPLATE = """\
{% for book in author.books.all %}
  {% for tag in book.tags.all %}{{ tag.label }}{% endfor %}
{% endfor %}
"""
TAGS = """\
    tags = models.ManyToManyField("Tag")


class Tag(models.Model):
    label = models.CharField(max_length=50)
"""
ENGINE = """\
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
"""


def test_rows_that_a_template_lists_of_one_object(tmp_path: Path) -> None:
    files = FILES | {
        "config/settings.py": FILES["config/settings.py"] + ENGINE,
        "shop/models.py": FILES["shop/models.py"] + TAGS,
        "shop/pages.py": DETAIL,
        "shop/templates/shop/author_detail.html": TEMPLATE,
    }
    shop = Shop(tmp_path / "shop", files)
    report = shop.report()
    assert not report.problems
    found = [line for line in shop.told(report.findings) if "author_detail.html" in line]
    assert len(found) == 1
    assert "n-plus-one-template" in found[0]
    shop.workspace.close()
