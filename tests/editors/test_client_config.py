"""What the editors' configurations promise and no editor is needed to see."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = ROOT / "client-config" / "vscode"


def manifest() -> dict[str, Any]:
    return json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))


def test_the_extension_has_the_version_and_the_licence_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert manifest()["version"] == project["version"]
    assert (EXTENSION / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_build_dependencies_are_pinned_and_not_tied_to_a_registry() -> None:
    declared = manifest()["devDependencies"]
    assert [version for version in declared.values() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
    lock = json.loads((EXTENSION / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert lock["packages"][""]["devDependencies"] == declared
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []


def test_settings_that_name_a_program_are_restricted() -> None:
    settings = manifest()["contributes"]["configuration"]["properties"]
    programs = [name for name, setting in settings.items() if setting["scope"] == "machine-overridable"]
    assert programs == ["djguide.path", "djguide.interpreter"]
    trust = manifest()["capabilities"]["untrustedWorkspaces"]
    assert trust["supported"] == "limited"
    assert trust["restrictedConfigurations"] == programs
