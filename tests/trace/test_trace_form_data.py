"""The rows that somebody chose in a form, and what is read of them."""

from __future__ import annotations

import pytest
from tracing import Traced

VIEWS = """
from django import forms
from django.views.generic import FormView


class Pick(forms.Form):
    books = forms.ModelMultipleChoiceField(queryset=Book.objects.all())
    loaded = forms.ModelMultipleChoiceField(Book.objects.select_related("publisher"))
    author = forms.ModelChoiceField(queryset=Author.objects.all())
    known = forms.ModelChoiceField(queryset=Author.objects.prefetch_related("books__publisher"))
    changed = forms.ModelMultipleChoiceField(queryset=Book.objects.none())
    title = forms.CharField()

    def __init__(self, *args, books, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["changed"].queryset = books

    def clean(self):
        data = super().clean()
        return [book.publisher.name for book in data["author"].books.all()]

    def clean_known(self):
        return [book.publisher.name for book in self.cleaned_data.get("known").books.all()]


class Open(Pick):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in kwargs["names"]:
            self.fields[name].queryset = kwargs[name]


class BookForm(forms.ModelForm):
    class Meta:
        model = Book
        fields = ["author", "tags"]

    def save(self):
        return [book.publisher.name for book in self.cleaned_data["author"].books.select_related("author")]


class Picking(FormView):
    form_class = Pick

    def form_valid(self, form):
        return [book.publisher.name for book in form.cleaned_data["books"]]


def of_loaded(request):
    return [book.publisher.name for book in Pick(request.POST, books=None).cleaned_data["loaded"]]


def of_changed(request):
    return [book.publisher.name for book in Pick(request.POST, books=None).cleaned_data["changed"]]


def of_open(request):
    return [book.publisher.name for book in Open(request.POST).cleaned_data["books"]]


def of_text(request):
    return [book.publisher.name for book in Pick(request.POST, books=None).cleaned_data["title"]]
"""


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Traced:
    return Traced(tmp_path_factory.mktemp("forms"), VIEWS)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("Pick.clean", ["Book: publisher"]),
        ("Pick.clean_known", []),
        ("BookForm.save", ["Book: publisher"]),
        ("Picking.form_valid", ["Book: publisher"]),
        ("of_loaded", []),
        ("of_changed", []),
        ("of_open", []),
        ("of_text", []),
    ],
)
def test_rows_that_were_chosen(traced: Traced, function: str, expected: list[str]) -> None:
    assert traced.misses(function) == expected
