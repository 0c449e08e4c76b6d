from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from djguide_server.cli.targets import Targets, project_root


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """``repo/`` with ``manage.py``, and below it a package, and a plugin that is a project of its own;
    ``loose/`` with a package, without any mark of a project."""
    for folder in ("repo/shop/views", "repo/plugin/src", "bare/inner"):
        (tmp_path / folder).mkdir(parents=True)
    for package in ("loose/shop/views", "loose/shop/templates/shop"):
        (tmp_path / package).mkdir(parents=True)
    for package in ("loose/shop", "loose/shop/views"):
        (tmp_path / package / "__init__.py").write_text("")
    for file in ("repo/manage.py", "repo/shop/views/a.py", "repo/plugin/pyproject.toml", "bare/inner/a.py"):
        (tmp_path / file).write_text("")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("repo", "repo"),
        ("repo/shop", "repo"),
        ("repo/shop/views/a.py", "repo"),
        ("repo/plugin", "repo/plugin"),
        ("repo/plugin/src", "repo/plugin"),
        ("loose", "loose"),
        ("loose/shop", "loose"),
        ("loose/shop/views", "loose"),
        ("loose/shop/templates/shop", "loose"),
        ("bare", "bare"),
        ("bare/inner", "bare/inner"),
        ("bare/inner/a.py", "bare/inner"),
    ],
)
def test_project_root(tree: Path, path: str, root: str) -> None:
    assert project_root(tree / path) == tree / root


@pytest.mark.parametrize("limit", ["home", "temporary"])
def test_what_lies_around_in_shared_folders_is_no_project(
    tree: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    (tree / "pyproject.toml").write_text("")
    assert project_root(tree / "bare") == tree
    if limit == "home":
        monkeypatch.setattr(Path, "home", lambda: tree)
    else:
        monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tree))
    assert project_root(tree / "bare") == tree / "bare"


def test_a_user_without_a_home(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    assert project_root(tree / "bare") == tree / "bare"


def test_names_are_relative_to_the_current_directory_then_to_the_argument(tree: Path) -> None:
    targets = Targets.of([tree / "repo" / "shop"], cwd=tree / "bare")
    at = tree.as_posix()
    assert targets.display(f"{at}/bare/inner/a.py") == "inner/a.py"
    assert targets.display(f"{at}/repo/shop/views/a.py") == "views/a.py"
    assert targets.display(f"{at}/repo/manage.py") == f"{at}/repo/manage.py"
    assert targets.display("/usr/lib/django.py") == "/usr/lib/django.py"


def test_a_sibling_with_the_same_beginning_is_not_inside(tree: Path) -> None:
    targets = Targets.of([tree / "repo"], cwd=tree / "repo")
    outside = f"{tree.as_posix()}/repository/a.py"
    assert targets.display(outside) == outside
    assert not targets.contains(outside)
    assert targets.contains(f"{tree.as_posix()}/repo/a.py")


def test_roots_do_not_contain_each_other(tree: Path) -> None:
    targets = Targets.of([tree / "repo" / "plugin", tree / "repo" / "shop", tree / "bare"], cwd=tree)
    assert targets.roots == (tree / "repo", tree / "bare")
    assert targets.scope() == [
        path.as_posix() for path in (tree / "repo/plugin", tree / "repo/shop", tree / "bare")
    ]


def test_the_root_of_the_file_system_as_argument() -> None:
    top = Path(Path.cwd().anchor)
    targets = Targets.of([top], cwd=top)
    assert targets.contains(f"{top.as_posix()}etc/a.py")
    assert targets.display(f"{top.as_posix()}etc/a.py") == "etc/a.py"


def test_a_link_is_named_by_what_it_leads_to(tree: Path) -> None:
    link = tree / "link"
    try:
        link.symlink_to(tree / "repo", target_is_directory=True)
    except OSError as error:
        pytest.skip(f"this system does not let us make links: {error}")
    targets = Targets.of([link], cwd=tree / "bare")
    assert targets.roots == (tree / "repo",)
    assert targets.display(f"{tree.as_posix()}/repo/manage.py") == "manage.py"
