"""What rows that are written refer to."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracing import Traced

from djguide_analyzers.trace.events import Write


@pytest.mark.parametrize(
    ("body", "given"),
    [
        ("Review.objects.create(book=book, by_id=1)", ["book Book"]),
        ("Review.objects.create(book_id=book.pk)", ["book Book"]),
        ("Review.objects.filter(book=book).delete()", ["book Book"]),
        ("Book.objects.filter(pk=book.pk).update(year=1)", ["pk Book"]),
        ("book.reviews.create(by=author)", ["book Book", "by Author"]),
        ("book.tags.add(Tag.objects.first())", [" Book", " Tag"]),
        ("Review.objects.bulk_create([Review(book=book, by=author)])", ["book Book", "by Author"]),
        ("review = Review(book=book)\n    review.save()", ["book Book"]),
        ("review = Review()\n    review.by = author\n    review.save()", ["by Author"]),
        ("Review.objects.update_or_create(pk=1, defaults={'book': book})", ["book Book"]),
        ("Tag.objects.create(label='x')", []),
    ],
)
def test_what_is_written_refers_to(tmp_path: Path, body: str, given: list[str]) -> None:
    traced = Traced(tmp_path, f"def view(book: Book, author: Author):\n    {body}\n")
    writes = [event for event in traced.trace("view").events if isinstance(event, Write)]
    assert [_words(write) for write in writes] == [given]


def test_what_a_called_function_writes_refers_to_the_rows_it_was_given(tmp_path: Path) -> None:
    source = """\
        def note(book):
            Review.objects.create(book=book, by=Author.objects.first())

        def view():
            book = Book.objects.create(title="x")
            note(book)
        """
    first, second = [e for e in Traced(tmp_path, source).trace("view").everything() if isinstance(e, Write)]
    assert first.operation == "create"
    assert _words(second) == ["book Book", "by Author"]
    assert second.given[0][1].root.identity != second.given[1][1].root.identity


def test_saving_a_model_form(tmp_path: Path) -> None:
    source = """\
        from django import forms

        class BookForm(forms.ModelForm):
            class Meta:
                model = Book
                fields = ["title"]

        def view(request):
            form = BookForm(request.POST)
            book = form.save()
            book.reviews.create(by_id=1)

        def later(request):
            book = BookForm(request.POST).save(commit=False)
            book.reviews.count()
        """
    traced = Traced(tmp_path, source)
    assert [line for line in traced.log("view") if "write" in line] == [
        "write save Book",
        "write create Review",
    ]
    assert traced.log("later") == ["count Book.reviews"]


def _words(write: Write) -> list[str]:
    return [f"{name} {row.model.rpartition('.')[2]}" for name, row in write.given]


def test_saving_the_form_of_a_generic_view(tmp_path: Path) -> None:
    source = """\
        from django import forms
        from django.views.generic.edit import CreateView

        class BookForm(forms.ModelForm):
            class Meta:
                model = Book
                fields = ["title"]

        class NewBook(CreateView):
            form_class = BookForm

            def form_valid(self, form):
                response = super().form_valid(form)
                Review.objects.create(book=self.object, by_id=1)
                return response
        """
    trace = Traced(tmp_path, source).trace("NewBook.form_valid")
    saved, review = [event for event in trace.everything() if isinstance(event, Write)]
    assert (saved.operation, saved.model) == ("save", "shop.Book")
    assert saved.receiver == review.given[0][1]
