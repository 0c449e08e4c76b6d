"""Where a module is found: the project's own files, editable installs, the environment, djguide's own Django."""

from __future__ import annotations

from pathlib import Path

import pytest
from code_support import meaning
from project_files import write

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.python import python_facts
from djguide_analyzers.project.files import DiskFiles
from djguide_analyzers.project.finder import Finder, bundled_packages
from djguide_analyzers.project.modules import ClassInfo
from djguide_analyzers.project.resolve import Resolver

DJANGO_VERSION = "VERSION = (9, 9)\n"
FILES = {
    "own/shop/__init__.py": "",
    "own/shop/models.py": "class Own: pass\n",
    "own/single.py": "",
    "own/space/part.py": "",
    "site/shop/__init__.py": "",
    "site/shop/other.py": "",
    "site/lib/__init__.py": "from .core import Core\n",
    "site/lib/core.py": "class Core: pass\n",
    "site/single.py": "",
    "site/space/far.py": "",
    "site/names/only.py": "",
    "site/both.py": "",
    "site/both/__init__.py": "",
    "site/compiled.cpython-311.so": "",
    "second/lib/__init__.py": "",
    "second/lib/extra.py": "",
    "second/names/more.py": "",
    "second/late.py": "",
    "dev/tool/__init__.py": "",
    "dev/tool/sub/__init__.py": "",
    "dev/alone.py": "",
}


class Found:
    """A finder over files on the disk; counts whose facts were asked for."""

    def __init__(
        self, root: Path, *, files: dict[str, str] = FILES, mapped: dict[str, str] | None = None
    ) -> None:
        self.root = write(root, files)
        self.read: list[str] = []
        own = {
            path.removeprefix("own/")
            .removesuffix(".py")
            .removesuffix("/__init__")
            .replace("/", "."): self.at(path)
            for path in files
            if path.startswith("own/")
        }
        self.disk = DiskFiles()
        self.find = Finder(
            self.disk,
            own,
            [self.at("site"), self.at("second")],
            {name: self.at(path) for name, path in (mapped or {}).items()},
            self._facts,
        )

    def at(self, path: str) -> str:
        return f"{self.root}/{path}"

    def _facts(self, path: str) -> ir.PyFacts | None:
        self.read.append(path)
        text = self.disk.read_text(path)
        return None if text is None else python_facts(text)

    def __call__(self, dotted: str) -> tuple[str, str] | None:
        module = self.find(dotted)
        if module is None:
            return None
        assert module.name == dotted
        return module.path.removeprefix(f"{self.root}/"), module.origin


@pytest.mark.parametrize(
    ("dotted", "expected"),
    [
        ("shop.models", ("own/shop/models.py", "project")),
        ("shop", ("own/shop/__init__.py", "project")),
        ("single", ("own/single.py", "project")),
        ("space.part", ("own/space/part.py", "project")),
        ("shop.other", None),  # hidden by the project's own package
        (
            "space.far",
            ("site/space/far.py", "environment"),
        ),  # a namespace package has parts in several places
        ("lib", ("site/lib/__init__.py", "environment")),
        ("lib.core", ("site/lib/core.py", "environment")),
        ("lib.extra", None),  # hidden by the first package of that name
        ("names.only", ("site/names/only.py", "environment")),
        ("names.more", ("second/names/more.py", "environment")),
        ("names", None),
        ("both", ("site/both/__init__.py", "environment")),  # a package comes before a module
        ("late", ("second/late.py", "environment")),
        ("compiled", None),
        ("gone", None),
        ("", None),
        ("lib.core.Core", None),
        ("lib..core", None),
    ],
)
def test_order(tmp_path: Path, dotted: str, expected: tuple[str, str] | None) -> None:
    assert Found(tmp_path)(dotted) == expected


def test_editable_installs_come_before_the_environment(tmp_path: Path) -> None:
    mapped = {"tool": "dev/tool", "alone": "dev/alone.py", "lib": "dev/tool", "shop": "dev/tool"}
    found = Found(tmp_path, mapped=mapped)
    assert found("tool") == ("dev/tool/__init__.py", "environment")
    assert found("tool.sub") == ("dev/tool/sub/__init__.py", "environment")
    assert found("alone") == ("dev/alone.py", "environment")
    assert found("lib.core") is None
    assert found("shop.models") == ("own/shop/models.py", "project")


def test_an_editable_install_of_the_project_itself_is_the_project(tmp_path: Path) -> None:
    found = Found(tmp_path, mapped={"alias": "own/shop"})
    assert found("alias.models") == ("own/shop/models.py", "project")


def test_djguides_own_django_stands_in_where_the_environment_has_none(tmp_path: Path) -> None:
    module = Found(tmp_path).find("django.db.models.query")
    assert module is not None
    assert module.origin == "bundled"
    assert module.path == f"{bundled_packages()}/django/db/models/query.py"


def test_the_environments_django_hides_djguides_own_altogether(tmp_path: Path) -> None:
    found = Found(tmp_path, files={**FILES, "site/django/__init__.py": DJANGO_VERSION})
    assert found("django") == ("site/django/__init__.py", "environment")
    assert found("django.db.models") is None


def test_only_django_is_taken_from_djguides_own_environment(tmp_path: Path) -> None:
    found = Found(tmp_path)
    assert [found(name) for name in ("hypothesis", "pytest", "djguide_analyzers")] == [None] * 3


def test_a_file_that_cannot_be_read_is_no_module(tmp_path: Path) -> None:
    found = Found(tmp_path)
    (tmp_path / "site/lib/core.py").unlink()
    (tmp_path / "site/lib/core.py").mkdir()
    assert found("lib.core") is None


def test_only_what_is_asked_for_is_read(tmp_path: Path) -> None:
    found = Found(tmp_path)
    resolver = Resolver(found.find)
    assert meaning(resolver.dotted("lib.Core")) == "lib.core.Core"
    assert sorted(path.removeprefix(f"{found.root}/") for path in found.read) == [
        "site/lib/__init__.py",
        "site/lib/core.py",
    ]


def test_hierarchies_lead_through_packages_of_the_environment(tmp_path: Path) -> None:
    files = {
        "own/shop/__init__.py": "",
        "own/shop/models.py": "from timed.models import Timed\nclass Order(Timed): pass\n",
        "site/timed/__init__.py": "",
        "site/timed/models.py": "from django.db import models\nclass Timed(models.Model): pass\n",
    }
    resolver = Resolver(Found(tmp_path, files=files).find)
    module = resolver.module("shop.models")
    assert module is not None
    (order,) = module.classes()
    names = [base.dotted for base in resolver.mro(order)]
    assert names[:3] == ["shop.models.Order", "timed.models.Timed", "django.db.models.base.Model"]
    assert resolver.fully_known(order)


def test_manager_from_queryset_in_a_project(tmp_path: Path) -> None:
    files = {
        "own/shop/models.py": (
            "from django.db import models\n"
            "class OrderQuerySet(models.QuerySet):\n    def paid(self): return self\n"
            "Base = models.Manager.from_queryset(OrderQuerySet)\n"
            "class OrderManager(Base):\n    pass\n"
            "class Inline(models.Manager.from_queryset(OrderQuerySet)):\n    pass\n"
        )
    }
    resolver = Resolver(Found(tmp_path, files=files).find)
    for name in ("OrderManager", "Inline"):
        cls = resolver.dotted(f"shop.models.{name}")
        assert isinstance(cls, ClassInfo)
        names = [base.dotted for base in resolver.mro(cls)]
        assert names.index("django.db.models.manager.Manager") < names.index("shop.models.OrderQuerySet")
        assert meaning(resolver.attribute(cls, "paid")) == "shop.models.OrderQuerySet.paid"
