"""What a survey finds in a project: text in, values out."""

from __future__ import annotations

import pytest

from djguide_analyzers.engine.workspace import Workspace
from djguide_analyzers.survey.values import Survey, View

FILES = {
    "manage.py": 'import os\n\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")\n',
    "config/__init__.py": "",
    "config/settings.py": """\
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "guardian", "shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "ATOMIC_REQUESTS": True}}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache"}}
ROOT_URLCONF = "config.urls"
REST_FRAMEWORK = {"DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"]}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
""",
    "config/urls.py": """\
from django.contrib.auth.decorators import login_required
from django.urls import include, path, re_path
from rest_framework.routers import DefaultRouter
from shop import api, views

router = DefaultRouter()
router.register("books", api.BookViewSet)
urlpatterns = [
    path("", views.home, name="home"),
    path("plain/", login_required(views.plain)),
    path("list/", views.BookList.as_view(), name="books"),
    re_path(r"^v[12]/", include([re_path(r"^ping/(?P<name>[^/]+)$", api.ping)])),
    path("api/", include(router.urls)),
]
""",
    "shop/__init__.py": "",
    "shop/models.py": """\
from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=40)


class Book(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="books")
    title = models.CharField(max_length=40, db_index=True)
""",
    "shop/views.py": """\
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.shortcuts import render
from django.views.decorators.http import require_http_methods
from django.views.generic import ListView
from shop.models import Book


@permission_required("shop.view_book")
@require_http_methods(["GET", "POST"])
def home(request):
    names = [book.author.name for book in Book.objects.all()]
    return render(request, "shop/home.html", {"names": names, "books": Book.objects.all()})


def plain(request):
    return render(request, "shop/home.html")


class BookList(LoginRequiredMixin, ListView):
    queryset = Book.objects.select_related("author")
    template_name = "shop/home.html"


class Unrouted(ListView):
    model = Book
""",
    "shop/templates/shop/home.html": (
        "{% load cache %}{% cache 60 books %}{% for book in books %}{{ book.title }}{% endfor %}{% endcache %}\n"
    ),
    "shop/api.py": """\
from rest_framework import permissions, serializers, viewsets
from rest_framework.decorators import api_view, permission_classes
from rest_framework.response import Response
from shop.models import Book


class BookSerializer(serializers.ModelSerializer):
    author_name = serializers.CharField(source="author.name")

    class Meta:
        model = Book
        fields = ["title", "author_name"]


class BookViewSet(viewsets.ModelViewSet):
    queryset = Book.objects.all()
    serializer_class = BookSerializer


@api_view(["POST"])
@permission_classes([permissions.AllowAny])
def ping(request):
    return Response({})
""",
    "shop/services.py": """\
from django.core.cache import cache
from django.db import transaction
from shop.models import Book
from shop.tasks import send


@transaction.atomic
def publish(book):
    book.save()
    cache.set("newest", book.pk)
    transaction.on_commit(lambda: send.delay(book.pk))


def _helper():
    pass
""",
    "shop/tasks.py": "from celery import shared_task\n\n\n@shared_task\ndef send(pk):\n    pass\n",
    "shop/receivers.py": """\
from django.db.models.signals import post_save
from django.dispatch import receiver
from shop.models import Book


@receiver(post_save, sender=Book)
def told(sender, instance, **kwargs):
    pass
""",
    "shop/management/__init__.py": "",
    "shop/management/commands/__init__.py": "",
    "shop/management/commands/clean_up.py": """\
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    def handle(self, **options):
        pass
""",
    "shop/tests.py": "from django.views.generic import View\n\n\nclass OnlyForTests(View):\n    pass\n",
}


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    folder = tmp_path_factory.mktemp("survey")
    for name, text in FILES.items():
        path = folder / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    workspace = Workspace([folder / "project"], cache=folder / "cache")
    (survey,) = workspace.surveys()
    workspace.close()
    return survey


def view(survey: Survey, name: str) -> View:
    return next(view for view in survey.views if view.name == name)


def test_components(survey: Survey) -> None:
    assert [(c.kind, c.name, c.app, c.detail) for c in survey.components] == [
        ("command", "clean_up", "shop", ""),
        ("model", "Author", "shop", "2 fields, 0 relations"),
        ("model", "Book", "shop", "3 fields, 1 relation"),
        ("receiver", "told", "shop", "post_save of Book"),
        ("serializer", "BookSerializer", "shop", "shop.Book"),
        ("service", "publish", "shop", ""),
        ("task", "send", "shop", "Celery"),
    ]


def test_components_have_places(survey: Survey) -> None:
    (task,) = (c for c in survey.components if c.kind == "task")
    assert (task.spot.path.endswith("shop/tasks.py"), task.spot.line) == (True, 4)


def test_features(survey: Survey) -> None:
    found = {(feature.area, feature.name): (feature.detail, feature.count) for feature in survey.features}
    assert found["database", "database default"] == ("postgresql, each request in a transaction", 0)
    assert found["access", "permissions of API views"] == ("IsAuthenticated (default)", 0)
    assert found["access", "guardian"] == ("permissions on single objects", 0)
    assert found["access", "permission required"][1] == 1
    assert found["caching", "cache default"] == ("RedisCache", 0)
    assert found["caching", "cache"][1] == 1
    assert found["caching", "cached fragments"][1] == 1
    assert found["database", "transactions"][1] == 1
    assert found["database", "select_related"][1] == 1
    assert found["background", "tasks sent"][1] == 1
    assert found["background", "work after the commit"][1] == 1


def test_views_are_those_of_urls_and_what_nothing_derives_from(survey: Survey) -> None:
    assert {view.name: view.routes for view in survey.views} == {
        "home": (("/", "home"),),
        "plain": (("/plain/", None),),
        "BookList": (("/list/", "books"),),
        "Unrouted": (),
        "BookViewSet": (("/api/books/", "book-list"), ("/api/books/", "book-detail")),
        "ping": (("/v[12]/ping/<name>", None),),
    }


@pytest.mark.parametrize(
    ("name", "access"),
    [
        ("home", "with shop.view_book"),
        ("plain", "logged in"),
        ("BookList", "logged in"),
        ("Unrouted", None),
        ("BookViewSet", "IsAuthenticated (default)"),
        ("ping", None),
    ],
)
def test_who_may(name: str, access: str | None, survey: Survey) -> None:
    assert view(survey, name).access == access


def test_methods_serializers_and_models(survey: Survey) -> None:
    assert view(survey, "home").methods == ("GET", "POST")
    assert view(survey, "ping").methods == ("POST",)
    books = view(survey, "BookViewSet")
    assert set(books.methods) == {"GET", "POST", "PUT", "PATCH", "DELETE"}
    assert (books.serializers, books.model) == (("BookSerializer",), "shop.Book")


@pytest.mark.parametrize(("name", "terms"), [("home", (2, 1)), ("BookViewSet", (1, 1)), ("plain", (0,))])
def test_costs(name: str, terms: tuple[int, ...], survey: Survey) -> None:
    cost = view(survey, name).cost
    assert cost is not None and cost.complete
    assert cost.terms == terms


def test_templates_with_their_variables(survey: Survey) -> None:
    (template,) = view(survey, "home").templates
    assert template.name == "shop/home.html"
    assert template.variables == (("names", ""), ("books", "queryset of shop.Book"))
    (template,) = view(survey, "BookList").templates
    assert dict(template.variables)["book_list"] == "queryset of shop.Book"
