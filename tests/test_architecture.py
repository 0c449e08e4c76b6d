"""Who may import whom, read from the import statements of every file."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import djguide_analyzers
import djguide_server

ANALYZERS = Path(djguide_analyzers.__file__ or "").parent
SERVER = Path(djguide_server.__file__ or "").parent
TESTS = Path(__file__).parent

LAYERS = ("source", "facts", "project", "trace", "rules", "assist", "survey", "engine", "testing")
"""Each may import itself and what stands before it."""
FRONT_END_ONLY = {"djguide_server", "pygls", "lsprotocol", "click", "rich"}
SHARED_BY_RULES = {path.stem for path in (ANALYZERS / "rules").glob("*.py")} - {"__init__", "registry"}
"""The modules beside the folders of the practices."""
MAX_LINES = 450


class Import(NamedTuple):
    """One import: the file, and the dotted names it may bind or load."""

    path: Path
    line: int
    name: str


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*.py") if "__pycache__" not in path.parts)


def imports(path: Path) -> Iterator[Import]:
    """All imports of a file, those inside functions and ``TYPE_CHECKING`` included."""
    package = [*path.relative_to(ANALYZERS.parent if ANALYZERS in path.parents else SERVER.parent).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (Import(path, node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, node.module] if node.module else base)
            yield from (Import(path, node.lineno, f"{module}.{alias.name}") for alias in node.names)


def layer(dotted: str) -> str | None:
    """The layer of a dotted name of the analysis."""
    head, *rest = dotted.split(".")
    return rest[0] if head == "djguide_analyzers" and rest and rest[0] in LAYERS else None


def told(found: list[Import]) -> str:
    return "\n".join(f"{path}:{line}: {name}" for path, line, name in found)


ANALYSIS = [found for path in files(ANALYZERS) for found in imports(path)]


def test_all_of_the_analysis_lies_in_a_layer() -> None:
    folders = {path.relative_to(ANALYZERS).parts[0] for path in files(ANALYZERS)}
    assert folders - {"__init__.py"} == set(LAYERS)


def test_a_layer_imports_only_those_below_it() -> None:
    wrong = []
    for found in ANALYSIS:
        own, other = found.path.relative_to(ANALYZERS).parts[0], layer(found.name)
        if other is not None and LAYERS.index(other) > LAYERS.index(own):
            wrong.append(found)
    assert not wrong, told(wrong)


def test_the_analysis_knows_no_editor_and_no_terminal() -> None:
    wrong = [found for found in ANALYSIS if found.name.split(".")[0] in FRONT_END_ONLY]
    assert not wrong, told(wrong)


def test_only_source_and_facts_see_syntax_trees() -> None:
    wrong = [
        found
        for found in ANALYSIS
        if found.name.split(".")[0] in ("ast", "tokenize", "libcst", "parso")
        and found.path.relative_to(ANALYZERS).parts[0] not in ("source", "facts", "testing")
    ]
    assert not wrong, told(wrong)


def test_rules_import_no_rules() -> None:
    wrong = []
    for found in ANALYSIS:
        own = found.path.relative_to(ANALYZERS).parts
        name = found.name.split(".")
        if own[0] != "rules" or name[:2] != ["djguide_analyzers", "rules"] or own == ("rules", "registry.py"):
            continue
        if len(name) < 3 or name[2] not in SHARED_BY_RULES:
            wrong.append(found)
    assert not wrong, told(wrong)


def test_the_server_uses_the_analysis_from_outside() -> None:
    """Front ends talk to the engine and share its values; they do not look into projects and traces."""
    wrong = [
        found
        for path in files(SERVER)
        for found in imports(path)
        if layer(found.name) in ("trace", "facts")
        or found.name.startswith("djguide_analyzers.project.models")
    ]
    assert not wrong, told(wrong)


def test_importing_the_analysis_imports_no_front_end() -> None:
    """Also not by way of a third-party package."""
    code = (
        "import sys, djguide_analyzers.engine.workspace\n"
        f"print(sorted({FRONT_END_ONLY!r} & {{name.split('.')[0] for name in sys.modules}}))"
    )
    assert python(code) == "[]"


def test_every_module_can_be_imported_first() -> None:
    """No import works only because another came before it."""
    names = [".".join(path.relative_to(ANALYZERS.parent).with_suffix("").parts) for path in files(ANALYZERS)]
    code = (
        "import importlib, sys\n"
        f"for name in {[name.removesuffix('.__init__') for name in names]!r}:\n"
        "    for known in [known for known in sys.modules if known.startswith('djguide_analyzers')]:\n"
        "        del sys.modules[known]\n"
        "    try:\n"
        "        importlib.import_module(name)\n"
        "    except ImportError as error:\n"
        "        print(name, error)\n"
    )
    assert python(code) == ""


def python(code: str) -> str:
    """What `code` prints in a Python of its own."""
    path = f"{ANALYZERS.parent}{os.pathsep}{SERVER.parent}"
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": path},
    )
    return result.stdout.strip()


@pytest.mark.parametrize("root", [ANALYZERS, SERVER], ids=["analyzers", "server"])
def test_no_file_is_too_long(root: Path) -> None:
    long = {
        path.relative_to(root).as_posix(): lines
        for path in files(root)
        if (lines := path.read_text(encoding="utf-8").count("\n")) > MAX_LINES
    }
    assert not long


def test_every_rule_has_its_page() -> None:
    folder = ANALYZERS / "rules"
    rules = [path for path in files(folder) if path.parent != folder and not path.name.startswith("_")]
    assert rules
    assert [path for path in rules if not path.with_suffix(".md").is_file()] == []


def test_this_test_sees_imports() -> None:
    seen = {found.name for found in imports(ANALYZERS / "engine" / "workspace.py")}
    assert "djguide_analyzers.engine.folder.Folder" in seen
    relative = [found for path in files(SERVER) for found in imports(path) if "._" in found.name]
    assert all(not found.name.startswith(".") for found in relative)
