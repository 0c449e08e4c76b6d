"""Rows that frameworks hand to functions of the project."""

from __future__ import annotations

import pytest
from tracing import Traced

SOURCE = """
from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models.signals import post_save
from django.dispatch import receiver
from rest_framework import serializers


@admin.register(Author)
class AuthorAdmin(admin.ModelAdmin):
    actions = ["remind"]

    def remind(self, request, queryset):
        for author in queryset:
            author.agent.name

    def save_model(self, request, obj, form, change):
        return [book.publisher.name for book in obj.books.all()]

    def column(self, obj):
        return [book.publisher.name for book in obj.books.all()]


@admin.register(Book)
class BookAdmin(admin.ModelAdmin):
    list_select_related = ["author"]

    def remind(self, request, queryset):
        return [book.author.name for book in queryset], [book.publisher.name for book in queryset]


@admin.register(Author, Publisher)
class SharedAdmin(admin.ModelAdmin):
    def remind(self, request, queryset):
        return [author.agent.name for author in queryset]

    def column(self, obj):
        return [book.publisher.name for book in obj.books.all()]


class BookInline(admin.TabularInline):
    model = Book

    def column(self, obj):
        return [book.publisher.name for book in obj.books.all()]


class AuthorForm(forms.ModelForm):
    class Meta:
        model = Author
        fields = ["name"]

    def clean(self):
        return [book.publisher.name for book in self.instance.books.all()]


class PlainForm(forms.Form):
    def clean(self):
        return [book.publisher.name for book in self.instance.books.all()]


@receiver(post_save, sender=Author)
def saved(sender, instance, **kwargs):
    return [book.publisher.name for book in instance.books.all()]


@receiver(post_save)
def anything_saved(sender, instance, **kwargs):
    return [book.publisher.name for book in instance.books.all()]


@connected(post_save, sender=Author)
def otherwise_connected(sender, instance, **kwargs):
    return [book.publisher.name for book in instance.books.all()]


class AuthorSerializer(serializers.ModelSerializer):
    titles = serializers.SerializerMethodField()
    others = serializers.SerializerMethodField(method_name="those")

    class Meta:
        model = Author
        fields = ["titles", "others"]

    def get_titles(self, obj):
        return [book.publisher.name for book in obj.books.all()]

    def those(self, obj):
        return [book.publisher.name for book in obj.books.all()]

    def to_representation(self, instance):
        return [book.publisher.name for book in instance.books.all()]

    def get_nothing_declared(self, obj):
        return [book.publisher.name for book in obj.books.all()]
"""


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Traced:
    return Traced(tmp_path_factory.mktemp("roles"), SOURCE)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("AuthorAdmin.remind", ["Author: agent"]),
        ("AuthorAdmin.save_model", ["Book: publisher"]),
        ("AuthorAdmin.column", ["Book: publisher"]),
        ("BookAdmin.remind", ["Book: publisher"]),
        ("SharedAdmin.remind", []),
        ("SharedAdmin.column", []),
        ("BookInline.column", []),
        ("AuthorForm.clean", ["Book: publisher"]),
        ("PlainForm.clean", []),
        ("saved", ["Book: publisher"]),
        ("anything_saved", []),
        ("otherwise_connected", []),
        ("AuthorSerializer.get_titles", ["Book: publisher"]),
        ("AuthorSerializer.those", ["Book: publisher"]),
        ("AuthorSerializer.to_representation", ["Book: publisher"]),
        ("AuthorSerializer.get_nothing_declared", []),
    ],
)
def test_rows_that_frameworks_hand_over(traced: Traced, name: str, expected: list[str]) -> None:
    assert traced.misses(name) == expected
