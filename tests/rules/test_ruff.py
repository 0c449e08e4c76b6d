"""Which rules ruff is configured to report, read as ruff reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from djguide_analyzers.engine.workspace import Workspace
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.ruff import ruff_reports


def reports(tmp_path: Path, files: dict[str, str], code: str, path: str = "shop/models.py") -> bool:
    for name, text in {"shop/models.py": "", "shop/sub/models.py": "", ".git/HEAD": "ref", **files}.items():
        target = tmp_path / "repo" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def read(name: str) -> str | None:
        found = Path(name)
        return found.read_text(encoding="utf-8") if found.is_file() else None

    module = _Module((tmp_path / "repo" / path).as_posix())
    return ruff_reports(FileContext(None, module, read, None), code)  # type: ignore[arg-type]


class _Module:
    """All that the reader asks of a module."""

    def __init__(self, path: str) -> None:
        self.path = path


@pytest.mark.parametrize(
    ("config", "code", "expected"),
    [
        ("", "DJ001", False),
        ("line-length = 100", "DJ001", False),
        ('[lint]\nselect = ["DJ"]', "DJ001", True),
        ('[lint]\nselect = ["DJ0"]', "DJ001", True),
        ('[lint]\nselect = ["ALL"]', "DJ001", True),
        ('[lint]\nselect = ["ALL"]\nignore = ["DJ"]', "DJ001", False),
        ('[lint]\nselect = ["DJ"]\nignore = ["DJ001"]', "DJ001", False),
        ('[lint]\nselect = ["DJ"]\nignore = ["DJ001"]', "DJ008", True),
        ('[lint]\nselect = ["DJ001"]\nignore = ["DJ"]', "DJ001", True),
        ('[lint]\nselect = ["DJ"]\nignore = ["DJ"]', "DJ001", False),
        ('[lint]\nextend-select = ["DJ"]', "DJ001", True),
        ('[lint]\nselect = ["D"]', "DJ001", False),
        ('[lint]\nselect = ["E", "F"]', "DJ001", False),
        ('[lint]\nselect = ["DJ"]\nextend-ignore = ["DJ00"]', "DJ001", False),
        ('select = ["DJ"]', "DJ001", True),
        ('[lint]\nselect = ["DJ"]\n[lint.per-file-ignores]\n"shop/*" = ["DJ"]', "DJ001", False),
        ('[lint]\nselect = ["DJ"]\n[lint.per-file-ignores]\n"models.py" = ["DJ001"]', "DJ001", False),
        ('[lint]\nselect = ["DJ"]\n[lint.per-file-ignores]\n"tests/*" = ["DJ"]', "DJ001", True),
        ('[lint]\nselect = ["DJ"]\n[lint.per-file-ignores]\n"!shop/**" = ["DJ"]', "DJ001", True),
        ('[lint]\nselect = "DJ"', "DJ001", False),
        ("[lint", "DJ001", False),
    ],
)
def test_selection(tmp_path: Path, config: str, code: str, expected: bool) -> None:
    assert reports(tmp_path, {"ruff.toml": config}, code) is expected


def test_the_table_in_pyproject(tmp_path: Path) -> None:
    assert reports(tmp_path, {"pyproject.toml": '[tool.ruff.lint]\nselect = ["DJ"]'}, "DJ008")


def test_a_pyproject_without_ruff_is_passed_by(tmp_path: Path) -> None:
    files = {"shop/pyproject.toml": "[project]\nname = 'ruffian'", "ruff.toml": '[lint]\nselect = ["DJ"]'}
    assert reports(tmp_path, files, "DJ008")


def test_the_nearest_file_counts_alone(tmp_path: Path) -> None:
    files = {"ruff.toml": '[lint]\nselect = ["DJ"]', "shop/sub/.ruff.toml": "line-length = 80"}
    assert reports(tmp_path, files, "DJ008")
    assert not reports(tmp_path, files, "DJ008", "shop/sub/models.py")


def test_the_hidden_name_comes_first(tmp_path: Path) -> None:
    files = {".ruff.toml": '[lint]\nselect = ["DJ"]', "ruff.toml": '[lint]\nselect = ["E"]'}
    assert reports(tmp_path, files, "DJ008")


def test_what_is_extended(tmp_path: Path) -> None:
    base = '[lint]\nselect = ["DJ"]\nignore = ["DJ001"]'
    inherits = {"ruff.toml": base, "shop/sub/ruff.toml": 'extend = "../../ruff.toml"'}
    assert reports(tmp_path, inherits, "DJ008", "shop/sub/models.py")
    assert not reports(tmp_path, inherits, "DJ001", "shop/sub/models.py")
    replaces = {"ruff.toml": base, "shop/sub/ruff.toml": 'extend = "../../ruff.toml"\n[lint]\nselect = ["E"]'}
    assert not reports(tmp_path, replaces, "DJ008", "shop/sub/models.py")
    adds = {
        "ruff.toml": base,
        "shop/sub/ruff.toml": 'extend = "../../ruff.toml"\n[lint]\nextend-select = ["S"]',
    }
    assert reports(tmp_path, adds, "DJ008", "shop/sub/models.py")
    assert reports(tmp_path, adds, "S608", "shop/sub/models.py")


def test_nothing_above_the_repository_counts(tmp_path: Path) -> None:
    (tmp_path / "ruff.toml").write_text('[lint]\nselect = ["DJ"]', encoding="utf-8")
    assert not reports(tmp_path, {}, "DJ008")


MODELS = (
    "from django.db import models\n\n\nclass Box(models.Model):\n    note = models.TextField(null=True)\n"
)


@pytest.mark.parametrize(("config", "severity"), [("", "info"), ('[lint]\nselect = ["DJ001"]', "hint")])
def test_a_rule_that_ruff_reports_is_a_hint_with_the_fix_it_lacks(
    tmp_path: Path, config: str, severity: str
) -> None:
    files = {
        "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")\n',
        "project/__init__.py": "",
        "project/settings.py": 'INSTALLED_APPS = ["shop"]\n',
        "shop/__init__.py": "",
        "shop/models.py": MODELS,
        "ruff.toml": config,
    }
    for name, text in files.items():
        target = tmp_path / "repo" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    settings: dict[str, object] = {"select": ["null-on-string-field"]}
    workspace = Workspace([tmp_path / "repo"], cache=tmp_path / "cache", settings=settings)
    try:
        findings = workspace.check().findings
    finally:
        workspace.close()
    assert [finding.severity.value for finding in findings] == [severity]
    assert findings[0].fixes[0].edits
