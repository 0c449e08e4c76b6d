"""``djguide new-rule``: what it writes, what it refuses, and that its page fails until it is filled in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cli_fakes import Run

from djguide_server.cli.commands import new_rule

ROOT = Path(__file__).parents[2]
CODE = "product-called-thing"

FILLED_MODULE = '''\
"""A model has a name that says nothing."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Place, Severity
from djguide_analyzers.source.positions import Position, Range

RULE = Rule(summary="A model is called `Thing`", severity=Severity.INFO, default=False)


def check(file: FileContext) -> Iterator[Hit]:
    for number, line in enumerate(file.lines.text.split("\\n")):
        if line.startswith("class Thing("):
            place = Range(Position(number, 6), Position(number, 11))
            yield Hit(Place(file.path, place), "Say what it is")
'''
FILLED_PAGE = f"""\
# {CODE}

A model is called `Thing`.

Severity: **info** · Fix: **none** · Default: **off** · Django: **all versions**

## Why

Everything is a thing.

## When not to follow it

In a shop of things.

## Bad

```python shop/models.py
from django.db import models


class Thing(models.Model):  # finding
    name = models.CharField(max_length=80)
```

## Good

Say `Product`.

## Near misses

```python shop/quiet.py
class Things:
    pass
```

## Reference

Django documentation: Models.
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the source tree, as far as rules and their pages need it."""
    root = tmp_path / "checkout"
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("analyzers", "server", "tests/rules"):
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def python(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    paths = [str(checkout / name) for name in ("server", "analyzers")]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=checkout,
        env=env,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


def page_tests(checkout: Path) -> subprocess.CompletedProcess[str]:
    return python(
        checkout, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/rules/test_pages.py", "-k", CODE
    )


def test_a_new_rule_is_there_and_its_page_fails_until_it_is_filled_in(checkout: Path) -> None:
    answer = python(checkout, "-m", "djguide_server", "new-rule", "models", CODE)
    assert (answer.returncode, answer.stderr) == (0, "")
    folder = checkout / "analyzers" / "djguide_analyzers" / "rules" / "models"
    module, page = folder / "product_called_thing.py", folder / "product_called_thing.md"
    assert answer.stdout.split("\n")[:2] == [str(module), str(page)]
    assert CODE in answer.stdout.split("\n")[2]
    assert CODE in python(checkout, "-m", "djguide_server", "rules").stdout

    skeleton = page_tests(checkout)
    assert skeleton.returncode == 1, skeleton.stdout
    for test in ("findings", "sections", "page_shows_what_its_rule_does", "page_is_written"):
        assert f"FAILED tests/rules/test_pages.py::test_{test}[{CODE}" in skeleton.stdout

    again = python(checkout, "-m", "djguide_server", "new-rule", "models", CODE)
    assert again.returncode == 2 and "exists already" in again.stderr

    module.write_text(FILLED_MODULE, encoding="utf-8")
    page.write_text(FILLED_PAGE, encoding="utf-8")
    filled = page_tests(checkout)
    assert filled.returncode == 0, filled.stdout


def test_a_new_practice(checkout: Path) -> None:
    refused = python(checkout, "-m", "djguide_server", "new-rule", "shipping", "parcel-lost")
    assert refused.returncode == 2 and "--new-practice" in refused.stderr
    answer = python(checkout, "-m", "djguide_server", "new-rule", "shipping", "parcel-lost", "--new-practice")
    assert (answer.returncode, answer.stderr) == (0, "")
    rules = python(checkout, "-m", "djguide_server", "rules", "--format", "json")
    assert '"practice": "shipping"' in rules.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("models", "len-of-queryset"), "'len-of-queryset' exists already"),
        (("models", "unused-suppression"), "'unused-suppression' exists already"),
        (
            ("models", "ModelCalledThing"),
            "not kebab-case, as in 'len-of-queryset'. Did you mean 'model-called-thing'?",
        ),
        (("models", "model_called_thing"), "Did you mean 'model-called-thing'?"),
        (("models", "-"), "not kebab-case"),
        (("models", "../evil"), "not kebab-case"),
        (("models", "import"), "cannot be the name of a module"),
        (("querys", "a-new-rule"), "Did you mean 'queries'?"),
        (("edits", "a-new-rule"), "cannot be a practice"),
        (("../models", "a-new-rule"), "cannot be a practice"),
    ],
)
def test_refusals(run: Run, arguments: tuple[str, str], reason: str) -> None:
    before = sorted(new_rule._rules_folder().rglob("*"))
    answer = run("new-rule", *arguments)
    assert answer.status == 2
    assert reason in answer.err
    assert sorted(new_rule._rules_folder().rglob("*")) == before


def test_an_installed_djguide_refuses(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "lib" / "site-packages" / "djguide_analyzers" / "rules"
    (folder / "models").mkdir(parents=True)
    monkeypatch.setattr(new_rule, "_rules_folder", lambda: folder)
    answer = run("new-rule", "models", "a-new-rule")
    assert answer.status == 2 and "no checkout" in answer.err
    assert list((folder / "models").iterdir()) == []


def test_a_source_tree_that_cannot_be_written_to(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    answer = run("new-rule", "models", "a-new-rule")
    assert answer.status == 2 and "cannot be written to" in answer.err


def test_a_folder_of_ones_own(tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "team rules"
    answer = run("new-rule", "house", CODE, "--folder", folder)
    assert answer.status == 0, answer.err
    written = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert written == ["house/product_called_thing.md", "house/product_called_thing.py"]
    assert f"check_page('{CODE}')" in answer.out
    assert run("new-rule", "house", CODE, "--folder", folder).status == 2
    assert run("new-rule", "house", "len-of-queryset", "--folder", folder).status == 2
