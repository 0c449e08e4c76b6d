"""A small Django project for questions about places in its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from djguide_analyzers.assist.assistant import Assistant
from djguide_analyzers.engine.workspace import Workspace
from djguide_analyzers.source.positions import LineIndex, Position

CURSOR = "‸"

FILES = {
    "manage.py": 'import os\n\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")\n',
    "config/__init__.py": "",
    "config/settings.py": """INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.admin", "shop", "rest_framework"
]
ROOT_URLCONF = "config.urls"
SHOP_LIMIT = 5
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
""",
    "config/urls.py": """from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("shop/", include("shop.urls", namespace="shop")),
    path("", include("shop.site_urls")),
]
""",
    "shop/__init__.py": "",
    "shop/urls.py": """from django.urls import path
from rest_framework.routers import DefaultRouter
from shop import api, views

app_name = "shop"
router = DefaultRouter()
router.register("books", api.BookViewSet, basename="book")
urlpatterns = [path("<int:pk>/", views.detail, name="detail")] + router.urls
""",
    "shop/site_urls.py": """from django.urls import path
from shop import views

urlpatterns = [path("", views.home, name="home")]
""",
    "shop/models.py": """from django.contrib.auth.models import User
from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=40)
    born = models.DateField(null=True)


class BookQuerySet(models.QuerySet):
    def cheap(self):
        return self.filter(price__lt=5)


class Book(models.Model):
    title = models.CharField(max_length=40, db_index=True)
    price = models.IntegerField()
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="books", related_query_name="book")
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True)
    tags = models.ManyToManyField("shop.Tag")

    objects = BookQuerySet.as_manager()

    class Meta:
        ordering = ["title"]

    def __str__(self):
        return self.title

    @property
    def label(self):
        return self.title


class Tag(models.Model):
    name = models.CharField(max_length=10)
""",
    "shop/admin.py": """from django.contrib import admin
from shop.models import Book


@admin.register(Book)
class BookAdmin(admin.ModelAdmin):
    list_display = ["title"]

    def shout(self, obj):
        return obj.title.upper()
""",
    "shop/forms.py": """from django import forms
from shop.models import Book


class BookForm(forms.ModelForm):
    class Meta:
        model = Book
        fields = ["title"]
""",
    "shop/api.py": """from rest_framework import serializers, viewsets
from shop.models import Book


class BookSerializer(serializers.ModelSerializer):
    summary = serializers.SerializerMethodField()

    class Meta:
        model = Book
        fields = ["title", "summary"]

    def get_summary(self, book):
        return book.title


class BookViewSet(viewsets.ModelViewSet):
    queryset = Book.objects.all()
    serializer_class = BookSerializer
    ordering_fields = ["title"]
""",
    "shop/views.py": """from django.conf import settings
from django.db.models import Count, F, OuterRef, Prefetch, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from shop.models import Author, Book


def home(request):
    pass


def detail(request, pk):
    pass


class Shelf:
    def books(self):
        return Book.objects.annotate(pages=Count("tags"))

    def shown(self):
        pass
""",
    "shop/templates/shop/base.html": "{% block body %}{% endblock %}\n",
    "shop/templates/shop/home.html": "",
}


def write_project(root: Path) -> Path:
    """Write the project below `root`; its folder."""
    for name, text in FILES.items():
        path = root / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root / "project"


@dataclass(frozen=True)
class Shop:
    """The project on the disk, with an assistant for it."""

    root: Path
    assistant: Assistant

    def typed(self, name: str, old: str, new: str) -> tuple[str, LineIndex, Position]:
        """Path and text of a file with `old` replaced by `new`, and where the cursor in `new` stands."""
        assert FILES[name].count(old) == 1, old
        index, offset = with_cursor(FILES[name].replace(old, new))
        return (self.root / name).as_posix(), index, index.position(offset)

    def completed(self, name: str, old: str, new: str) -> list[str] | None:
        """Names offered at the cursor."""
        found = self.assistant.completions(*self.typed(name, old, new))
        return None if found is None else [item.name for item in found.items]


def make_shop(folder: Path) -> Shop:
    """Write the project below `folder` and link it."""
    root = write_project(folder)
    workspace = Workspace([root], cache=folder / "cache")
    workspace.projects()
    return Shop(root, Assistant(workspace.linked()))


def with_cursor(text: str) -> tuple[LineIndex, int]:
    """A text without its cursor, and the cursor's offset."""
    return LineIndex(text.replace(CURSOR, "")), text.index(CURSOR)
