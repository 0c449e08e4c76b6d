"""What the command line asks of the real workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from djguide_analyzers.engine import workspace
from djguide_analyzers.engine.config import Config, load_config
from djguide_server.cli import engine
from djguide_server.cli.options import codes_called

Arguments = dict[str, Any]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Arguments]:
    """The arguments of each workspace that was made."""
    made: list[Arguments] = []

    class Opened:
        def __init__(self, roots: object, **arguments: Any) -> None:
            self.arguments = {"roots": roots, **arguments}
            made.append(self.arguments)

        def close(self) -> None:
            self.arguments["closed"] = True

    monkeypatch.setattr(workspace, "Workspace", Opened)
    return made


def configured(folder: Path, settings: dict[str, object]) -> Config:
    """What `settings` make of a project that has a say of its own."""
    (folder / "djguide.toml").write_text(
        'select = ["models"]\nextend-select = ["queries"]\nignore = ["a", "b"]\nseverity = {c = "error"}\n'
    )
    loaded = load_config(
        folder, lambda path: Path(path).read_text() if Path(path).exists() else None, settings
    )
    assert not loaded.mistakes
    return loaded.config


def test_without_options_the_configuration_decides(opened: list[Arguments], tmp_path: Path) -> None:
    with engine.open_workspace([tmp_path]):
        pass
    plain = {"cache": None, "settings": {}, "executor": None, "shared_cache": False, "closed": True}
    assert opened == [{"roots": [tmp_path], **plain}]


def test_selected_rules_are_just_those(opened: list[Arguments], tmp_path: Path) -> None:
    with engine.open_workspace([tmp_path], select=["a", "x"]):
        config = configured(tmp_path, opened[0]["settings"])
    assert config.is_selected("a", "models", default=False)
    assert config.is_selected("x", "services", default=False)
    assert not config.is_selected("y", "queries", default=True)
    assert not config.is_selected("z", "models", default=True)


def test_ignored_rules_are_left_out_besides_those_of_the_project(
    opened: list[Arguments], tmp_path: Path
) -> None:
    with engine.open_workspace([tmp_path], ignore=["c"]):
        config = configured(tmp_path, opened[0]["settings"])
    assert [code for code in "abcd" if config.is_selected(code, "models", default=True)] == ["d"]


def test_without_cache_a_folder_is_used_and_removed(opened: list[Arguments], tmp_path: Path) -> None:
    with engine.open_workspace([tmp_path], cache=False):
        folder = opened[0]["cache"]
        assert folder.is_dir() and list(folder.iterdir()) == []
        (folder / "facts").write_text("some")
    assert not folder.exists()


def test_codes_that_are_no_rules_can_be_ignored() -> None:
    assert codes_called("unused-suppression") == ["unused-suppression"]
    assert "invalid-configuration" in codes_called("all")
