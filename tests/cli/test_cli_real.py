"""``djguide`` as users start it, with the real analysis, on a small project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import djguide_analyzers
import djguide_server

SETTINGS = """\
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
"""
MANAGE = """\
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
"""
MODELS = """\
from django.db import models


class Product(models.Model):
    name = models.CharField(max_length=80)
    price = models.FloatField()


class Order(models.Model):
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="orders")
"""
MODELS_WITHOUT_INDEXES = """\
from django.db import models


class Product(models.Model):
    code = models.CharField(max_length=10, unique=True)
    name = models.CharField(max_length=80, unique=True)


class Shelf(models.Model):
    row = models.CharField(max_length=10, unique=True)
    number = models.CharField(max_length=10, unique=True)

    class Meta:
        ordering = ["row"]
"""
MODELS_WITH_INDEXES = """\
from django.db import models


class Product(models.Model):
    code = models.CharField(max_length=10, unique=True)
    name = models.CharField(max_length=80, unique=True)

    class Meta:
        indexes = [
            models.Index(fields=["code"], name="product_code"),
            models.Index(fields=["name"], name="product_name"),
        ]


class Shelf(models.Model):
    row = models.CharField(max_length=10, unique=True)
    number = models.CharField(max_length=10, unique=True)

    class Meta:
        ordering = ["row"]
        indexes = [models.Index(fields=["row"], name="row"), models.Index(fields=["number"], name="number")]
"""
VIEWS = """\
from shop.models import Order


def number_of_orders():
    return len(Order.objects.all())
"""
FILES = {
    "manage.py": MANAGE,
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\ndependencies = ["django~=5.2.0"]\n',
    "project/__init__.py": "",
    "project/settings.py": SETTINGS,
    "shop/__init__.py": "",
    "shop/models.py": MODELS,
    "shop/views.py": VIEWS,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "shop project"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def djguide(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    roots = (
        Path(module.__file__ or "").parents[1].as_posix() for module in (djguide_server, djguide_analyzers)
    )
    cache = (project.parent / "cache").as_posix()
    env = os.environ | {"PYTHONPATH": os.pathsep.join(roots), "XDG_CACHE_HOME": cache}
    return subprocess.run(
        [sys.executable, "-m", "djguide_server", *arguments],
        cwd=project,
        env=env,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def test_findings(project: Path) -> None:
    answer = djguide(
        project, "check", "--output-format", "json", "--select", "len-of-queryset,money-stored-as-float"
    )
    assert (answer.returncode, answer.stderr) == (1, "")
    document = json.loads(answer.stdout)
    places = [(f["code"], f["path"], f["range"]["start"]["line"]) for f in document["findings"]]
    assert places == [("money-stored-as-float", "shop/models.py", 6), ("len-of-queryset", "shop/views.py", 5)]
    assert document["errors"] == []
    assert document["stats"]["files"] >= 5


def test_a_second_run_says_the_same(project: Path) -> None:
    first, second = (
        json.loads(djguide(project, "check", "--output-format", "json").stdout) for _ in range(2)
    )
    uncached = json.loads(djguide(project, "check", "--output-format", "json", "--no-cache").stdout)
    assert first["findings"]
    assert first["findings"] == second["findings"] == uncached["findings"]


def test_selecting_another_rule_finds_nothing(project: Path) -> None:
    answer = djguide(project, "check", "--select", "fk-id-through-relation")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.startswith("No findings in ")


def test_text_shows_the_code(project: Path) -> None:
    answer = djguide(project, "check", "shop/views.py", "--select", "len-of-queryset")
    assert answer.returncode == 1
    assert "shop/views.py\n" in answer.stdout
    assert "5 │     return len(Order.objects.all())" in answer.stdout


def test_fix_is_applied_and_found_no_more(project: Path) -> None:
    diff = djguide(project, "check", "--diff", "--select", "len-of-queryset")
    assert diff.returncode == 1
    assert (
        "+    return Order.objects.count()" in diff.stdout
        or "+    return Order.objects.all().count()" in diff.stdout
    )
    assert (project / "shop/views.py").read_text() == VIEWS
    answer = djguide(project, "check", "--fix", "--select", "len-of-queryset")
    assert answer.returncode == 0
    assert ".count()" in (project / "shop/views.py").read_text()


def test_fixes_that_empty_an_option_together_take_it_along(project: Path) -> None:
    (project / "shop/models.py").write_text(MODELS_WITH_INDEXES)
    answer = djguide(project, "check", "--fix", "--review", "--select", "duplicate-index")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert (project / "shop/models.py").read_text() == MODELS_WITHOUT_INDEXES


@pytest.mark.parametrize(
    "arguments",
    [["check", "--select", "no-such-rule"], ["check", "nowhere"], ["check", "--what"], ["rule", "no-such"]],
)
def test_bad_usage(project: Path, arguments: list[str]) -> None:
    answer = djguide(project, *arguments)
    assert answer.returncode == 2
    assert answer.stdout == "" and "Error: " in answer.stderr


def test_a_broken_file_is_told_and_silences_nothing(project: Path) -> None:
    (project / "shop" / "broken.py").write_text("def (:\n")
    answer = djguide(project, "check", "--select", "len-of-queryset")
    assert answer.returncode == 1
    assert answer.stderr.startswith("shop/broken.py:1:")
    (project / "shop" / "views.py").unlink()
    assert djguide(project, "check", "--select", "len-of-queryset").returncode == 0


def test_an_empty_folder(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    assert djguide(folder, "check").returncode == 0
    assert djguide(folder, "models").returncode == 0
    assert djguide(folder, "doctor").returncode == 0


def test_models(project: Path) -> None:
    answer = djguide(project, "models", "--format", "json")
    assert (answer.returncode, answer.stderr) == (0, "")
    graph = json.loads(answer.stdout)
    order = next(model for model in graph["models"] if model["label"] == "shop.Order")
    assert (order["file"], order["line"]) == ("shop/models.py", 9)
    assert order["relations"][0]["target"] == "shop.Product"
    assert (
        'shop_Order }o--|| shop_Product : "product"'
        in djguide(project, "models", "--format", "mermaid").stdout
    )
    assert "shop/models.py:4" in djguide(project, "models").stdout


def test_rules(project: Path) -> None:
    codes = {
        rule["code"] for rule in json.loads(djguide(project, "rules", "--format", "json").stdout)["rules"]
    }
    assert "len-of-queryset" in codes
    page = djguide(project, "rule", "len-of-queryset")
    assert page.returncode == 0 and page.stdout.startswith("# len-of-queryset")


def test_doctor(project: Path) -> None:
    answer = djguide(project, "doctor", "--format", "json")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "project.settings" in answer.stdout
    assert "project.settings" in djguide(project, "doctor").stdout


def test_a_folder_without_django_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "tools"
    folder.mkdir()
    (folder / "tool.py").write_text("print('hello')\n")
    result = djguide(folder, "check")
    assert result.returncode == 0
    assert "No Django project was found here" in result.stdout
