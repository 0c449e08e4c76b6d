"""What answering a request to a view of Django REST framework reads, whichever class wrote the answer."""

from __future__ import annotations

import pytest
from tracing import Traced, missed

from djguide_analyzers.trace.missing import misses

SERIALIZERS = """
from rest_framework import serializers
from shop.models import Author, Book


class BookSerializer(serializers.ModelSerializer):
    publisher = serializers.StringRelatedField()

    class Meta:
        model = Book
        fields = ["title", "publisher"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields.pop("title")


class Written(BookSerializer):
    def __init__(self, *args, **kwargs):
        kwargs["write_only"] = True
        super().__init__(*args, **kwargs)


class AuthorSerializer(serializers.ModelSerializer):
    class Meta:
        model = Author
        fields = ["name"]


class AuthorWithBooks(serializers.ModelSerializer):
    books = BookSerializer(many=True)

    class Meta:
        model = Author
        fields = ["name", "books"]


class BookOnDemand(serializers.ModelSerializer):
    publisher = serializers.StringRelatedField()
    author = serializers.StringRelatedField()

    class Meta:
        model = Book
        fields = ["title", "publisher", "author"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "publisher" not in self.context.get("expand", ()):
            self.fields.pop("publisher")
        if not self.may_see_authors:
            self.fields.pop("author")


class AuthorForWriting(serializers.ModelSerializer):
    books = Written(many=True)

    class Meta:
        model = Author
        fields = ["name", "books"]
"""
VIEWS = """
from django.db.models import prefetch_related_objects
from rest_framework import generics, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response
from shop.serializers import AuthorForWriting, AuthorSerializer, AuthorWithBooks, BookOnDemand


class OfOne(generics.RetrieveAPIView):
    queryset = Author.objects.all()
    serializer_class = AuthorWithBooks


class OfOneLoaded(generics.RetrieveAPIView):
    queryset = Author.objects.prefetch_related("books__publisher")
    serializer_class = AuthorWithBooks


class OnDemand(generics.ListAPIView):
    queryset = Book.objects.all()
    serializer_class = BookOnDemand


class OfOneForWriting(generics.RetrieveAPIView):
    queryset = Author.objects.all()
    serializer_class = AuthorForWriting


class Table(viewsets.ReadOnlyModelViewSet):
    queryset = Author.objects.all()
    serializers = {"list": AuthorSerializer, "retrieve": AuthorWithBooks}

    def get_serializer_class(self):
        return self.serializers.get(self.action, AuthorSerializer)


class Branch(viewsets.ReadOnlyModelViewSet):
    queryset = Author.objects.all()
    serializer_class = AuthorWithBooks

    def get_queryset(self):
        queryset = super().get_queryset()
        if self.action == "retrieve" and self.request.user:
            return queryset.prefetch_related("books", "books__publisher")
        return queryset if self.action == "retrieve" else queryset.prefetch_related("books")


class Together(viewsets.ReadOnlyModelViewSet):
    queryset = Author.objects.prefetch_related("books")
    serializer_class = AuthorWithBooks


class Timed(viewsets.GenericViewSet):
    def list(self, request, *args, **kwargs):
        response = super().list(request, *args, **kwargs)
        response["Last-Modified"] = "now"
        return response

    @action(detail=True)
    def names(self, request, **kwargs):
        return Response([book.publisher.name for book in self.get_object().books.all()])


class Heir(Timed, viewsets.ModelViewSet):
    queryset = Author.objects.prefetch_related("books")
    serializer_class = AuthorWithBooks


class LoadedHeir(Timed, viewsets.ModelViewSet):
    queryset = Author.objects.prefetch_related("books__publisher")
    serializer_class = AuthorWithBooks


class Changes(viewsets.GenericViewSet):
    queryset = Author.objects.prefetch_related("books__publisher")
    serializer_class = AuthorWithBooks

    @action(detail=True, methods=["post"])
    def shown(self, request, **kwargs):
        return Response(AuthorWithBooks(self.get_object()).data)

    @action(detail=True, methods=["post"])
    def changed(self, request, **kwargs):
        author = self.get_object()
        author.refresh_from_db()
        return Response(AuthorWithBooks(author).data)

    @action(detail=True, methods=["post"])
    def changed_elsewhere(self, request, **kwargs):
        author = self.get_object()
        author.refresh_from_db()
        return Response([book.publisher.name for book in books_of(author)])

    @action(detail=True, methods=["post"])
    def renamed(self, request, **kwargs):
        author = self.get_object()
        author.refresh_from_db(fields=["name"])
        return Response(AuthorWithBooks(author).data)


def books_of(author):
    return author.books.all()


def changed_and_loaded(request, wanted):
    author = Author.objects.get(pk=1)
    author.refresh_from_db()
    prefetch_related_objects([author], *wanted)
    return Response(AuthorWithBooks(author).data)
"""


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Traced:
    return Traced(tmp_path_factory.mktemp("api"), VIEWS, serializers=SERIALIZERS)


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ("OfOne", ["Author: books__publisher"]),
        ("OfOneLoaded", []),
        ("OfOneForWriting", []),
        ("OnDemand", ["Book: author", "Book: author__agent"]),
        ("Table", ["Author: books__publisher"]),
        ("Branch", ["Author: books__publisher"]),
        ("Together", ["Author: books__publisher"]),
        ("Heir", ["Author: books__publisher", "Author: books__publisher"]),
        ("LoadedHeir", []),
    ],
)
def test_answers_of_views(traced: Traced, view: str, expected: list[str]) -> None:
    """An heir has two: its list, which a base class wrote, and an action of that class."""
    assert [missed(miss) for miss in misses(traced.trace_class(view).events)] == expected


def test_rows_read_anew_have_lost_what_was_prefetched(traced: Traced) -> None:
    assert traced.misses("Changes.shown") == []
    assert traced.misses("Changes.changed") == ["Book: publisher"]
    assert traced.misses("Changes.changed_elsewhere") == ["Book: publisher"]
    assert traced.misses("Changes.renamed") == []


def test_unknown_prefetches_of_one_row(traced: Traced) -> None:
    assert traced.misses("changed_and_loaded") == []
