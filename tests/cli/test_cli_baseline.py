"""``djguide baseline`` with the real analysis: Monday's findings are accepted, Friday's new one is told."""

from __future__ import annotations

import json
import os
import shutil
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
    out = run("check").out
    assert "shop/views.py" in out and "11:12  warning" in out
    assert f"1 finding of the baseline no longer occurs: taken out of {NAME}.\n" in out
    assert entries(shop) == BOTH[1:]
    assert codes(run) == ["len-of-queryset"], "shrinking accepts nothing"
    assert "no longer occurs" not in run("check").out
    assert run("baseline").out == f"2 findings accepted in {NAME} (1 new).\n"
    assert run("baseline").out == f"{NAME} is up to date: 2 findings accepted.\n"
    assert codes(run) == []


def mended(shop: Path) -> None:
    (shop / "shop/models.py").write_text(MODELS.replace("FloatField()", "IntegerField()"))
    (shop / "shop/views.py").write_text("")


def test_a_baseline_shrinks_to_nothing(shop: Path, run: Run) -> None:
    run("baseline")
    mended(shop)
    answer = run("check", "--output-format", "json")
    (use,) = json.loads(answer.out)["stats"]["baselines"]
    assert (use["path"], len(use["gone"]), use["pruned"]) == (NAME, 2, True)
    assert entries(shop) == []
    assert answer.status == run("check").status == 0


def test_a_baseline_shrinks_where_it_was_looked_at(shop: Path, run: Run) -> None:
    run("baseline")
    mended(shop)
    run("check", "shop/models.py")
    assert entries(shop) == BOTH[1:]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--keep-baseline"],
        ["--diff"],
        ["--no-baseline"],
        ["--select", "money-stored-as-float"],
        ["--ignore", "money-stored-as-float"],
    ],
    ids=" ".join,
)
def test_a_check_that_does_not_shrink_a_baseline(shop: Path, run: Run, arguments: list[str]) -> None:
    run("baseline")
    mended(shop)
    run("check", *arguments)
    assert entries(shop) == BOTH


def test_services_only_tell_what_is_gone(shop: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("baseline")
    mended(shop)
    monkeypatch.setenv("CI", "true")
    out = run("check").out
    assert "2 findings of the baseline no longer occur: `djguide baseline --prune` removes them.\n" in out
    assert entries(shop) == BOTH
    assert run("baseline", "--prune").out == f"0 findings accepted in {NAME} (2 gone).\n"


def test_what_cannot_be_judged_stays(shop: Path, run: Run) -> None:
    run("baseline")
    mended(shop)
    (shop / "shop/views.py").write_text("def number(:\n")
    (shop / "djguide.toml").write_text('ignore = ["money-stored-as-float"]\n')
    run("check")
    assert entries(shop) == BOTH


def test_a_baseline_for_several_folders_shrinks_in_the_one_that_is_checked(
    shop: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The configuration and the baseline lie above two projects."""
    above = shop.parent
    (above / ".git").mkdir()
    (above / "djguide.toml").touch()
    shutil.copytree(shop, above / "other")
    monkeypatch.chdir(above)
    run("baseline")
    assert len(entries(above)) == 4
    mended(shop)
    monkeypatch.chdir(shop)
    assert f"no longer occur: taken out of {above / NAME}.\n" in run("check").out
    assert [path for path, _ in entries(above)] == ["other/shop/models.py", "other/shop/views.py"]


def test_fixing_shrinks_a_baseline(shop: Path, run: Run) -> None:
    run("baseline")
    (shop / "shop/models.py").write_text(MODELS.replace("FloatField()", "IntegerField()"))
    (shop / "shop/views.py").write_text(f"{VIEWS}{MORE}")
    run("check", "--fix")
    assert entries(shop) == BOTH[1:]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="may write anything")
def test_a_baseline_that_cannot_be_written_is_no_obstacle(shop: Path, run: Run) -> None:
    run("baseline")
    mended(shop)
    (shop / NAME).chmod(0o444)
    answer = run("check")
    assert "`djguide baseline --prune` removes them." in answer.out
    assert answer.status == 0 and entries(shop) == BOTH


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
