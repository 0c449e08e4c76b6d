"""What cannot be known is never guessed: it is marked where it stands, and listed with the reason."""

from __future__ import annotations

from typing import Any

import pytest
from model_sources import linked

from djguide_analyzers.engine.workspace import Workspace
from djguide_analyzers.project.models import models_document

PEOPLE = "from django.contrib.auth.models import AbstractUser\nclass Person(AbstractUser):\n    pass\n"
SHOP = """from django.conf import settings
from django.db import models
class Order(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    name = models.CharField(max_length=10)
"""
APPS = "INSTALLED_APPS = ['django.contrib.contenttypes', 'django.contrib.auth', 'people', 'shop']\n"
AUTO = "DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'\n"


def graph_with(settings: str, shop: str = SHOP, **others: str):
    files = {"people/models.py": PEOPLE, "shop/models.py": shop, "settings.py": settings, **others}
    return linked(
        {path.replace("__", "/") if "/" not in path else path: text for path, text in files.items()}
    )


def listed(graph, subject: str):
    """The reasons that are listed for a subject."""
    return [row.reason for row in graph.unknown if row.subject == subject]


# --- which settings are certain --------------------------------------------------------------------------

CERTAIN = {
    "written down": "AUTH_USER_MODEL = 'people.Person'\n",
    "from a module that is there": "from base import *\n",
    "over one that is not there": "from nowhere.settings import *\nAUTH_USER_MODEL = 'people.Person'\n",
    "by the namespace": "globals()['AUTH_USER_MODEL'] = 'people.Person'\n",
    "by the local namespace": "locals()['AUTH_USER_MODEL'] = 'people.Person'\n",
    "by a name of the namespace": "here = globals()\nhere['AUTH_USER_MODEL'] = 'people.Person'\n",
    "by an update": "locals().update({'AUTH_USER_MODEL': 'people.Person'})\n",
    "by an update with names": "globals().update(AUTH_USER_MODEL='people.Person')\n",
    "by setdefault": "globals().setdefault('AUTH_USER_MODEL', 'people.Person')\n",
    "by a loop": "for key, value in {'AUTH_USER_MODEL': 'people.Person'}.items():\n    globals()[key] = value\n",
}


@pytest.mark.parametrize("text", CERTAIN.values(), ids=list(CERTAIN))
def test_a_setting_that_the_text_tells_is_certain(text):
    graph = graph_with(text + APPS + AUTO, **{"base.py": "AUTH_USER_MODEL = 'people.Person'\n"})
    user = graph.models["shop.Order"].fields["user"]
    assert (graph.auth_user, user.target, user.doubts) == ("people.Person", "people.Person", {})
    assert listed(graph, "AUTH_USER_MODEL") == []


def test_a_setting_that_is_nowhere_set_is_django_s_and_certain():
    graph = graph_with(APPS)
    order = graph.models["shop.Order"]
    assert (order.fields["user"].target, order.fields["user"].certain) == ("auth.User", True)
    assert order.fields["id"].certain and order.certain
    assert graph.unknown == []


OPEN = {
    "a module that is not there": "from nowhere.settings import *\n",
    "a module that imports one": "from base import *\n",
    "an unknown update": "locals().update(load())\n",
    "an unknown key": "for name in names():\n    globals()[name] = 1\n",
    "executed text": "exec(open('local.py').read())\n",
    "a function with the namespace": "import django_heroku\ndjango_heroku.settings(locals())\n",
    "a library that sets names": "import dynaconf\nsettings = dynaconf.DjangoDynaconf(__name__)\n",
    "a listing of its own": "def __dir__():\n    return []\ndef __getattr__(name):\n    return 1\n",
    "an included file": "from split_settings.tools import include\ninclude('local/*.py')\n",
    "a module in its place": "import sys\nsys.modules[__name__] = make()\n",
    "attributes of the module": "import sys\nfor n in names():\n    setattr(sys.modules[__name__], n, 1)\n",
    "a base class that is not there": "from configurations import Configuration\nfrom nowhere import Base\n"
    "class Dev(Base, Configuration):\n    " + APPS,
}


@pytest.mark.parametrize("text", OPEN.values(), ids=list(OPEN))
def test_a_setting_that_may_be_set_unseen_is_django_s_but_not_certain(text):
    settings = text if "Configuration" in text else text + APPS
    graph = graph_with(settings, **{"base.py": "from nowhere import *\n"})
    order = graph.models["shop.Order"]
    assert order.fields["user"].target == "auth.User"
    assert not order.fields["user"].sure("target") and order.fields["user"].sure("null", "accessor")
    assert not order.fields["id"].sure("class_name") and order.fields["id"].sure("primary_key")
    assert not graph.models["auth.User"].reverse["order_set"].certain
    [reason] = listed(graph, "AUTH_USER_MODEL")
    assert "may be set where that is not seen" in reason or "unless something sets it" in reason
    assert listed(graph, "DEFAULT_AUTO_FIELD") and listed(graph, "shop.Order.user")


def test_what_is_set_before_an_unreadable_module_may_be_set_again_by_it():
    graph = graph_with("AUTH_USER_MODEL = 'people.Person'\n" + APPS + AUTO + "from nowhere.local import *\n")
    assert graph.auth_user == "people.Person"
    assert not graph.models["shop.Order"].fields["user"].sure("target")
    [row] = [row for row in graph.unknown if row.subject == "AUTH_USER_MODEL"]
    assert "nowhere.local, which cannot be read" in row.reason
    assert (row.path, row.line) == ("/project/settings.py", 4)


ENVIRONMENT = {
    "os.environ.get": "import os\nAUTH_USER_MODEL = os.environ.get('USER', 'people.Person')\n",
    "os.getenv": "import os\nAUTH_USER_MODEL = os.getenv('USER', 'people.Person')\n",
    "django-environ": "import environ\nenv = environ.Env()\nAUTH_USER_MODEL = env('U', default='people.Person')\n",
    "decouple": "from decouple import config\nAUTH_USER_MODEL = config('U', default='people.Person')\n",
    "environs": "from environs import Env\nenv = Env()\nAUTH_USER_MODEL = env.str('U', 'people.Person')\n",
    "a condition": "import os\nAUTH_USER_MODEL = 'people.Person'\n"
    "if os.environ.get('PLAIN'):\n    AUTH_USER_MODEL = 'auth.User'\n",
}


@pytest.mark.parametrize("text", ENVIRONMENT.values(), ids=list(ENVIRONMENT))
def test_the_default_of_a_variable_is_the_answer_and_not_certain(text):
    graph = graph_with(text + APPS + AUTO)
    user = graph.models["shop.Order"].fields["user"]
    assert (graph.auth_user, user.target, user.sure("target")) == ("people.Person", "people.Person", False)
    [row] = [row for row in graph.unknown if row.subject == "AUTH_USER_MODEL"]
    assert "'people.Person'" in row.reason
    line = text[: text.rindex("AUTH_USER_MODEL =")].count("\n") + 1
    assert (row.path, row.line) == ("/project/settings.py", line)


def test_a_setting_of_which_nothing_is_told_leaves_what_rests_on_it_unknown():
    text = "import os\nAUTH_USER_MODEL = os.environ['U']\nDEFAULT_AUTO_FIELD = os.environ['F']\n"
    graph = graph_with(text + APPS)
    order = graph.models["shop.Order"]
    assert graph.auth_user == "" and models_document(graph, "/project")["auth_user_model"] is None
    assert (order.fields["user"].target, order.fields["user"].sure("target")) == (None, False)
    assert (order.pk, order.fields["id"].django_base, order.fields["id"].primary_key) == ("id", None, True)
    assert not order.fields["id"].sure("django_base")
    rows = {row.subject: (row.path, row.line) for row in graph.unknown}
    assert rows["AUTH_USER_MODEL"] == ("/project/settings.py", 2)
    assert rows["DEFAULT_AUTO_FIELD"] == ("/project/settings.py", 3)
    assert rows["shop.Order.user"] == ("/project/shop/models.py", 4)


def test_an_application_s_own_auto_field_does_not_rest_on_the_setting():
    apps = "from django.apps import AppConfig\nclass Shop(AppConfig):\n    name = 'shop'\n"
    own = apps + "    default_auto_field = 'django.db.models.SmallAutoField'\n"
    unknown = "import os\nDEFAULT_AUTO_FIELD = os.environ['F']\n" + APPS
    field = graph_with(unknown, **{"shop/apps.py": own}).models["shop.Order"].fields["id"]
    assert (field.django_base, field.certain) == ("SmallAutoField", True)
    asked = "import os\n" + apps + "    default_auto_field = os.environ['F']\n"
    graph = graph_with(APPS + AUTO, **{"shop/apps.py": asked})
    field = graph.models["shop.Order"].fields["id"]
    assert (field.django_base, field.sure("class_name")) == (None, False)
    assert listed(graph, "shop") == ["the default_auto_field of shop.apps.Shop could not be evaluated"]


def test_settings_that_were_not_found_leave_django_s_defaults_uncertain():
    graph = linked({"shop/models.py": SHOP}, "nowhere")
    order = graph.models["shop.Order"]
    assert (order.fields["user"].target, order.fields["user"].sure("target")) == ("auth.User", False)
    assert "no settings were found" in listed(graph, "AUTH_USER_MODEL")[0]


# --- other settings of the project -----------------------------------------------------------------------


def test_other_settings_that_set_something_else_make_it_uncertain():
    files = {"people/models.py": PEOPLE, "shop/models.py": SHOP, "dev.py": APPS + AUTO}
    files["prod.py"] = "AUTH_USER_MODEL = 'people.Person'\n" + APPS + AUTO
    graph = linked(files, "prod", "dev")
    user = graph.models["shop.Order"].fields["user"]
    assert (user.target, user.sure("target")) == ("people.Person", False)
    assert "under the settings dev it is 'auth.User'" in listed(graph, "AUTH_USER_MODEL")[0]
    assert linked(files, "prod").models["shop.Order"].fields["user"].certain


def test_settings_of_something_else_do_not_count():
    files = {"people/models.py": PEOPLE, "shop/models.py": SHOP, "tool.py": "INSTALLED_APPS = ['tool']\n"}
    files["prod.py"] = "AUTH_USER_MODEL = 'people.Person'\n" + APPS + AUTO
    assert linked(files, "prod", "tool").models["shop.Order"].fields["user"].certain


def test_models_of_applications_that_other_settings_install_are_there_and_not_certain():
    files = {"people/models.py": PEOPLE, "shop/models.py": SHOP, "prod.py": APPS + AUTO}
    files["audit/models.py"] = (
        "from django.db import models\nclass Entry(models.Model):\n"
        "    order = models.ForeignKey('shop.Order', models.CASCADE)\n"
    )
    files["dev.py"] = APPS + AUTO + "INSTALLED_APPS += ['audit']\n"
    graph = linked(files, "prod", "dev")
    assert not graph.models["audit.Entry"].sure("installed")
    assert graph.models["shop.Order"].sure("installed")
    assert not graph.models["shop.Order"].reverse["entry_set"].certain
    [row] = [row for row in graph.unknown if row.subject == "audit"]
    assert row.reason == "it is only installed under the settings dev"
    assert (row.path, row.line) == ("/project/dev.py", 3)
    assert "under the settings dev" in graph.models["audit.Entry"].doubts["installed"]


def test_an_application_under_a_condition_is_not_certain():
    more = "import os\nif os.environ.get('PEOPLE'):\n    INSTALLED_APPS += ['people']\n"
    graph = graph_with("INSTALLED_APPS = ['django.contrib.auth', 'shop']\n" + AUTO + more)
    assert not graph.models["people.Person"].sure("installed")
    assert listed(graph, "people") == ["it is only installed under a condition"]


def test_applications_that_cannot_be_told_are_said():
    graph = graph_with("import os\nINSTALLED_APPS = ['shop'] + os.environ['APPS'].split(',')\n" + AUTO)
    assert graph.models["shop.Order"].sure("installed")
    assert not graph.models["people.Person"].sure("installed")
    [row] = [row for row in graph.unknown if row.subject == "INSTALLED_APPS"]
    assert (row.path, row.line) == ("/project/settings.py", 2)


def test_a_model_that_may_be_swapped_out_is_not_certain():
    people = PEOPLE + "    class Meta:\n        swappable = 'SHOP_PERSON'\n"
    text = APPS + AUTO + "import os\nif os.environ.get('X'):\n    SHOP_PERSON = 'other.Person'\n"
    person = graph_with(text, **{"people/models.py": people}).models["people.Person"]
    assert not person.sure("installed")


# --- what rests on a project's own settings --------------------------------------------------------------

FLAG = "import os\nLONG = int(os.environ.get('LONG', 30))\nFLAG = os.environ.get('FLAG') == 'yes'\n"


def test_an_argument_that_rests_on_an_uncertain_setting():
    shop = (
        "from django.conf import settings\nfrom django.db import models\n"
        "SIZE = settings.LONG\n"
        "class Order(models.Model):\n"
        "    code = models.CharField(max_length=SIZE)\n"
        "    text = models.CharField(max_length=5, help_text=settings.LONG)\n"
        "    other = models.CharField(max_length=6)\n"
    )
    graph = graph_with(FLAG + APPS + AUTO, shop)
    fields = graph.models["shop.Order"].fields
    assert fields["code"].max_length == 30 and not fields["code"].sure("max_length")
    assert fields["code"].sure("null", "unique")
    assert fields["text"].certain and fields["other"].certain
    assert "max_length: it depends on the setting LONG" in listed(graph, "shop.Order.code")[0]


def test_a_field_under_a_setting_that_is_not_certain():
    shop = (
        "from django.conf import settings\nfrom django.db import models\n"
        "class Order(models.Model):\n"
        "    if settings.FLAG:\n        extra = models.TextField()\n"
        "    else:\n        plain = models.TextField()\n"
        "    last = models.TextField()\n"
    )
    graph = graph_with(FLAG + APPS + AUTO, shop)
    fields = graph.models["shop.Order"].fields
    assert "extra" not in fields and fields["last"].certain
    assert not fields["plain"].sure() and "the setting FLAG" in fields["plain"].doubts[""]
    assert (
        "it is not there, but it depends on the setting FLAG" in listed(graph, "shop.models.Order.extra")[0]
    )


def test_a_field_that_is_another_one_under_a_setting_that_is_not_certain():
    shop = (
        "from django.conf import settings\nfrom django.db import models\n"
        "class Order(models.Model):\n    code = models.CharField(max_length=5)\n"
        "    if settings.FLAG:\n        code = models.CharField(max_length=9)\n"
    )
    graph = graph_with(FLAG + APPS + AUTO, shop)
    code = graph.models["shop.Order"].fields["code"]
    assert code.max_length == 5 and not code.sure()
    assert "the setting FLAG" in listed(graph, "shop.Order.code")[0]
    assert not listed(graph, "shop.models.Order.code")


def test_a_field_under_a_setting_that_is_certain():
    shop = (
        "from django.conf import settings\nfrom django.db import models\n"
        "class Order(models.Model):\n    if settings.FLAG:\n        extra = models.TextField()\n"
    )
    graph = graph_with("FLAG = True\n" + APPS + AUTO, shop)
    assert graph.models["shop.Order"].fields["extra"].certain and graph.unknown == []


def test_a_model_under_a_setting_that_is_not_certain():
    shop = (
        "from django.conf import settings\nfrom django.db import models\n"
        "if settings.FLAG:\n    class Extra(models.Model):\n        pass\n"
        "else:\n    class Plain(models.Model):\n        pass\n"
    )
    graph = graph_with(FLAG + APPS + AUTO, shop)
    assert "shop.Extra" not in graph.models and not graph.models["shop.Plain"].sure()
    assert "it is not there, but" in listed(graph, "shop.Extra")[0]
    assert "the setting FLAG" in listed(graph, "shop.Plain")[0]


def test_a_model_under_a_condition_that_is_not_decided():
    shop = (
        "import os\nfrom django.db import models\n"
        "if os.environ.get('X'):\n    class Extra(models.Model):\n        pass\n"
    )
    graph = graph_with(APPS + AUTO, shop)
    assert not graph.models["shop.Extra"].sure()
    assert "under a condition" in listed(graph, "shop.Extra")[0]


def test_the_default_of_an_environment_variable_is_likely():
    shop = (
        "import os\nfrom django.db import models\nclass Small(models.Model):\n    size = models.IntegerField()\n"
        "    class Meta:\n        abstract = True\n"
        "def base():\n    if os.getenv('KIND', 'small') == 'small':\n        return Small\n"
        "    return models.Model\n"
        "Base = base()\nclass Order(Base):\n    code = models.CharField(max_length=int(os.environ.get('N', '7')))\n"
    )
    graph = graph_with(APPS + AUTO, shop)
    order = graph.models["shop.Order"]
    assert set(order.fields) == {"id", "size", "code"}
    assert order.fields["code"].max_length == 7
    assert not order.fields["code"].sure("max_length")
    assert "the environment variable N: it is taken for unset" in listed(graph, "shop.Order.code")[0]
    assert listed(graph, "N") == ["it is taken for unset; one fact rests on it"]


def test_a_field_of_one_name_in_both_branches_is_there():
    shop = (
        "import os\nfrom django.db import models\nclass Order(models.Model):\n"
        "    if os.path.exists('/x'):\n        tags = models.JSONField(null=True)\n"
        "    else:\n        tags = models.CharField(max_length=5)\n"
    )
    graph = graph_with(APPS + AUTO, shop)
    assert not graph.models["shop.Order"].fields["tags"].sure()
    assert listed(graph, "shop.Order.tags")


def test_a_manager_under_a_condition_is_not_certain():
    shop = (
        "import os\nfrom django.db import models\nclass Order(models.Model):\n"
        "    if os.environ.get('X'):\n        live = models.Manager()\n"
    )
    graph = graph_with(APPS + AUTO, shop)
    assert not graph.models["shop.Order"].managers["live"].certain
    assert listed(graph, "shop.Order.live")


# --- options, labels, arguments --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("db_table = os.environ['T']", "db_table"),
        ("ordering = make()", "ordering"),
        ("ordering = ['id', *make()]", "ordering"),
        ("unique_together = [('name', os.environ['N'])]", "unique_together"),
        ("indexes = [*make()]", "indexes"),
        ("constraints = make()", "constraints"),
        ("managed = bool(os.environ['M'])", "managed"),
    ],
)
def test_an_option_by_an_expression_that_cannot_be_evaluated(option, name):
    head = "import os\nfrom django.db import models\n"
    shop = f"{head}class Order(models.Model):\n    class Meta:\n        {option}\n"
    graph = graph_with(APPS + AUTO, shop)
    order = graph.models["shop.Order"]
    assert not order.sure(name) and order.sure("installed")
    assert any(name in reason for reason in listed(graph, "shop.Order"))
    assert order.db_table == ("" if name == "db_table" else "shop_order")


def test_an_option_that_rests_on_an_uncertain_setting():
    shop = (
        "from django.conf import settings\nfrom django.db import models\n"
        "class Order(models.Model):\n    class Meta:\n        db_table = settings.PREFIX + '_order'\n"
    )
    graph = graph_with("import os\nPREFIX = os.environ.get('P', 'shop')\n" + APPS + AUTO, shop)
    assert graph.models["shop.Order"].db_table == "shop_order"
    assert not graph.models["shop.Order"].sure("db_table")


def test_an_application_label_that_cannot_be_evaluated():
    apps = "import os\nfrom django.apps import AppConfig\nclass Shop(AppConfig):\n    name = 'shop'\n    label = os.environ['L']\n"  # noqa: E501
    graph = graph_with(APPS + AUTO, **{"shop/apps.py": apps})
    assert not graph.models["shop.Order"].sure("app_label")
    assert listed(graph, "shop") == ["the label of shop.apps.Shop could not be evaluated"]
    shop = SHOP + "    class Meta:\n        app_label = settings.NOTHING\n"
    assert not graph_with(APPS + AUTO, shop).models["shop.Order"].sure("app_label")


def test_a_configuration_whose_base_makes_it_the_default_one():
    base = (
        "import django.apps\nclass AppConfig(django.apps.AppConfig):\n    default = False\n"
        "    default_auto_field = 'django.db.models.SmallAutoField'\n"
        "    def __init_subclass__(cls):\n        super().__init_subclass__()\n        cls.default = True\n"
    )
    apps = (
        "from people.base import AppConfig\nclass Shop(AppConfig):\n    name = 'shop'\n    label = 'store'\n"
    )
    graph = graph_with(APPS + AUTO, **{"people/base.py": base, "shop/apps.py": apps})
    assert graph.models["store.Order"].fields["id"].django_base == "SmallAutoField"


def test_models_in_a_part_of_an_application_are_its_own_where_settings_leave_more_open():
    part = "from django.db import models\nclass Line(models.Model):\n    pass\n"
    open_ended = "from elsewhere import MORE\n" + APPS.rstrip() + "\nINSTALLED_APPS += MORE\n"
    shop = SHOP + "from shop.parts.models import Line\n"
    texts = {"shop/parts/__init__.py": "", "shop/parts/models.py": part}
    assert "shop.Line" in graph_with(open_ended + AUTO, shop, **texts).models
    suite = {name.replace("parts", "tests/parts"): text for name, text in texts.items()}
    suite["shop/tests/__init__.py"] = ""
    in_suite = SHOP + "from shop.tests.parts.models import Line\n"
    assert "parts.Line" in graph_with(open_ended + AUTO, in_suite, **suite).models
    texts["shop/parts/migrations/__init__.py"] = ""
    assert "parts.Line" in graph_with(open_ended + AUTO, shop, **texts).models


def test_the_label_of_an_application_that_settings_leave_open_is_its_configuration_s():
    base = "from django.db import models\nclass Item(models.Model):\n    pass\n"
    apps = "from django.apps import AppConfig\nclass Core(AppConfig):\n    name = 'base.app'\n    label = 'core'\n"
    shop = "from base.app.models.items import Item\nclass Order(Item):\n    pass\n"
    texts = {"base/app/apps.py": apps, "base/app/models/items.py": base}
    open_ended = "from elsewhere import MORE\n" + APPS.rstrip() + "\nINSTALLED_APPS += MORE\n"
    assert graph_with(open_ended + AUTO, shop, **texts).models["shop.Order"].parents == {
        "core.Item": "item_ptr"
    }
    # All applications are known, and this is none of them.
    assert graph_with(APPS + AUTO, shop, **texts).models["shop.Order"].parents == {"app.Item": "item_ptr"}


@pytest.mark.parametrize(
    ("argument", "attribute"),
    [
        ("related_name=os.environ['N']", "accessor"),
        ("related_query_name=os.environ['N']", "related_query_name"),
        ("db_column=os.environ['N']", "column"),
        ("to_field=os.environ['N']", "to_field"),
        ("null=bool(os.environ['N'])", "null"),
    ],
)
def test_an_argument_of_a_relation_that_cannot_be_evaluated(argument, attribute):
    shop = (
        "import os\nfrom django.db import models\nclass Order(models.Model):\n"
        f"    user = models.ForeignKey('auth.User', models.CASCADE, {argument})\n"
    )
    graph = graph_with(APPS + AUTO, shop)
    user = graph.models["shop.Order"].fields["user"]
    assert user.target == "auth.User" and user.sure("target") and not user.sure(attribute)
    assert [
        attribute in reason or "related_name" in reason for reason in listed(graph, "shop.Order.user")
    ] == [True]
    if attribute == "accessor":
        assert user.accessor is None and "order_set" not in graph.models["auth.User"].reverse


def test_something_that_may_be_a_field_is_said():
    shop = (
        "from collections import namedtuple\nfrom datetime import timedelta\nfrom django.db import models\n"
        "from somewhere import Tracker, make\nclass Order(models.Model):\n"
        "    tracker = Tracker()\n    made = make()('x')\n    row = namedtuple('Row', 'a b')\n"
        "    wait = timedelta(days=1)\n    size = len(make())\n    text = ', '.join(make())\n"
    )
    graph = graph_with(APPS + AUTO, shop)
    subjects = {row.subject: row.line for row in graph.unknown}
    assert subjects == {"shop.Order.tracker": 6, "shop.Order.made": 7}


def test_an_application_whose_package_is_not_there_is_said_with_its_place():
    graph = graph_with("INSTALLED_APPS = [\n    'shop',\n    'nowhere.payments',\n]\n" + AUTO)
    [row] = [row for row in graph.unknown if row.subject == "nowhere.payments"]
    assert "package was not found" in row.reason and (row.path, row.line) == ("/project/settings.py", 3)


def test_the_primary_key_below_a_base_that_cannot_be_read_is_not_certain():
    shop = "from somewhere.models import Dated\nclass Order(Dated):\n    pass\n"
    order = graph_with(APPS + AUTO, shop).models["shop.Order"]
    assert not order.fields["id"].sure() and not order.sure("pk") and not order.sure("fields")


def test_a_class_that_may_be_a_model_is_said():
    shop = (
        "from enum import Enum\nfrom somewhere import SlugField, TimeMixin\n"
        "class Order(TimeMixin):\n    pass\nclass Kind(Enum):\n    pass\nclass CodeField(SlugField):\n    pass\n"
    )
    graph = graph_with(APPS + AUTO, shop)
    assert "shop.Order" not in graph.models
    assert {row.subject: row.line for row in graph.unknown} == {"shop.models.Order": 3}


# --- where people see it ---------------------------------------------------------------------------------


def test_the_document_and_the_doctor_list_what_is_unknown(tmp_path):
    files = {
        "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'settings')\n",
        "settings.py": "import os\nAUTH_USER_MODEL = os.environ['U']\n" + APPS + AUTO,
        "shop/__init__.py": "",
        "shop/models.py": SHOP,
        "people/__init__.py": "",
        "people/models.py": PEOPLE,
    }
    for path, text in files.items():
        place = tmp_path / "site" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    workspace = Workspace([tmp_path / "site"], cache=tmp_path / "cache")
    document: Any = workspace.models()
    [row] = [row for row in document["unknown"] if row["subject"] == "AUTH_USER_MODEL"]
    assert (row["file"], row["line"]) == ("settings.py", 2) and "os.environ" in row["reason"]
    order = next(model for model in document["models"] if model["label"] == "shop.Order")
    [user] = order["relations"]
    assert (user["target"], user["certain"], user["uncertain"]) == (None, False, ["target"])
    report: Any = workspace.doctor()
    [project] = report["projects"]
    assert {item["what"] for item in project["unknown"]} == {row["subject"] for row in document["unknown"]}


def test_applications_that_may_be_others_altogether_are_said_once():
    text = APPS + AUTO + "import os\nif os.environ.get('X'):\n    INSTALLED_APPS = load()\n"
    graph = graph_with(text)
    assert not graph.models["shop.Order"].sure("installed")
    assert [row.reason for row in graph.unknown] == listed(graph, "INSTALLED_APPS") != []


def test_an_option_of_a_package_that_may_be_set_unseen_has_its_default_and_is_not_certain():
    shop = (
        "from django.conf import settings\nfrom django.db import models\n"
        "LENGTH = getattr(settings, 'SHOP_LENGTH', 20)\n"
        "try:\n    UNIQUE = settings.SHOP_UNIQUE\nexcept AttributeError:\n    UNIQUE = False\n"
        "class Order(models.Model):\n"
        "    if getattr(settings, 'SHOP_NOTES', True):\n        notes = models.TextField()\n"
        "    name = models.CharField(max_length=LENGTH)\n"
        "    code = models.CharField(max_length=5, unique=UNIQUE)\n"
        "    key = models.CharField(max_length=settings.SHOP_KEY)\n"
    )
    fields = graph_with("from nowhere.settings import *\n" + APPS + AUTO, shop).models["shop.Order"].fields
    assert (fields["name"].max_length, fields["name"].sure("max_length")) == (20, False)
    assert (fields["code"].unique, fields["code"].sure("unique")) == (False, False)
    assert not fields["notes"].sure() and fields["name"].sure("null")
    assert (fields["key"].max_length, fields["key"].sure("max_length")) == (None, False)
    told = graph_with("SHOP_LENGTH = SHOP_KEY = 3\nSHOP_UNIQUE = True\nSHOP_NOTES = False\n" + APPS, shop)
    assert {name: field.certain for name, field in told.models["shop.Order"].fields.items()} == {
        "id": True, "name": True, "code": True, "key": True,
    }  # fmt: skip


def test_the_target_of_a_relation_that_no_model_is_found_for_is_not_certain():
    shop = (
        "from django.db import models\nclass Base(models.Model):\n"
        "    other = models.ForeignKey('Nothing', models.CASCADE)\n    class Meta:\n        abstract = True\n"
        "class Order(Base):\n    gone = models.ForeignKey('away.Gone', models.CASCADE)\n"
        "    user = models.ForeignKey('auth.User', models.CASCADE)\n"
    )
    graph = graph_with(APPS + AUTO, shop)
    fields = graph.models["shop.Order"].fields
    assert {name: field.sure("target") for name, field in fields.items()} == {
        "id": True, "other": False, "gone": False, "user": True,
    }  # fmt: skip
    assert listed(graph, "shop.Order.gone") == ["no model away.Gone was found"]
    assert listed(graph, "shop.Order.other") == ["no model shop.Nothing was found"]
