"""The tool that writes sketches, on a package made for the purpose: what it finds, and what it writes of it.

Real packages are not run here, since that needs the network: see tools/README.md.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import model_sources
import pytest
from model_sources import graph_of
from test_sketches import Alone

from djguide_analyzers.project.graph import ModelGraph
from djguide_analyzers.project.models import sketches

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))
emit = importlib.import_module("sketching.emit")
script = importlib.import_module("sketch_packages")
sys.path.remove(str(TOOLS))

PACKAGE = {
    "handmade/__init__.py": '"""A package."""\nfrom handmade.fields import ShortField\n',
    "handmade/apps.py": """
from django.apps import AppConfig

class HandmadeConfig(AppConfig):
    name = "handmade"
    label = "made"
    verbose_name = "Made by hand"
    default_auto_field = "django.db.models.BigAutoField"
""",
    "handmade/fields.py": '''
from django.db import models

class ShortField(models.CharField):
    """A short text."""

    def __init__(self, *args, fancy=False, **kwargs):
        kwargs.setdefault("max_length", 12)
        kwargs["null"] = True
        super().__init__(*args, **kwargs)

class ShorterField(ShortField):
    def __init__(self, *args, **kwargs):
        kwargs.setdefault("max_length", 6)
        super().__init__(*args, **kwargs)
        self.null = False

class OwnerField(models.ForeignKey):
    def __init__(self, **kwargs):
        kwargs.setdefault("on_delete", models.PROTECT)
        kwargs["to"] = "auth.Group"
        super().__init__(**kwargs)

class TiedField(models.ForeignKey):
    def __init__(self, *args, **kwargs):
        kwargs["on_delete"] = models.PROTECT
        super().__init__(*args, **kwargs)

class AmountField(models.DecimalField):
    def contribute_to_class(self, cls, name):
        super().contribute_to_class(cls, name)
        models.CharField(max_length=3, null=True).contribute_to_class(cls, name + "_unit")

class PriceField(AmountField):
    def contribute_to_class(self, cls, name):
        super().contribute_to_class(cls, name)
        models.DateField().contribute_to_class(cls, name + "_since")
''',
    "handmade/models.py": '''
from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.db.models.signals import class_prepared
from django.utils.translation import gettext_lazy as _

from handmade.fields import AmountField, OwnerField, ShortField

class LiveQuerySet(models.QuerySet):
    def live(self):
        return self.filter(live=True)

class LiveManager(models.Manager.from_queryset(LiveQuerySet)):
    pass

class SlugMixin:
    pass

class Stamped(models.Model):
    """Knows when it was made."""

    stamp = models.DateTimeField(_("stamp"), help_text="When it was made", db_index=True)

    class Meta:
        abstract = True
        ordering = ["-stamp"]

class LooselyStamped(Stamped):
    class Meta:
        abstract = True

LooselyStamped._meta.get_field("stamp").null = True

class Kind(SlugMixin, Stamped):
    # a comment
    code = ShortField(unique=True)
    owner = OwnerField(related_name="%(class)s_kinds")
    parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET(None), related_name="+")
    amount = AmountField(max_digits=9, decimal_places=2)
    others = models.ManyToManyField("self", symmetrical=False)

    live = LiveManager()
    plain = models.Manager()

    class Meta:
        verbose_name = "kind of thing"
        swappable = "HANDMADE_KIND_MODEL"
        ordering = [Lower("code").desc(), "pk"]
        unique_together = [("code", "owner")]
        indexes = [
            models.Index(fields=["code", "-owner"]),
            models.Index(fields=["amount"], condition=models.Q(pk=1), name="few"),
        ]

class Link(models.Model):
    kind = models.OneToOneField(
        getattr(settings, "HANDMADE_KIND_MODEL", "made.Kind"), models.DO_NOTHING, primary_key=True
    )

class Numbered(models.Model):
    class Meta:
        abstract = True

class KindProxy(Kind):
    class Meta:
        proxy = True

def number(sender, **kwargs):
    if issubclass(sender, Numbered):
        models.IntegerField(unique=True).contribute_to_class(sender, "number")

class_prepared.connect(number)
''',
    "handmade/constants.py": "CODE_MAX_LENGTH = 12\nPLENTY = 3\nMAX_LENGTHS = [1]\n",
    "handmade/views.py": "class PageMixin:\n    pass\n",
    "handmade-1.5.dist-info/METADATA": "Metadata-Version: 2.1\nName: handmade\nVersion: 1.5\n",
}
SPEC = {"distribution": "handmade", "imports": ["handmade"], "apps": ["handmade"]}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The sketches of the package above, by their place."""
    folder = tmp_path_factory.mktemp("handmade")
    for place, text in PACKAGE.items():
        path = folder / place
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (folder / "spec.json").write_text(json.dumps(SPEC))
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TOOLS), str(folder)])}
    variables.pop("DJANGO_SETTINGS_MODULE", None)
    command = [sys.executable, "-m", "sketching.runtime", "spec.json", "facts.json"]
    subprocess.run(command, cwd=folder, env=variables, check=True, capture_output=True)
    return emit.sketches(json.loads((folder / "facts.json").read_text()))


def body(text: str) -> str:
    head, _, rest = text.partition("\n")
    assert head.startswith("# Generated by tools/sketch_packages.py from handmade 1.5 (Django ")
    return rest


def test_modules_without_models_fields_or_managers_have_no_sketch(written: dict[str, str]):
    assert sorted(written) == [
        "handmade/__init__.sketch", "handmade/apps.sketch", "handmade/constants.sketch",
        "handmade/fields.sketch", "handmade/models.sketch",
    ]  # fmt: skip
    assert body(written["handmade/constants.sketch"]) == "\nCODE_MAX_LENGTH = 12\n"


def test_what_a_package_exports_is_imported(written: dict[str, str]):
    assert body(written["handmade/__init__.sketch"]) == "from handmade.fields import ShortField\n"


def test_an_app_config_keeps_what_names_its_models(written: dict[str, str]):
    assert body(written["handmade/apps.sketch"]) == (
        "from django.apps.config import AppConfig\n"
        "\n"
        "class HandmadeConfig(AppConfig):\n"
        '    name = "handmade"\n'
        '    label = "made"\n'
        '    default_auto_field = "django.db.models.BigAutoField"\n'
    )


def test_a_field_class_says_what_it_does_to_its_arguments(written: dict[str, str]):
    assert body(written["handmade/fields.sketch"]) == (
        "from django.db import models\n"
        "\n"
        "class ShortField(models.CharField):\n"
        "    def __init__(self, *args, **kwargs):\n"
        '        kwargs.setdefault("max_length", 12)\n'
        '        kwargs.setdefault("null", True)\n'
        "        super().__init__(*args, **kwargs)\n"
        "\n"
        "class ShorterField(ShortField):\n"
        "    def __init__(self, *args, **kwargs):\n"
        '        kwargs.setdefault("max_length", 6)\n'
        '        kwargs["null"] = False\n'
        "        super().__init__(*args, **kwargs)\n"
        "\n"
        "class OwnerField(models.ForeignKey):\n"
        "    def __init__(self, *args, **kwargs):\n"
        "        if len(args) <= 1:\n"
        '            kwargs.setdefault("on_delete", models.PROTECT)\n'
        '        kwargs["to"] = "auth.Group"\n'
        "        super().__init__(**kwargs)\n"
        "\n"
        "class TiedField(models.ForeignKey):\n"
        "    def __init__(self, *args, **kwargs):\n"
        '        kwargs["on_delete"] = models.PROTECT\n'
        "        super().__init__(*args[:1], **kwargs)\n"
        "\n"
        "class AmountField(models.DecimalField):\n"
        "    def contribute_to_class(self, cls, name, **kwargs):\n"
        "        super().contribute_to_class(cls, name, **kwargs)\n"
        '        models.CharField(null=True, max_length=3).contribute_to_class(cls, "%s_unit" % name)\n'
        "\n"
        "class PriceField(AmountField):\n"
        "    def contribute_to_class(self, cls, name, **kwargs):\n"
        "        super().contribute_to_class(cls, name, **kwargs)\n"
        '        models.DateField().contribute_to_class(cls, "%s_since" % name)\n'
    )


def test_a_model_says_its_fields_managers_and_options(written: dict[str, str]):
    text = body(written["handmade/models.sketch"])
    assert text.startswith(
        "from django.conf import settings\n"
        "from django.db import models\n"
        "from django.db.models.functions.text import Lower\n"
        "from handmade.fields import AmountField, OwnerField, ShortField\n"
    )
    kind = text[text.index("class Kind(") : text.index("\nclass Link(")]
    assert kind == (
        "class Kind(SlugMixin, Stamped):\n"
        "    code = ShortField(unique=True)\n"
        '    owner = OwnerField(to="auth.Group", on_delete=models.PROTECT, related_name="%(class)s_kinds")\n'
        '    parent = models.ForeignKey(to="self", on_delete=models.CASCADE, null=True)\n'
        '    user = models.ForeignKey(to=settings.AUTH_USER_MODEL, on_delete=models.SET(None), related_name="+")\n'
        "    amount = AmountField()\n"
        "    amount_unit = models.CharField(null=True, max_length=3)\n"
        '    others = models.ManyToManyField(to="self", symmetrical=False)\n'
        "    live = LiveManager()\n"
        "    plain = models.Manager()\n"
        "\n"
        "    class Meta:\n"
        '        swappable = "HANDMADE_KIND_MODEL"\n'
        '        ordering = [models.OrderBy(Lower("code"), descending=True), "pk"]\n'
        '        unique_together = [("code", "owner")]\n'
        '        indexes = [models.Index(fields=["code", "-owner"]), '
        'models.Index(fields=["amount"], condition=models.Q(), name="few")]\n'
    ).replace("models.OrderBy", kind[kind.index("ordering = [") + 12 : kind.index("(Lower")])


def test_hierarchies_managers_and_swappable_targets_are_kept(written: dict[str, str]):
    text = written["handmade/models.sketch"]
    assert "class SlugMixin: ...\n" in text
    assert "class LiveManager(models.Manager.from_queryset(LiveQuerySet)): ...\n" in text
    assert "class KindProxy(Kind):\n    class Meta:\n        proxy = True\n" in text
    assert 'getattr(settings, "HANDMADE_KIND_MODEL", "made.Kind")' in text


def test_an_inherited_field_that_a_package_changes_afterwards_is_declared_again(written: dict[str, str]):
    text = written["handmade/models.sketch"]
    loose = text[text.index("class LooselyStamped(Stamped):") : text.index("\nclass Kind(")]
    assert "    stamp = models.DateTimeField(null=True, db_index=True)\n" in loose


def test_what_a_signal_adds_to_each_derived_model_is_found(written: dict[str, str]):
    text = written["handmade/models.sketch"]
    assert "class Numbered(models.Model):\n    number = models.IntegerField(unique=True)\n" in text


def test_no_wording_of_the_package_is_taken_over(written: dict[str, str]):
    everything = "".join(written.values())
    for words in (
        "kind of thing",
        "When it was made",
        "Made by hand",
        "A short text",
        "a comment",
        'stamp")',
        "PageMixin",
    ):
        assert words not in everything


def test_the_graph_reads_what_was_written(
    written: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    graph = graph_from(written, tmp_path, monkeypatch)
    kind = graph.models["made.Kind"]
    assert list(kind.managers) == ["live", "plain"]
    assert kind.fields["owner"].accessor == "kind_kinds"
    assert (kind.fields["code"].max_length, kind.fields["code"].null) == (12, True)
    own = graph.models["shop.Own"]
    assert (own.fields["size"].max_length, own.fields["size"].null) == (6, False)
    assert own.fields["number"].unique
    assert own.fields["owner"].on_delete == "PROTECT"
    assert own.fields["price_unit"].max_length == 3
    tied = own.fields["tied"]
    assert (tied.target, tied.on_delete, tied.accessor) == ("made.Kind", "PROTECT", "tied_owns")
    assert {"cost_unit", "cost_since"} <= own.fields.keys()
    assert own.ordering == ["-stamp"]
    assert graph.models["made.Link"].fields["kind"].target == "made.Kind"


def graph_from(written: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModelGraph:
    """The graph of a project that uses the package, its sketches taken from `folder`."""
    for place, text in written.items():
        (folder / place).parent.mkdir(exist_ok=True)
        (folder / place).write_text(text)
    monkeypatch.setattr(sketches, "FOLDERS", (folder,))
    sketches._packages.cache_clear()
    text = """
from handmade import ShortField
from handmade.fields import AmountField, OwnerField, PriceField, ShorterField, TiedField
from handmade.models import Kind, Numbered, Stamped
class Own(Stamped, Numbered):
    size = ShorterField()
    owner = OwnerField()
    tied = TiedField(Kind, models.CASCADE, related_name="tied_owns")
    cost = PriceField()
    price = AmountField(max_digits=9, decimal_places=2)
    kind = models.ForeignKey(Kind, on_delete=models.CASCADE)
"""
    settings: dict[str, Any] = {
        "INSTALLED_APPS": ["django.contrib.auth", "django.contrib.contenttypes", "handmade", "shop"],
        "AUTH_USER_MODEL": "auth.User",
    }
    try:
        return graph_of(
            {"shop/__init__.py": "", "shop/models.py": f"from django.db import models{text}"}, settings
        )
    finally:
        monkeypatch.undo()
        sketches._packages.cache_clear()


# --- the emitter by itself ---


def module(**facts: Any) -> dict[str, Any]:
    return {
        "distribution": "some-package", "version": "1.0", "django": "5.2",
        "modules": {"some.models": {"package": False, "classes": [], "made": {}, "exports": {}, **facts}},
    }  # fmt: skip


def emitted(**facts: Any) -> str:
    return emit.sketches(module(**facts))["some/models.sketch"].partition("\n")[2]


def model(name: str, bases: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "name": name, "kind": "model", "bases": bases, "fields": {}, "managers": {}, "meta": {}, "abstract": False,
        **more,
    }  # fmt: skip


def test_names_that_clash_get_names_of_their_own():
    text = emitted(classes=[model("Page", [{"ref": "other.models:Page"}, {"ref": "third.models:Page"}])])
    assert text == (
        "from other.models import Page as _Page\n"
        "from third.models import Page as __Page\n"
        "\nclass Page(_Page, __Page): ...\n"
    )


def test_values_nobody_can_say_are_unknown():
    field = {
        "call": {"ref": "django.db.models:CharField"},
        "args": [],
        "kwargs": {"max_length": {"unknown": True}},
    }
    assert "    name = models.CharField(max_length=unknown)\n" in emitted(
        classes=[model("Odd", [{"ref": "django.db.models:Model"}], fields={"name": field})]
    )


def test_made_managers_get_the_name_the_module_gives_them():
    function = {"attr": {"ref": "some.models:Base"}, "name": "from_queryset"}
    made = {"call": function, "args": [{"ref": "some.query:Rows"}], "kwargs": {}}
    assert emitted(made={"RowManager": made}) == (
        "from some.query import Rows\n\nRowManager = Base.from_queryset(Rows)\n"
    )


def test_a_model_that_is_abstract_until_it_is_installed():
    text = emitted(
        classes=[model("Token", [{"ref": "django.db.models:Model"}], abstract_unless_installed="some.app")]
    )
    assert '        abstract = "some.app" not in settings.INSTALLED_APPS\n' in text


def test_parameters_in_an_order_of_their_own_are_passed_by_name():
    init = {"parameters": ["colour", "to"], "defaults": {}, "forced": {}}
    field = {
        "name": "PaintField",
        "kind": "field",
        "bases": [{"ref": "django.db.models:ForeignKey"}],
        "init": init,
    }
    assert emitted(classes=[field]).endswith(
        "    def __init__(self, colour=None, to=None, **kwargs):\n"
        "        if to is not None:\n"
        '            kwargs["to"] = to\n'
        "        super().__init__(**kwargs)\n"
    )


@pytest.mark.parametrize(
    ("value", "text"), [('a"b', "'a\"b'"), ("plain", '"plain"'), (None, "None"), (3, "3")]
)
def test_scalars_are_written_as_python(value: Any, text: str):
    assert emit._quoted(value) == text


# --- the script ---


def test_check_names_what_is_stale_missing_or_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(script, "SKETCHES", tmp_path)
    head = "# Generated by tools/sketch_packages.py from some-package 1.0 (Django 5.2); do not edit.\n"
    place = tmp_path / "generated"
    place.mkdir()
    (place / "same.sketch").write_text(head)
    (place / "old.sketch").write_text(f"{head}class Old: ...\n")
    (place / "gone.sketch").write_text(head)
    (place / "other.sketch").write_text(head.replace("some-package", "some-package-two"))
    spec = {"distribution": "some-package"}
    texts = {"same.sketch": head, "old.sketch": head, "sub/new.sketch": head}
    stale = script.differences(spec, texts)
    assert stale == {"old.sketch": head, "sub/new.sketch": head, "gone.sketch": None}
    script.write(place, stale)
    assert script.differences(spec, texts) == {}
    assert (place / "other.sketch").exists()
    series = {**spec, "series": "some-package-1"}
    assert script.differences(series, {"same.sketch": head}) == {"same.sketch": head}
    script.write(script.folder(series), {"same.sketch": head})
    assert (tmp_path / "series" / "some-package-1" / "same.sketch").is_file()


def test_a_check_runs_the_versions_that_the_sketches_were_written_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(script, "SKETCHES", tmp_path)
    (tmp_path / "generated").mkdir()
    for name, version in (("some-package", "1.0"), ("some-package-two", "2.0")):
        head = f"# Generated by tools/sketch_packages.py from {name} {version} (Django 5.2.1); do not edit.\n"
        (tmp_path / "generated" / f"{name}.sketch").write_text(head)
    spec = script.pinned({"distribution": "some-package-two", "apps": []})
    assert (spec["version"], spec["django"]) == ("==2.0", "django==5.2.1")
    assert script.pinned({"distribution": "some"}) == {"distribution": "some"}


def test_a_package_that_cannot_be_run_is_named_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def fail(spec: dict[str, Any], folder: Path) -> dict[str, Any]:
        raise script.Failed("no such version")

    monkeypatch.setattr(script, "SKETCHES", tmp_path)
    monkeypatch.setattr(script, "introspected", fail)
    monkeypatch.setattr(sys, "argv", ["sketch_packages.py", "django-taggit"])
    assert script.main() == 1
    assert capsys.readouterr().out == "django-taggit: failed: no such version\n"
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_package_is_an_error(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", ["sketch_packages.py", "no-such-package"])
    with pytest.raises(SystemExit) as stopped:
        script.main()
    assert stopped.value.code == 2
    assert "not in packages.toml: no-such-package" in capsys.readouterr().err


@pytest.fixture(scope="module", autouse=True)
def alone():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_sources, "Texts", Alone)
        yield
