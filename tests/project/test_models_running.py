"""What applications do to models while they are loaded: ``ready()``, ``class_prepared``, top-level calls."""

from __future__ import annotations

import pytest
from model_sources import graph_of, linked

SHOP = """from django.db import models
class Order(models.Model):
    name = models.TextField()
class Line(models.Model):
    order = models.ForeignKey(Order, models.CASCADE)
"""
CONFIG = """from django.apps import AppConfig, apps
from django.db import models
class Shop(AppConfig):
    name = 'shop'
"""
SETTINGS = "INSTALLED_APPS = ['shop']\nimport os\nFLAG = os.environ.get('FLAG') == 'yes'\n"


def graph_with(ready: str, **files: str):
    """The graph of a shop whose configuration has a ``ready`` of these statements."""
    body = "    def ready(self):\n" + "".join(f"        {line}\n" for line in ready.splitlines())
    texts = {"shop/models.py": SHOP, "shop/apps.py": CONFIG + body, "settings.py": SETTINGS}
    return linked({**texts, **{name.replace("__", "/") + ".py": text for name, text in files.items()}})


KNOWN = {
    "imported": "from shop.models import Order\nOrder.add_to_class('code', models.SlugField(unique=True))",
    "by keywords": "from .models import Order\nOrder.add_to_class(value=models.SlugField(unique=True), name='code')",  # noqa: E501
    "by the field's keywords": "from .models import Order\nmodels.SlugField(unique=True).contribute_to_class(cls=Order, name='code')",  # noqa: E501
    "by its label": "apps.get_model('shop.Order').add_to_class('code', models.SlugField(unique=True))",
    "by the configuration": "self.get_model('Order').add_to_class('code', models.SlugField(unique=True))",
    "by the field": "from .models import Order\nmodels.SlugField(unique=True).contribute_to_class(Order, 'code')",
    "by a variable": "from .models import Order\nfield = models.SlugField(unique=True)\nfield.contribute_to_class(Order, 'code')",  # noqa: E501
    "in a loop": "from .models import Order\nfor name in ['code']:\n    Order.add_to_class(name, models.SlugField(unique=True))",  # noqa: E501
    "guarded": "from .models import Order\nif not hasattr(Order, 'code'):\n    Order.add_to_class('code', models.SlugField(unique=True))",  # noqa: E501
    "by a module": "from . import patches",
    "by a function": "from .patches import patch\npatch()",
    "after something that fails": "import nowhere\nnowhere.start()\nraise_something()\nfrom .models import Order\nOrder.add_to_class('code', models.SlugField(unique=True))",  # noqa: E501
}
PATCHES = """from django.db import models
from shop.models import Order
def patch():
    if not hasattr(Order, "code"):
        Order.add_to_class("code", models.SlugField(unique=True))
patch()
"""


@pytest.mark.parametrize("ready", KNOWN.values(), ids=list(KNOWN))
def test_a_field_that_is_certainly_added(ready):
    graph = graph_with(ready, shop__patches=PATCHES)
    code = graph.models["shop.Order"].fields["code"]
    assert (code.django_base, code.unique, code.certain) == ("SlugField", True, True)
    assert code.code is not None and code.call is not None
    assert graph.unknown == []


def test_a_relation_that_is_added_has_its_other_side():
    ready = "from .models import Line, Order\nOrder.add_to_class('best', models.OneToOneField(Line, models.CASCADE, null=True))"  # noqa: E501
    graph = graph_with(ready)
    assert graph.models["shop.Line"].reverse["order"].source.name == "best"
    assert graph.models["shop.Order"].fields["best"].target == "shop.Line"


UNSURE = {
    "an uncertain setting": "from django.conf import settings\nfrom .models import Order\nif not settings.FLAG:\n    Order.add_to_class('code', models.SlugField())",  # noqa: E501
    "a condition": "import os\nfrom .models import Order\nif os.path.exists('/x'):\n    Order.add_to_class('code', models.SlugField())",  # noqa: E501
    "after a return": "import os\nfrom .models import Order\nif os.path.exists('/x'):\n    return\nOrder.add_to_class('code', models.SlugField())",  # noqa: E501
}


@pytest.mark.parametrize("ready", UNSURE.values(), ids=list(UNSURE))
def test_a_field_that_may_be_added_is_not_certain(ready):
    graph = graph_with(ready)
    assert not graph.models["shop.Order"].fields["code"].sure()
    [row] = [row for row in graph.unknown if row.subject == "shop.Order.code"]
    assert "under a condition" in row.reason and row.path is not None


LOST = {
    "unknown model": "import os\napps.get_model(os.environ['M']).add_to_class('code', models.SlugField())",
    "all models": "for model in apps.get_models():\n    model.add_to_class('code', models.SlugField())",
    "unknown name": "import os\nfrom .models import Order\nOrder.add_to_class(os.environ['N'], models.SlugField())",
    "unknown field": "from .models import Order\nfrom nowhere import make\nOrder.add_to_class('code', make()())",
    "no arguments": "from .models import Order\nOrder.add_to_class()",
    "unknown class": "from nowhere.models import Thing\nThing.add_to_class('code', models.SlugField())",
    "unknown target": "from nowhere import find\nmodels.SlugField().contribute_to_class(find(), 'code')",
}


@pytest.mark.parametrize("ready", LOST.values(), ids=list(LOST))
def test_something_that_is_added_nobody_knows_where_is_said(ready):
    graph = graph_with(ready)
    assert "code" not in graph.models["shop.Order"].fields
    [row] = [row for row in graph.unknown if "adds something to a model" in row.reason]
    assert row.path == "/project/shop/apps.py" and row.line == 5 + len(ready.splitlines())


@pytest.mark.parametrize(
    "connect",
    [
        "def add(sender, **kwargs):\n    BODY\nclass_prepared.connect(add)\n",
        "@receiver(class_prepared)\ndef add(sender, **kwargs):\n    BODY\n",
        "@receiver([class_prepared])\ndef add(sender, **kwargs):\n    BODY\n",
    ],
)
def test_a_receiver_of_class_prepared_adds_a_field(connect):
    body = "if sender.__name__ == 'Order':\n        sender.add_to_class('code', models.SlugField())"
    head = "from django.db.models.signals import class_prepared\nfrom django.dispatch import receiver\n"
    config = head + CONFIG + connect.replace("BODY", body)
    graph = linked({"shop/models.py": SHOP, "shop/apps.py": config, "settings.py": SETTINGS})
    assert graph.models["shop.Order"].fields["code"].certain
    assert "code" not in graph.models["shop.Line"].fields


def test_a_configuration_that_connects_when_it_is_made():
    config = (
        "from django.db.models.signals import class_prepared\n"
        "def add(sender, **kwargs):\n    if sender.__name__ == 'Order':\n"
        "        sender.add_to_class('code', models.SlugField())\n"
        + CONFIG
        + "    def __init__(self, *args, **kwargs):\n        super().__init__(*args, **kwargs)\n"
        "        class_prepared.connect(add)\n"
    )
    graph = linked({"shop/models.py": SHOP, "shop/apps.py": config, "settings.py": SETTINGS})
    assert graph.models["shop.Order"].fields["code"].certain


def test_a_field_that_is_added_at_the_top_level_under_a_condition():
    text = (
        SHOP + "from django.conf import settings\n"
        "if settings.FLAG:\n    Order.add_to_class('code', models.SlugField())\n"
    )
    graph = linked({"shop/models.py": text, "settings.py": SETTINGS})
    assert "code" not in graph.models["shop.Order"].fields
    graph = linked({"shop/models.py": text, "settings.py": SETTINGS + "FLAG = True\n"})
    assert graph.models["shop.Order"].fields["code"].certain


def test_ready_of_an_application_that_may_not_be_installed_adds_nothing_certain():
    other = CONFIG.replace("'shop'", "'other'") + (
        "    def ready(self):\n        from shop.models import Order\n"
        "        Order.add_to_class('code', models.SlugField())\n"
    )
    files = {"shop/models.py": SHOP, "other/apps.py": other, "prod.py": "INSTALLED_APPS = ['shop']\n"}
    graph = linked({**files, "dev.py": "INSTALLED_APPS = ['shop', 'other']\n"}, "prod", "dev")
    assert not graph.models["shop.Order"].fields["code"].sure()
    assert "code" not in linked(files, "prod").models["shop.Order"].fields


@pytest.mark.parametrize(
    "ready",
    [
        "self.ready()",
        "while True:\n    pass",
        "def f():\n    return f()\nf()",
        "yield 1",
        "return 1 +",
        "for n in enumerate(iterable=[1]):\n    pass\nsorted()\nlist(1, 2, 3)",
    ],
)
def test_a_ready_that_goes_nowhere_does_no_harm(ready):
    assert "name" in graph_with(ready).models["shop.Order"].fields


# --- automatic through models ----------------------------------------------------------------------------


def test_a_through_model_of_a_field_that_is_not_certain_is_not_either():
    text = SHOP + (
        "import os\nclass Bag(models.Model):\n    orders = models.ManyToManyField(Order)\n"
        "    if os.environ.get('X'):\n        lines = models.ManyToManyField(Line)\n"
        "    others = models.ManyToManyField(os.environ['Y'])\n"
    )
    graph = linked({"shop/models.py": text, "settings.py": "INSTALLED_APPS = ['shop']\n"})
    sure, unsure, lost = (graph.through_models[f"shop.Bag_{name}"] for name in ("orders", "lines", "others"))
    assert sure.certain and sure.auto_created and sure.made_by == "shop.Bag.orders"
    assert (list(sure.fields), sure.unique_together) == (["id", "bag", "order"], [["bag", "order"]])
    assert not unsure.sure()
    assert list(lost.fields) == ["id", "bag"] and not lost.sure("fields")
    key = sure.fields["order"]
    assert key.code is not None and key.node is not None and key.code.range(key.node).start.line == 7


def test_a_swapped_model_makes_no_through_model():
    text = SHOP + (
        "class Bag(models.Model):\n    orders = models.ManyToManyField(Order)\n"
        "    class Meta:\n        swappable = 'SHOP_BAG'\n"
    )
    graph = linked(
        {"shop/models.py": text, "settings.py": "INSTALLED_APPS = ['shop']\nSHOP_BAG = 'shop.Order'\n"}
    )
    assert graph.through_models == {}


def test_fields_that_a_package_adds_to_the_models_a_setting_names():
    boot = (
        "from collections import defaultdict\nfrom django.apps import apps\nfrom django.conf import settings\n"
        "from django.db import models\n"
        "def parse(entries):\n"
        "    fields = defaultdict(list)\n"
        "    for app, model, name in entries:\n"
        "        fields[app, model].append((name, models.CharField(max_length=12)))\n"
        "    return fields\n"
        "fields = parse(getattr(settings, 'EXTRA', []))\n"
        "def add(sender, **kwargs):\n"
        "    for name, field in fields.get((sender._meta.app_label, sender._meta.model_name), {}):\n"
        "        field.contribute_to_class(sender, name)\n"
        "for key in fields:\n"
        "    apps.lazy_model_operation(add, key)\n"
    )
    blog = "from django.db import models\nclass Post(models.Model): ...\nclass Page(models.Model): ...\n"
    settings = {"INSTALLED_APPS": ["boot", "blog"], "EXTRA": [("blog", "post", "extra")]}
    graph = graph_of({"boot/__init__.py": boot, "blog/models.py": blog}, settings)
    extra = graph.models["blog.Post"].fields["extra"]
    assert (extra.max_length, extra.certain) == (12, True)
    assert list(graph.models["blog.Page"].fields) == ["id"] and graph.unknown == []
