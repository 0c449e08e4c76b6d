"""What the labels of a form's choices read."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracing import Traced, missed

from djguide_analyzers.trace.missing import misses
from djguide_analyzers.trace.tracer import trace_top_level

FORMS = """
from django import forms
from third_party import Select2


class Ordered(forms.ModelChoiceField):
    def label_from_instance(self, book):
        return f"{book.title} ({book.author.name})"


class Titles(forms.ModelMultipleChoiceField):
    def label_from_instance(self, book):
        return book.title


class Fancy(forms.Select):
    template_name = "fancy.html"


class Remote(forms.Select):
    def optgroups(self, name, value, attrs=None):
        return []


class Declared(forms.Form):
    author = forms.ModelChoiceField(queryset=Author.objects.all())
    authors = forms.ModelMultipleChoiceField(Author.objects.order_by("name"), widget=forms.CheckboxSelectMultiple)
    fancy = forms.ModelChoiceField(queryset=Author.objects, widget=Fancy(attrs={"class": "x"}))
    ordered = Ordered(queryset=Book.objects.all())


class Silent(forms.Form):
    joined = forms.ModelChoiceField(queryset=Author.objects.select_related("agent"))
    hidden = forms.ModelChoiceField(queryset=Author.objects.all(), widget=forms.HiddenInput)
    many_hidden = forms.ModelMultipleChoiceField(queryset=Author.objects.all(), widget=forms.MultipleHiddenInput())
    text = forms.ModelChoiceField(queryset=Author.objects.all(), widget=forms.TextInput)
    foreign = forms.ModelChoiceField(queryset=Author.objects.all(), widget=Select2)
    remote = forms.ModelChoiceField(queryset=Author.objects.all(), widget=Remote)
    own_columns = forms.ModelChoiceField(queryset=Publisher.objects.all())
    titles = Titles(queryset=Book.objects.all())
    none = forms.ModelChoiceField(queryset=Author.objects.none())


class Assigned(forms.Form):
    empty = forms.ModelChoiceField(queryset=Author.objects.none())
    all_of_them = forms.ModelChoiceField(queryset=Author.objects.all())
    labelled = forms.ModelChoiceField(queryset=Author.objects.all())
    gone = forms.ModelChoiceField(queryset=Author.objects.all())
    required = forms.ModelChoiceField(queryset=Author.objects.all())

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["empty"].queryset = Author.objects.filter(name__gt="")
        self.fields["all_of_them"].queryset = Author.objects.select_related("agent")
        self.fields["labelled"].label_from_instance = lambda author: author.name
        self.fields["required"].required = False
        self.fields["required"].widget.attrs["class"] = "x"
        self.fields.pop("gone")


class Anything(forms.Form):
    author = forms.ModelChoiceField(queryset=Author.objects.all())

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in list(self.fields):
            self.fields[name].widget = forms.HiddenInput()


class Styled(forms.Form):
    author = forms.ModelChoiceField(queryset=Author.objects.all())

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in self.fields:
            self.fields[name].widget.attrs["class"] = "x"


class Made(forms.ModelForm):
    class Meta:
        model = Book
        fields = ["title", "author", "publisher", "tags"]


class MadeWhole(forms.ModelForm):
    class Meta:
        model = Review
        fields = "__all__"


class MadeExcluded(forms.ModelForm):
    class Meta:
        model = Book
        exclude = ["author"]


class MadeHidden(forms.ModelForm):
    class Meta:
        model = Book
        fields = ["author"]
        widgets = {"author": forms.HiddenInput}


class MadeOver(forms.ModelForm):
    author = forms.ModelChoiceField(queryset=Author.objects.select_related("agent"))

    class Meta:
        model = Book
        fields = ["author"]


class Inherited(Made):
    pass
"""


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Traced:
    return Traced(tmp_path_factory.mktemp("forms"), FORMS)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("Declared", ["Author: agent", "Author: agent", "Author: agent", "Book: author"]),
        ("Silent", []),
        ("Assigned", ["Author: agent", "Author: agent"]),
        ("Anything", []),
        ("Styled", ["Author: agent"]),
        ("Made", ["Author: agent"]),
        ("MadeWhole", ["Author: agent"]),
        ("MadeExcluded", []),
        ("MadeHidden", []),
        ("MadeOver", []),
        ("Inherited", ["Author: agent"]),
    ],
)
def test_labels(traced: Traced, form: str, expected: list[str]) -> None:
    found = misses(traced.trace_class(form).events)
    places = {(miss.loop.site, miss.path): miss for miss in found}
    assert [missed(miss) for miss in places.values()] == expected
    assert {miss.reader for miss in found} <= {"choices"}


def test_what_derived_forms_and_the_admin_change(tmp_path: Path) -> None:
    source = """
    from django import forms
    from django.contrib import admin

    class Base(forms.ModelForm):
        class Meta:
            model = Book
            fields = ["author"]

    class Narrowed(Base):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.fields["author"].queryset = Author.objects.select_related("agent")

    class InlineForm(forms.ModelForm):
        class Meta:
            model = Review
            fields = "__all__"

    class RawForm(forms.ModelForm):
        class Meta:
            model = Review
            fields = "__all__"

    class PlainForm(forms.ModelForm):
        class Meta:
            model = Review
            fields = "__all__"

    class ReviewInline(admin.TabularInline):
        model = Review
        form = InlineForm

    @admin.register(Review)
    class ReviewAdmin(admin.ModelAdmin):
        form = RawForm
        raw_id_fields = ["by"]

    @admin.register(Cover)
    class PlainAdmin(admin.ModelAdmin):
        form = PlainForm
    """
    traced = Traced(tmp_path, source)
    for silent in "Base", "Narrowed", "InlineForm", "RawForm":
        assert misses(traced.trace_class(silent).events) == [], silent
    assert [missed(miss) for miss in misses(traced.trace_class("PlainForm").events)] == ["Author: agent"]


VALIDATED = """
from django import forms

class Posted(forms.Form):
    author = forms.ModelChoiceField(queryset=Author.objects.all())

class Shown(forms.Form):
    author = forms.ModelChoiceField(queryset=Author.objects.all())

class Handed(forms.Form):
    author = forms.ModelChoiceField(queryset=Author.objects.all())

def remove(request):
    form = Posted(request.POST)
    return form.is_valid(), Posted(data=request.POST).is_valid(), Handed(request.POST)

def show(request):
    return Shown(request.POST or None), Handed
"""


@pytest.mark.parametrize(("form", "count"), [("Posted", 0), ("Shown", 1), ("Handed", 1)])
def test_forms_that_only_validate_list_nothing(tmp_path: Path, form: str, count: int) -> None:
    assert len(misses(Traced(tmp_path, VALIDATED).trace_class(form).events)) == count


def test_a_trace_rests_on_the_forms_it_looks_into(tmp_path: Path) -> None:
    base = """
    from django import forms

    class Base(forms.Form):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.fields["author"].required = False
    """
    source = """
    from django import forms
    from shop.bases import Base

    class Child(Base):
        author = forms.ModelChoiceField(queryset=Author.objects.all())

    ChildSet = forms.formset_factory(Base)
    """
    traced = Traced(tmp_path, source, bases=base)
    home = next(m for m in traced.project.modules.values() if m.name == "shop.views")
    assert any(path.endswith("shop/bases.py") for path in traced.trace_class("Child").modules)
    assert any(path.endswith("shop/bases.py") for path in trace_top_level(traced.project, home).modules)
