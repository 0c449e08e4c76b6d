"""``djguide baseline`` with the real analysis: Monday's findings are accepted, Friday's new one is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_fakes import Answer, Run

MODELS = """\
from django.db import models


class Product(models.Model):
    price = models.FloatField()
    weight = models.DecimalField(max_digits=5, decimal_places=2)
"""
VIEWS = """\
from shop.models import Product


def number():
    return len(Product.objects.all())
"""
FILES = {
    "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")\n',
    "project/__init__.py": "",
    "project/settings.py": 'INSTALLED_APPS = ["shop"]\n',
    "shop/__init__.py": "",
    "shop/models.py": MODELS,
    "shop/views.py": VIEWS,
}
NAME = "djguide-baseline.json"
MORE = "\n\ndef more():\n    return len(Product.objects.all())\n"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "shop"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.chdir(root)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return root


def codes(run: Run, *arguments: str) -> list[str]:
    return [
        f["code"] for f in json.loads(run("check", "--output-format", "json", *arguments).out)["findings"]
    ]


def entries(root: Path, name: str = NAME) -> list[tuple[str, str]]:
    return [(e["path"], e["code"]) for e in json.loads((root / name).read_text())["findings"]]


BOTH = [("shop/models.py", "money-stored-as-float"), ("shop/views.py", "len-of-queryset")]


def test_adopt_it_on_monday_keep_it_on_friday(shop: Path, run: Run) -> None:
    assert run("check").status == 1
    assert run("baseline") == Answer(0, f"2 findings accepted in {NAME}.\n", "")
    assert entries(shop) == BOTH
    assert run("check").status == 0
    # The week goes by: code moves, one finding is mended, one is new.
    (shop / "shop/views.py").write_text(f"# A comment.\n\n{VIEWS}{MORE}")
    (shop / "shop/models.py").write_text(MODELS.replace("FloatField()", "IntegerField()"))
    assert codes(run) == ["len-of-queryset"]
    out = run("check").out
    assert "shop/views.py" in out and "11:12  warning" in out
    assert "1 finding of the baseline no longer occurs: `djguide baseline --prune` removes it.\n" in out
    assert entries(shop) == BOTH, "a check writes nothing"
    assert run("baseline", "--prune").out == f"1 finding accepted in {NAME} (1 gone).\n"
    assert entries(shop) == BOTH[1:]
    assert codes(run) == ["len-of-queryset"], "pruning accepts nothing"
    assert run("baseline").out == f"2 findings accepted in {NAME} (1 new).\n"
    assert run("baseline").out == f"{NAME} is up to date: 2 findings accepted.\n"
    assert codes(run) == []


def test_part_of_a_project(shop: Path, run: Run) -> None:
    assert run("baseline", "shop/views.py").status == 0
    assert entries(shop) == BOTH[1:]
    assert codes(run) == ["money-stored-as-float"]
    assert run("baseline", "shop/models.py").out == f"2 findings accepted in {NAME} (1 new).\n"
    (shop / "shop/views.py").write_text("")
    (shop / "shop/models.py").write_text("")
    run("baseline", "--prune", "shop/models.py")
    assert entries(shop) == BOTH[1:]


def test_a_file_that_cannot_be_parsed_keeps_its_entries(shop: Path, run: Run) -> None:
    run("baseline")
    (shop / "shop/views.py").write_text("def number(:\n")
    run("baseline", "--prune")
    assert entries(shop) == BOTH


def test_the_configuration_names_the_file(shop: Path, run: Run) -> None:
    (shop / "djguide.toml").write_text('baseline = "quality/known.json"\n')
    assert "no such file" in run("check").err
    assert run("baseline").out == "2 findings accepted in quality/known.json.\n"
    assert entries(shop, "quality/known.json") == BOTH
    assert run("check").status == 0


def test_nothing_to_prune(shop: Path, run: Run) -> None:
    answer = run("baseline", "--prune")
    assert answer.status == 2 and "There is no baseline to prune." in answer.err


@pytest.mark.parametrize("text", ["precious", "{}", '{"version": 1, "findings": 3}', "<<<<<<< ours\n"])
def test_what_is_no_baseline_is_not_overwritten(shop: Path, run: Run, text: str) -> None:
    (shop / NAME).write_text(text)
    for arguments in ([], ["--prune"]):
        assert run("baseline", *arguments).status == 2
        assert (shop / NAME).read_text() == text


def outside(shop: Path) -> Path:
    (shop / "djguide.toml").write_text('baseline = "../outside.json"\n')
    return shop.parent / "outside.json"


def through_a_link(shop: Path) -> Path:
    (shop / NAME).symlink_to(shop.parent / "outside.json")
    return shop.parent / "outside.json"


@pytest.mark.parametrize("named", [outside, through_a_link])
def test_nothing_is_written_outside_of_the_project(
    shop: Path, run: Run, named: Callable[[Path], Path]
) -> None:
    path = named(shop)
    answer = run("baseline")
    assert answer.status == 2 and "outside of the project" in answer.err
    assert not path.exists()
