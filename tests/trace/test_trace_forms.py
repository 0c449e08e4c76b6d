"""What the labels of a form's choices read."""

from __future__ import annotations

import pytest
from tracing import Traced, missed

from djguide_analyzers.trace.missing import misses

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
