"""Small projects and what their functions do to the database, in a form that reads like a query log."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from textwrap import dedent

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.python import python_facts
from djguide_analyzers.facts.template_ir import TemplateFacts
from djguide_analyzers.facts.templates import template_facts
from djguide_analyzers.project.discovery import discover
from djguide_analyzers.project.files import DiskFiles
from djguide_analyzers.project.link import link
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.project.project import Project
from djguide_analyzers.trace.events import (
    Called,
    CallMade,
    Event,
    QueryRun,
    QuerySetUse,
    RelationLoad,
    RelationRead,
    Served,
    TransactionBoundary,
    Write,
)
from djguide_analyzers.trace.missing import Miss, misses
from djguide_analyzers.trace.tracer import Trace, trace_class, trace_function

MODELS = """\
from django.db import models


class Publisher(models.Model):
    name = models.CharField(max_length=50)

    def __str__(self):
        return self.name


class Author(models.Model):
    name = models.CharField(max_length=50)
    agent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="clients")

    def __str__(self):
        return f"{self.name} ({self.agent})"


class Tag(models.Model):
    label = models.CharField(max_length=50)


class BookQuerySet(models.QuerySet):
    def recent(self):
        return self.filter(year__gte=2020)

    def with_author(self):
        return self.select_related("author")


class PublishedManager(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(published=True)


class FullManager(PublishedManager):
    def get_queryset(self):
        return super().get_queryset().select_related("author")

    def best(self):
        return self.order_by("-rating")


class Book(models.Model):
    title = models.CharField(max_length=50)
    text = models.TextField()
    year = models.IntegerField()
    published = models.BooleanField()
    rating = models.IntegerField()
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="books")
    publisher = models.ForeignKey(Publisher, on_delete=models.CASCADE, null=True)
    tags = models.ManyToManyField(Tag)

    objects = BookQuerySet.as_manager()
    published_ones = PublishedManager()
    full = FullManager()

    @property
    def byline(self):
        return self.author.name

    def is_by(self, author):
        return self.author == author

    @staticmethod
    def stamped(stamp, book):
        return f"{stamp.author.name}: {book.title}"

    @classmethod
    def labelled(cls, book):
        return f"{cls}: {book.author.name}"

    def tag_labels(self):
        return [tag.label for tag in self.tags.all()]


class Review(models.Model):
    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name="reviews")
    by = models.ForeignKey(Author, on_delete=models.CASCADE)


class Cover(models.Model):
    book = models.OneToOneField(Book, on_delete=models.CASCADE, related_name="cover")
    artist = models.ForeignKey(Author, on_delete=models.CASCADE)
"""
FILES = {
    "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")\n',
    "config/__init__.py": "",
    "config/settings.py": (
        'INSTALLED_APPS = ["shop"]\n'
        'TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]\n'
    ),
    "shop/__init__.py": "",
    "shop/models.py": MODELS,
}
IMPORTS = """\
from django.db import models, transaction
from django.db.models import F, Prefetch, Q
from django.shortcuts import get_object_or_404
from shop.models import Author, Book, Cover, Publisher, Review, Tag

"""


class Traced:
    """A project on the disk: the models above, and `source` as ``shop/views.py``."""

    def __init__(
        self, root: Path, source: str, templates: dict[str, str] | None = None, **others: str
    ) -> None:
        texts = FILES | {"shop/views.py": IMPORTS + dedent(source)}
        texts |= {f"shop/{name}.py": dedent(text) for name, text in others.items()}
        texts |= {f"shop/templates/{name}": dedent(text) for name, text in (templates or {}).items()}
        for name, text in texts.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.project = _link(root)

    def function(self, name: str) -> FunctionInfo:
        """The function or method (``Class.method``) called `name` in the views, else in any module."""
        modules = sorted(self.project.modules.values(), key=lambda m: m.name != "shop.views")
        for module in modules:
            for info in module.functions():
                if info.qualname == name:
                    return info
        raise LookupError(name)

    def trace(self, name: str) -> Trace:
        return trace_function(self.project, self.function(name))

    def trace_class(self, name: str) -> Trace:
        """The trace of what a framework does with the class called `name` in the views."""
        module = next(m for m in self.project.modules.values() if m.name == "shop.views")
        trace = trace_class(self.project, next(cls for cls in module.classes() if cls.name == name))
        assert trace is not None
        return trace

    def log(self, name: str) -> list[str]:
        """What `name` does, one line for each event; ``| `` for each loop that runs."""
        return [line for event in self.trace(name).everything() if (line := told(event))]

    def misses(self, name: str) -> list[str]:
        """What loops load once per row, as ``Model: path`` of the queryset that should load it."""
        return [missed(miss) for miss in misses(self.trace(name).events)]


def _link(root: Path) -> Project:
    files = DiskFiles()
    (found,) = discover(files, root.as_posix()).projects

    def facts(path: str) -> ir.PyFacts | None:
        text = files.read_text(path)
        return None if text is None else _facts(text)

    def of_template(path: str) -> TemplateFacts | None:
        text = files.read_text(path)
        return None if text is None else template_facts(text)

    return link(files, found, facts, workspace=root.as_posix(), template_facts=of_template)


@cache
def _facts(text: str) -> ir.PyFacts:
    return python_facts(text)


def missed(miss: Miss) -> str:
    return f"{miss.owner.model.rpartition('.')[2]}: {miss.joined}"


def told(event: Event) -> str | None:
    """An event in one line; None for uses of variables."""
    if isinstance(event, (QuerySetUse, Called, Served)):
        return None
    return "| " * len(event.context.loops) + " ".join(_words(event))


def _words(event: Event) -> Iterator[str]:
    match event:
        case RelationLoad() | RelationRead():
            verb = "load" if isinstance(event, RelationLoad) else "read"
            yield f"{verb} {_short(event.row.model)}.{event.name}"
            if isinstance(event, RelationLoad) and event.kind not in ("fk", "o2o"):
                yield f"({event.kind})"
            if event.key_only:
                yield "(key)"
        case QueryRun():
            source = f"{_short(event.related.row.model)}.{event.related.accessor}" if event.related else None
            yield f"{event.operation} {source or _short(event.query.model)}"
            if event.cached:
                yield "(cached)"
        case Write():
            yield f"write {event.operation} {_short(event.model)}"
        case TransactionBoundary():
            yield "begin" if event.entered else "end"
            if event.using:
                yield event.using
        case CallMade():
            yield f"call {event.target}"


def _short(label: str) -> str:
    return label.rpartition(".")[2]
