"""``djguide report`` with the real analysis, on the shop."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cli_fakes import Run

SHOP = Path(__file__).parents[1] / "projects" / "shop"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def shop(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    return shutil.copytree(SHOP, tmp_path / "shop")


def test_markdown(shop: Path, run: Run) -> None:
    answer = run("report", shop)
    assert answer.status == 0
    assert answer.out.startswith("# shop: a Django code base\n")
    assert "| catalog | 3 | 4 | 5 |  | 1 | 3 |" in answer.out
    assert "| `price_list_csv` | `/prices.csv` | 2 | 1 + N | 26 |  | `catalog/views.py:33` |" in answer.out
    assert "#### n-plus-one-foreign-key: 2 (warning)" in answer.out
    assert "erDiagram" in answer.out


def test_html_goes_to_a_file(shop: Path, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    answer = run("report", shop, "--format", "html", "--output-file", file)
    assert (answer.status, answer.out) == (0, f"Written to {file}.\n")
    text = file.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>") and text.count("<svg") == 4


def test_what_the_baseline_accepts_is_part_of_it(shop: Path, run: Run) -> None:
    before = run("report", shop).out
    assert run("baseline", shop).status == 0
    assert run("check", shop).status == 0
    assert run("report", shop).out == before


def test_a_file_that_cannot_be_written(shop: Path, run: Run, tmp_path: Path) -> None:
    answer = run("report", shop, "--output-file", tmp_path / "none" / "report.md")
    assert answer.status == 2
    assert "cannot be written" in answer.err


def test_a_folder_without_a_project(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "setup.cfg").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    answer = run("report", tmp_path / "empty", "--format", "html")
    assert answer.status == 0
    assert "No findings." in answer.out
