"""What serializers of Django REST framework read of the rows they are given, without the framework being there."""

from __future__ import annotations

import pytest
from tracing import Traced, missed

from djguide_analyzers.trace.missing import misses
from djguide_analyzers.trace.repeated import repeated

SERIALIZERS = """
from django.db import models
from rest_framework import serializers
from shop.models import Author, Book


class AuthorSerializer(serializers.ModelSerializer):
    class Meta:
        model = Author
        fields = ["name", "books"]


class BookSerializer(serializers.ModelSerializer):
    class Meta:
        model = Book
        fields = ["title", "author", "publisher"]


class Full(serializers.ModelSerializer):
    author = AuthorSerializer()
    house = serializers.CharField(source="publisher.name")
    reviews = serializers.SerializerMethodField()
    writer = serializers.StringRelatedField(source="author")

    class Meta:
        model = Book
        fields = ["title", "author", "house", "reviews", "writer"]

    def get_reviews(self, book):
        return book.reviews.count()


class Own(serializers.ModelSerializer):
    class Meta:
        model = Book
        fields = ["title"]

    def to_representation(self, instance):
        data = super().to_representation(instance)
        data["publisher"] = instance.publisher.name
        return data


class TagsField(serializers.Field):
    def to_representation(self, value):
        return [tag.label for tag in value.all()]


class HouseField(serializers.Field):
    def to_representation(self, value):
        return value.publisher.name


class KeyOnly(serializers.PrimaryKeyRelatedField):
    def to_representation(self, value):
        return value.name


class WithFields(serializers.ModelSerializer):
    tags = TagsField()
    house = HouseField(source="*")
    author = KeyOnly(read_only=True)

    class Meta:
        model = Book
        fields = ["tags", "house", "author"]


class Linked(serializers.ModelSerializer):
    url = serializers.HyperlinkedIdentityField(view_name="author")
    books = serializers.HyperlinkedIdentityField(view_name="book", many=True)

    class Meta:
        model = Author
        fields = ["url", "books"]


class Listed(serializers.ListSerializer):
    def to_representation(self, data):
        rows = data.all() if isinstance(data, models.Manager) else data
        return [self.child.to_representation(row) for row in rows]


class Plainly(serializers.ListSerializer):
    def to_representation(self, data):
        return super().to_representation(data)


class InList(Own):
    class Meta(Own.Meta):
        list_serializer_class = Listed


class InPlainList(Own):
    class Meta(Own.Meta):
        list_serializer_class = Plainly
"""
VIEWS = """
from rest_framework import generics, viewsets
from rest_framework.response import Response
from shop.serializers import AuthorSerializer, BookSerializer, Full, InList, InPlainList, Linked, Own, WithFields


class Keys(generics.ListAPIView):
    queryset = Book.objects.all()
    serializer_class = BookSerializer


class Complete(viewsets.ModelViewSet):
    queryset = Book.objects.select_related("publisher")
    serializer_class = Full


class Loaded(viewsets.ModelViewSet):
    serializer_class = Full

    def get_queryset(self):
        return Book.objects.select_related("publisher", "author__agent").prefetch_related("author__books")


class Chosen(viewsets.ReadOnlyModelViewSet):
    queryset = Book.objects.all()

    def get_serializer_class(self):
        if self.action == "list":
            return BookSerializer
        return Full


class Custom(viewsets.ModelViewSet):
    queryset = Book.objects.all()
    serializer_class = Own


class Fields(viewsets.ModelViewSet):
    queryset = Book.objects.all()
    serializer_class = WithFields


class Links(viewsets.ModelViewSet):
    queryset = Author.objects.all()
    serializer_class = Linked


class OwnList(viewsets.ModelViewSet):
    queryset = Book.objects.all()
    serializer_class = InList


class OwnPlainList(viewsets.ModelViewSet):
    queryset = Book.objects.all()
    serializer_class = InPlainList


def by_hand(request):
    return Response(AuthorSerializer(Author.objects.all(), many=True).data)


def one(request):
    return Response(Full(Book.objects.get(pk=1)).data)
"""


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Traced:
    return Traced(tmp_path_factory.mktemp("api"), VIEWS, serializers=SERIALIZERS)


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ("Keys", []),
        (
            "Complete",
            [
                "Book: author by serializer",
                "Book: author__books by serializer",
                "Book: author__agent by string field",
            ],
        ),
        ("Loaded", []),
        ("Chosen", []),
        ("Custom", ["Book: publisher by serializer"]),
        ("Fields", ["Book: tags by serializer", "Book: publisher by serializer"]),
        ("Links", ["Author: books by serializer"]),
        ("OwnList", ["Book: publisher by helper"]),
        ("OwnPlainList", ["Book: publisher by serializer"]),
    ],
)
def test_lists_of_views(traced: Traced, view: str, expected: list[str]) -> None:
    found = misses(traced.trace_class(view).events)
    assert [f"{missed(miss)} by {miss.reader}" for miss in found] == expected


def test_a_list_made_by_hand(traced: Traced) -> None:
    assert traced.misses("by_hand") == ["Author: books"]
    assert traced.misses("one") == []


def test_a_method_field_that_asks_the_database(traced: Traced) -> None:
    (query,) = repeated(traced.trace_class("Complete"))
    assert (query.kind, query.accessor, query.reader) == ("count", "reviews", "method field")
