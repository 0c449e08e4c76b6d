"""What the model graph knows, and what it says it does not know."""

from __future__ import annotations

import pytest
from model_sources import Texts, graph_of, linked

from djguide_analyzers.project.models import models_document

SHOP = """
from django.conf import settings
from django.db import models

class Author(models.Model):
    name = models.CharField(max_length=30)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="author")

class Book(models.Model):
    author = models.ForeignKey(Author, models.CASCADE)
    readers = models.ManyToManyField("auth.User", related_name="books_read")

    class Meta:
        ordering = ["-id"]
"""


def reasons(graph):
    return {row.subject: row.reason for row in graph.unknown}


def test_without_settings_every_package_with_models_is_an_application():
    graph = graph_of({"shop/__init__.py": "", "shop/models.py": SHOP})
    assert {label for label in graph.models if label.startswith("shop.")} == {"shop.Author", "shop.Book"}
    assert graph.models["shop.Book"].fields["author"].target == "shop.Author"
    assert graph.models["shop.Book"].pk == "id"
    assert graph.unknown == []


def test_models_of_django_that_relations_lead_to_are_read_from_its_source():
    user = graph_of({"shop/models.py": SHOP}).models["auth.User"]
    assert user.fields["username"].max_length == 150
    assert user.reverse["author"].kind == "o2o"
    assert user.reverse["books_read"].model == "shop.Book"
    assert "password" in user.fields


def test_reverse_accessors_by_default_and_by_name():
    author = graph_of({"shop/models.py": SHOP}).models["shop.Author"]
    assert list(author.reverse) == ["book_set"]
    assert author.reverse["book_set"].query_name == "book"


def test_a_swapped_user_is_the_target():
    settings = {"INSTALLED_APPS": ["people", "shop"], "AUTH_USER_MODEL": "people.Person"}
    people = "from django.contrib.auth.models import AbstractUser\nclass Person(AbstractUser):\n    pass\n"
    graph = graph_of({"shop/models.py": SHOP, "people/models.py": people}, settings)
    assert graph.models["shop.Author"].fields["user"].target == "people.Person"
    assert graph.auth_user == "people.Person"
    assert graph.models["people.Person"].reverse["author"].source.name == "user"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [({}, "AutoField"), ({"DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField"}, "BigAutoField")],
)
def test_the_automatic_primary_key_follows_the_setting(settings, expected):
    graph = graph_of({"shop/models.py": SHOP}, {"INSTALLED_APPS": ["shop"], **settings})
    assert graph.models["shop.Book"].fields["id"].django_base == expected


def test_models_of_packages_that_are_not_installed_do_not_count():
    ghost = "from django.db import models\nclass Ghost(models.Model):\n    book = models.ForeignKey('shop.Book', models.CASCADE)\n"  # noqa: E501
    graph = graph_of({"shop/models.py": SHOP, "ghosts/models.py": ghost}, {"INSTALLED_APPS": ["shop"]})
    assert "ghosts.Ghost" not in graph.models
    assert "ghost_set" not in graph.models["shop.Book"].reverse


def test_models_of_a_plugin_count_where_the_settings_are_those_of_its_host():
    settings = {"INSTALLED_APPS": ["django.contrib.contenttypes"]}
    graph = graph_of({"shop/models.py": SHOP, "site/settings.py": ""}, settings)
    book = graph.models["shop.Book"]
    assert book.installed
    assert "install none of the project's own" in book.doubts["installed"]


def test_a_field_knows_where_it_stands():
    graph = graph_of({"shop/models.py": SHOP})
    field = graph.models["shop.Book"].fields["author"]
    assert field.code is not None and field.node is not None and field.call is not None
    assert field.code.range(field.node).start.line == 9
    assert field.owner is graph.models["shop.Book"].cls


def test_inherited_fields_point_to_the_abstract_class_that_declares_them():
    text = """
from django.db import models
class Named(models.Model):
    name = models.TextField()
    class Meta:
        abstract = True
class Shop(Named):
    pass
"""
    graph = graph_of({"shop/models.py": text})
    field = graph.models["shop.Shop"].fields["name"]
    assert field.owner is not None and field.owner.name == "Named" and field.local
    named = next(cls for cls in graph.abstract if cls.name == "Named")
    assert graph.abstract_models[named].fields["name"].django_base == "TextField"
    assert graph.of_class(named) is None


def test_a_field_under_an_undecided_condition_is_there_but_not_certain():
    text = """
import os
from django.db import models
class Shop(models.Model):
    if os.environ.get("WITH_TAX"):
        tax = models.IntegerField()
    name = models.TextField()
"""
    graph = graph_of({"shop/models.py": text})
    fields = graph.models["shop.Shop"].fields
    assert fields["name"].certain and not fields["tax"].certain
    assert reasons(graph) == {
        "shop.Shop.tax": "it is only there under a condition that could not be evaluated"
    }


def test_an_argument_that_cannot_be_known_is_said_with_its_place():
    text = """
import os
from django.db import models
class Shop(models.Model):
    name = models.CharField(max_length=int(os.environ["LENGTH"]))
"""
    graph = graph_of({"shop/models.py": text})
    assert graph.models["shop.Shop"].fields["name"].max_length is None
    [row] = graph.unknown
    assert (row.subject, row.path, row.line) == ("shop.Shop.name", "/project/shop/models.py", 5)


def test_a_field_class_that_is_not_installed_keeps_what_it_was_given():
    text = """
from django.db import models
from somewhere.fields import FancyField, FancyForeignKey
class Shop(models.Model):
    fancy = FancyField(max_length=9, null=True, unique=True)
    link = FancyForeignKey("auth.User", on_delete=models.CASCADE)
"""
    graph = graph_of({"shop/models.py": text})
    fields = graph.models["shop.Shop"].fields
    fancy = fields["fancy"]
    assert (fancy.class_name, fancy.django_base, fancy.max_length) == ("somewhere.fields.FancyField", None, 9)
    assert fancy.null and fancy.unique and not fancy.certain
    assert (fields["link"].kind, fields["link"].target) == ("fk", "auth.User")
    assert "somewhere.fields.FancyField was not found" in reasons(graph)["shop.Shop.fancy"]


def test_a_base_class_that_is_not_installed_makes_a_model_incomplete():
    text = """
from django.db import models
from somewhere.models import Base
class Shop(Base):
    name = models.TextField()
"""
    graph = graph_of({"shop/models.py": text})
    assert not graph.models["shop.Shop"].complete
    assert "somewhere.models.Base" in reasons(graph)["shop.Shop"]


def test_serializers_and_forms_are_no_models():
    text = """
from rest_framework import serializers
from somewhere import forms
class BookSerializer(serializers.ModelSerializer):
    name = serializers.CharField()
class BookForm(forms.Form):
    name = forms.CharField()
"""
    assert list(graph_of({"shop/models.py": text}).models) == []


def test_a_well_known_package_that_is_not_installed_is_sketched():
    text = """
from django.db import models
from taggit.managers import TaggableManager
class Shop(models.Model):
    tags = TaggableManager()
"""
    graph = graph_of({"shop/models.py": text})
    tags = graph.models["shop.Shop"].fields["tags"]
    assert (tags.kind, tags.target, tags.through) == ("m2m", "taggit.Tag", "taggit.TaggedItem")
    assert not tags.certain
    assert "taggit is not installed" in reasons(graph)["shop.Shop.tags"]


def test_the_project_s_own_package_of_that_name_is_not_sketched():
    own = "from django.db import models\nclass TaggableManager(models.ManyToManyField):\n    pass\n"
    text = """
from django.db import models
from taggit.managers import TaggableManager
class Shop(models.Model):
    tags = TaggableManager("auth.Group")
"""
    graph = graph_of({"shop/models.py": text, "taggit/__init__.py": "", "taggit/managers.py": own})
    assert graph.models["shop.Shop"].fields["tags"].target == "auth.Group"


def test_a_history_model_is_made_as_its_package_does():
    text = """
from django.db import models
from simple_history.models import HistoricalRecords
class Poll(models.Model):
    slug = models.SlugField(unique=True)
    history = HistoricalRecords()
"""
    history = graph_of({"polls/models.py": text}).models["polls.HistoricalPoll"]
    assert history.pk == "history_id"
    assert not history.fields["slug"].unique and history.fields["slug"].db_index
    assert history.fields["history_user"].target == "auth.User"


@pytest.mark.parametrize(
    "text",
    [
        "class A(B): pass\nclass B(A): pass\n",
        "class A(A): pass\n",
        "from .models import *\nfrom django.db import models\nclass A(models.Model):\n    a = a\n",
        "from django.db import models\nclass A(models.Model):\n    f = models.ForeignKey(\n",
        "from django.db import models\nclass A(models.Model):\n    f = models.ForeignKey()\n    g = models.CharField(1, 2, 3, 4, 5, *6)\n",  # noqa: E501
        "from django.db import models\ndef f(x):\n    return f(x + 1)\nclass A(models.Model):\n    f = models.CharField(max_length=f(1))\n",  # noqa: E501
        "from django.db import models\nx = 0\nwhile True:\n    x += 1\nclass A(models.Model):\n    f = models.CharField(max_length=x)\n",  # noqa: E501
        "from django.db import models\nclass A(models.Model):\n    class Meta:\n        ordering = 3\n        indexes = [1]\n        unique_together = 4\n        db_table = None\n",  # noqa: E501
        "from django.db import models\nclass A(models.Model):\n    f = models.CharField(max_length=[1] * 10 ** 9)\n    g = models.TextField('x' * 10 ** 10)\n",  # noqa: E501
    ],
)
def test_bad_input_never_fails(text):
    graph_of({"shop/__init__.py": "", "shop/models.py": text})


def test_a_broken_field_does_not_take_the_others_with_it():
    text = "from django.db import models\nclass A(models.Model):\n    f = nothing.at.all()\n    g = models.TextField()\n"  # noqa: E501
    assert "g" in graph_of({"shop/models.py": text}).models["shop.A"].fields


def test_the_document_has_paths_below_the_project_and_lines():
    graph = graph_of({"shop/models.py": SHOP})
    models = {model["label"]: model for model in models_document(graph, "/project")["models"]}
    book = models["shop.Book"]
    assert (book["file"], book["line"], book["project"]) == ("shop/models.py", 9, True)
    user = models["auth.User"]
    assert user["file"] == "site-packages/django/contrib/auth/models.py" and not user["project"]
    assert next(r for r in book["relations"] if r["name"] == "author")["accessor"] == "book_set"


def test_building_twice_from_the_same_modules_says_the_same():
    find = Texts({"shop/models.py": SHOP})
    from djguide_analyzers.project.models import build_graph
    from djguide_analyzers.project.resolve import Resolver

    first, second = (
        models_document(build_graph(Resolver(find), find.modules()), "/project") for _ in range(2)
    )
    assert first == second


def test_a_tree_model_gets_its_columns_from_the_package_s_metaclass():
    text = """
from mptt.models import MPTTModel, TreeForeignKey
class Genre(MPTTModel):
    parent = TreeForeignKey("self", null=True, on_delete=2, related_name="children")
    class MPTTMeta:
        level_attr = "depth"
"""
    genre = graph_of({"shop/models.py": text}).models["shop.Genre"]
    assert {"lft", "rght", "tree_id", "depth"} <= set(genre.fields)
    assert genre.fields["tree_id"].db_index and not genre.fields["lft"].db_index
    assert genre.fields["parent"].django_base == "ForeignKey"
    assert genre.reverse["children"].model == "shop.Genre"


def test_a_base_in_a_package_s_models_makes_a_model():
    text = "from somewhere.models import SoftDeletable\nclass Shop(SoftDeletable):\n    pass\n"
    assert "shop.Shop" in graph_of({"shop/models.py": text}).models


def test_a_class_made_under_an_undecided_condition_is_no_model():
    text = """
import os
from django.db import models
def log_for(model):
    if not os.environ.get("WITH_LOGS"):
        return model
    type("Log", (models.Model,), {"__module__": model.__module__})
    return model
@log_for
class Shop(models.Model):
    pass
"""
    graph = graph_of({"shop/models.py": text})
    assert list(graph.models) == ["shop.Shop"]
    assert "only made under a condition" in reasons(graph)["shop.Log"]


def test_a_manager_class_made_from_a_queryset_class_knows_it() -> None:
    text = """\
from django.db import models


class BookQuerySet(models.QuerySet):
    def cheap(self):
        return self.filter(price__lt=5)


class BookManager(models.Manager.from_queryset(BookQuerySet)):
    pass


class Book(models.Model):
    price = models.IntegerField()

    objects = BookManager()
    plain = models.Manager()
"""
    managers = graph_of({"shop/models.py": text}).models["shop.Book"].managers
    made = managers["objects"].queryset_cls
    assert made is not None and made.name == "BookQuerySet"
    assert managers["plain"].queryset_cls is None


def test_of_two_accessors_of_one_name_the_certain_one_is_there():
    row = "from django.db import models\nclass Row(models.Model):\n    thing = models.ForeignKey('shop.Thing', models.CASCADE, related_name='rows')\n"  # noqa: E501
    settings = (
        "import os\nINSTALLED_APPS = ['other'] if os.environ.get('OTHER') else []\n"
        "INSTALLED_APPS += ['shop', 'used']\n"
    )
    thing = "from django.db import models\nclass Thing(models.Model): ...\n"
    texts = {"other/models.py": row, "shop/models.py": thing, "used/models.py": row, "settings.py": settings}
    rows = linked(texts).models["shop.Thing"].reverse["rows"]
    assert (rows.model, rows.certain) == ("used.Row", True)
