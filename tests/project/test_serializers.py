"""What is said of serializer classes, and that REST framework says the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from api_project import cls, project_of, serializer

from djguide_analyzers.project.rest_framework import SINGLE_BASES, VIEWS, library_bases
from djguide_analyzers.project.serializers import describe_serializer, method_of

MODELS = """\
from django.db import models


class Tag(models.Model):
    name = models.SlugField(unique=True)


class Place(models.Model):
    name = models.CharField(max_length=50)


class Shop(Place):
    owner = models.ForeignKey("auth.User", on_delete=models.CASCADE, related_name="shops")
    tag = models.ForeignKey(Tag, to_field="name", null=True, on_delete=models.SET_NULL)
    tags = models.ManyToManyField(Tag, related_name="+")
    stamped = models.DateTimeField(auto_now=True)
    code = models.CharField(max_length=3, default="abc")
    note = models.TextField(blank=True)
    hidden = models.CharField(max_length=3, editable=False, default="")
    kind = models.CharField(max_length=1, choices=[("a", "A")])
    limit = models.IntegerField()

    @property
    def label(self):
        return self.name


class Item(models.Model):
    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="items")
    sku = models.CharField(max_length=20, primary_key=True)
"""
SERIALIZERS = """\
from django.contrib.auth import get_user_model
from rest_framework import serializers
from rest_framework.serializers import ALL_FIELDS

from .models import Item, Shop, Tag

NAMES = ("id", "name")
Short = serializers.CharField


class Money(serializers.DecimalField):
    def __init__(self, **kwargs):
        super().__init__(max_digits=9, decimal_places=2, **kwargs)


class Mixin:
    mixed = serializers.CharField()


class ItemSerializer(serializers.ModelSerializer):
    class Meta:
        model = Item
        fields = "__all__"


class Everything(serializers.ModelSerializer):
    class Meta:
        model = Shop
        fields = ALL_FIELDS


class Listed(Mixin, serializers.ModelSerializer):
    title = Short(source="name", required=False)
    city = serializers.CharField(source="owner.username", read_only=True)
    whole = serializers.JSONField(source="*", write_only=True)
    items = ItemSerializer(many=True)
    size = serializers.SerializerMethodField()
    named = serializers.SerializerMethodField(method_name="other")
    slugs = serializers.SlugRelatedField(slug_field="name", source="tags", many=True, read_only=True)
    price = Money(source="limit")
    quiet = serializers.HiddenField(default=1)

    class Meta:
        model = Shop
        fields = [*NAMES, "title", "city", "whole", "items", "size", "named", "slugs", "price", "quiet", "label",
                  "owner", "owner_id", "tag", "get_kind_display", "pk", "code", "limit"]
        read_only_fields = ("code",)
        extra_kwargs = {"limit": {"write_only": True}, "owner": {"required": False}}

    def get_size(self, shop):
        return 1

    def other(self, shop):
        return 2


class Child(Listed):
    title = None
    city = serializers.IntegerField()

    class Meta(Listed.Meta):
        fields = ("id", "city", "name") + ("size",)

    def get_size(self, shop):
        return 2


class Added(Listed):
    class Meta(Listed.Meta):
        fields = Listed.Meta.fields + ["stamped"]


class Deep(serializers.ModelSerializer):
    class Meta:
        model = Item
        exclude = ["sku"]
        depth = 2


class Linked(serializers.HyperlinkedModelSerializer):
    class Meta:
        model = Item
        fields = "__all__"


class Users(serializers.ModelSerializer):
    class Meta:
        model = get_user_model()
        fields = ["id", "username", "shops"]


class Plain(serializers.Serializer):
    name = serializers.CharField()
    at = serializers.DateTimeField(required=False)
"""
FILES = {"shop/models.py": MODELS, "shop/serializers.py": SERIALIZERS}
CHECKED = ["ItemSerializer", "Everything", "Listed", "Child", "Added", "Deep", "Linked", "Users", "Plain"]

ORACLE = """\
import json
import sys

import django
from django.conf import settings

sys.path.insert(0, sys.argv[1])
import os

os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
django.setup()
from rest_framework import relations, serializers as drf
from shop import serializers

answer = {}
for name in sys.argv[2:]:
    made = getattr(serializers, name)()
    rows = []
    for field in made.fields.values():
        inner = field
        many = isinstance(field, (drf.ListSerializer, relations.ManyRelatedField))
        if isinstance(field, drf.ListSerializer):
            inner = field.child
        elif many:
            inner = field.child_relation
        kind = "nested" if isinstance(inner, drf.BaseSerializer) else type(inner).__name__
        rows.append([field.field_name, field.source, many, field.read_only, field.write_only, field.required, kind])
    answer[name] = rows
print(json.dumps(answer))
"""
KINDS = {
    "PrimaryKeyRelatedField": "key",
    "SlugRelatedField": "slug",
    "HyperlinkedRelatedField": "hyperlink",
    "HyperlinkedIdentityField": "identity",
    "SerializerMethodField": "method",
    "HiddenField": "hidden",
    "nested": "nested",
    "ReadOnlyField": "property",
}


@pytest.fixture(scope="module")
def said_by_the_framework(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[object]]]:
    """Fields of each serializer as REST framework makes them."""
    root = tmp_path_factory.mktemp("oracle")
    project_of(root, FILES)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ORACLE, root.as_posix(), *CHECKED],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("installed", [False, True], ids=["alone", "installed"])
@pytest.mark.parametrize("name", CHECKED)
def test_fields_are_those_of_the_framework(
    tmp_path: Path, said_by_the_framework: dict[str, list[list[object]]], name: str, installed: bool
) -> None:
    found = serializer(project_of(tmp_path, FILES, installed=installed), name)
    expected = said_by_the_framework[name]
    assert [field.name for field in found.fields] == [row[0] for row in expected]
    assert found.certain
    for field, (_, source, many, read_only, write_only, required, kind) in zip(
        found.fields, expected, strict=True
    ):
        if field.source:
            assert ".".join(field.source) == ("id" if source == "pk" else source), field.name
        assert field.many == many, field.name
        assert field.read_only in (None, read_only), field.name
        assert field.write_only in (None, write_only), field.name
        assert field.required in (None, required), field.name
        plain = field.kind if field.kind in ("column", "value") else "?"
        assert field.kind == KINDS.get(str(kind), plain), field.name


def test_known_for_sure_where_nothing_is_in_the_way(tmp_path: Path) -> None:
    found = serializer(project_of(tmp_path, FILES), "Listed")
    unsure = {field.name for field in found.fields if None in (field.read_only, field.write_only)}
    assert unsure == {"price"}  # the class has an __init__ of its own
    assert serializer(project_of(tmp_path, FILES), "Child").field("title") is None


@pytest.mark.parametrize(
    ("line", "known"),
    [
        ("from i18nfield.rest_framework import I18nAwareModelSerializer as Base", True),
        ("from rest_flex_fields.serializers import FlexFieldsModelSerializer as Base", True),
        ("from rest_framework_gis.serializers import GeoFeatureModelSerializer as Base", True),
        ("from rest_framework_nested.serializers import NestedHyperlinkedModelSerializer as Base", True),
        ("from drf_writable_nested.serializers import WritableNestedModelSerializer as Base", False),
        ("from elsewhere import I18nAwareModelSerializer as Base", False),
    ],
)
def test_packages_that_cannot_be_read(tmp_path: Path, line: str, known: bool) -> None:
    """Well-known bases leave the framework's fields as they are, also where nobody installed them."""
    text = (
        f"{line}\nfrom rest_flex_fields import FlexFieldsSerializerMixin\nfrom shop.models import Tag\n"
        "class A(FlexFieldsSerializerMixin, Base):\n"
        "    class Meta:\n        model = Tag\n        fields = ['id', 'name']\n"
    )
    project = project_of(tmp_path, {"shop/models.py": MODELS, "shop/serializers.py": text})
    if known:
        found = serializer(project, "A")
        assert (found.complete, found.certain, found.is_model) == (True, True, True)
        assert [field.name for field in found.fields] == ["id", "name"]
    else:
        assert describe_serializer(project, cls(project, "shop.serializers.A")) is None


def test_methods_are_those_of_the_class_itself(tmp_path: Path) -> None:
    project = project_of(tmp_path, FILES)
    listed, child = serializer(project, "Listed"), serializer(project, "Child")
    size = listed.field("size")
    named = listed.field("named")
    assert size is not None
    assert named is not None
    assert size.method is not None
    assert size.method.dotted == "shop.serializers.Listed.get_size"
    assert named.method is not None
    assert named.method.name == "other"
    own = method_of(project, child.cls, size)
    assert own is not None
    assert own.dotted == "shop.serializers.Child.get_size"


def test_plain_mixins_hand_no_fields_down(tmp_path: Path) -> None:
    found = serializer(project_of(tmp_path, FILES), "Listed")
    assert "mixed" not in found.declared
    assert found.complete


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("class A(base.Serializer):\n    name = serializers.CharField()\n", "complete"),
        ("class A(serializers.Serializer):\n    name = fields.Phone()\n", "field"),
        (
            "class A(serializers.ModelSerializer):\n    class Meta:\n        model = Tag\n"
            "        fields = base.NAMES\n",
            "certain",
        ),
        (
            "class A(serializers.ModelSerializer):\n    class Meta:\n        model = Tag\n"
            "        fields = '__all__'\n    def get_fields(self):\n        return {}\n",
            "certain",
        ),
        (
            "class A(serializers.ModelSerializer):\n    class Meta:\n        model = Tag\n"
            "        fields = ['id'] if DEBUG else ['name']\n",
            "certain",
        ),
        (
            "NAMES = ['id']\nNAMES.append('name')\n"
            "class A(serializers.ModelSerializer):\n    class Meta:\n        model = Tag\n        fields = NAMES\n",
            "certain",
        ),
    ],
)
def test_what_cannot_be_known_is_said_to_be_unknown(tmp_path: Path, text: str, what: str) -> None:
    head = (
        "from elsewhere import base, fields\nfrom rest_framework import serializers\n"
        "from shop.models import Tag\n"
    )
    imported = {
        "shop/models.py": MODELS,
        "shop/serializers.py": head + text.replace("base.Serializer", "base.Own"),
    }
    if what == "complete":
        imported["shop/serializers.py"] = head + (
            "class A(base.Own, serializers.Serializer):\n    name = serializers.CharField()\n"
        )
    found = serializer(project_of(tmp_path, imported), "A")
    if what == "complete":
        assert not found.complete
    elif what == "field":
        assert found.declared["name"].kind == "unknown"
        assert not found.declared["name"].certain
    else:
        assert not found.certain


def test_the_tables_are_those_of_the_framework() -> None:
    """Bases and names of the library's classes, compared with the library that is installed."""
    code = """\
import inspect, json
from django.conf import settings
apps = ["django.contrib.auth", "django.contrib.contenttypes", "rest_framework.authtoken"]
settings.configure(INSTALLED_APPS=apps)
import django
django.setup()
from rest_framework import (
    fields, filters, generics, mixins, pagination, permissions, relations, routers, serializers, views, viewsets
)
from rest_framework.authtoken import views as tokens
answer = {}
for module in (fields, filters, generics, mixins, pagination, permissions, relations, routers, serializers, views,
               viewsets, tokens):
    for name, cls in vars(module).items():
        if inspect.isclass(cls) and cls.__module__ == module.__name__:
            line = [c.__name__ for c in cls.__mro__ if c.__module__.startswith("rest_framework")]
            answer[name] = [line, [n for n in vars(cls) if not n.startswith("__")]]
print(json.dumps(answer))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    real = json.loads(done.stdout)
    for name, (_, names) in VIEWS.items():
        assert list(library_bases(name)) == real[name][0], name
        assert set(names.split()) == set(real[name][1]), name
    # Composition of permissions and what later versions took out are no part of the tables.
    left_out = {"OperationHolderMixin", "_UnvalidatedField"}
    for name in SINGLE_BASES:
        if name != "NullBooleanField":
            assert list(library_bases(name)) == [b for b in real[name][0] if b not in left_out], name
