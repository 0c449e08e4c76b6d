"""One walk over a workspace: which Python, template and configuration files it holds."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from functools import cached_property

import pathspec

from djguide_analyzers.project.files import Entry, FileSystem, join

_SKIPPED = {
    "LC_MESSAGES", "__pycache__", "__pypackages__", "bower_components", "dist-packages", "node_modules",
    "site-packages",
}  # fmt: skip
_BUILT = {"build", "dist"}
_MARKUP = (".html", ".htm", ".djhtml", ".jinja", ".jinja2", ".j2", ".dj")
_TEXT = (
    *_MARKUP, ".txt", ".xml", ".md", ".mjml", ".eml", ".js", ".css", ".svg", ".csv", ".json", ".tex", ".yml",
    ".yaml",
)  # fmt: skip
_TEMPLATE_FOLDERS = {"templates", "jinja2"}
_PLACEHOLDER = re.compile(r"\{[{%]")
_CONFIGURATION = {
    "manage.py", "pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "pytest.ini", ".pytest.ini", "mypy.ini",
    ".mypy.ini",
}  # fmt: skip


class Tree:
    """The files of a workspace, each list in order of path.

    Attributes:
        root: The workspace's folder.
        python: Python files (stubs left out).
        templates: Files that a template loader may load.
        configuration: Files that may tell how the project is run or built.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self.python: list[str] = []
        self.templates: list[str] = []
        self.configuration: list[str] = []

    @cached_property
    def python_set(self) -> frozenset[str]:
        return frozenset(self.python)

    @cached_property
    def folders(self) -> frozenset[str]:
        """Folders that hold Python files, directly or below."""
        result: set[str] = set()
        for path in self.python:
            folder = posixpath.dirname(path)
            while folder not in result and len(folder) >= len(self.root):
                result.add(folder)
                folder = posixpath.dirname(folder)
        return frozenset(result)

    def is_package(self, folder: str) -> bool:
        """Whether `folder` holds an ``__init__.py``."""
        return f"{folder}/__init__.py" in self.python_set

    def module_file(self, root: str, module: str) -> str | None:
        """The file of the dotted `module`, when it is imported with `root` on the path."""
        base = f"{root}/{module.replace('.', '/')}"
        return next((p for p in (f"{base}/__init__.py", f"{base}.py") if p in self.python_set), None)


def walk(files: FileSystem, root: str, exclude: Iterable[str] = ()) -> Tree:
    """All files of interest below `root`.

    Left out are hidden folders, environments, installed packages, caches, build results and what `exclude`
    names (patterns as in ``.gitignore``, relative to `root`). Links to folders are not followed, so that a
    file is seen once and a loop is no danger.
    """
    patterns = pathspec.GitIgnoreSpec.from_lines(exclude)
    tree = Tree(root)
    pending = [(root, False)]
    while pending:
        folder, in_templates = pending.pop()
        entries = files.scan(folder)
        names = {entry.name for entry in entries}
        if folder != root and _is_skipped(posixpath.basename(folder), names):
            continue
        for entry in entries:
            path = join(folder, entry.name) if folder == "/" else f"{folder}/{entry.name}"
            relative = path[len(root.rstrip("/")) + 1 :]
            if patterns and patterns.match_file(relative + "/" if entry.kind == "dir" else relative):
                continue
            if entry.kind == "dir":
                if not _is_skipped_name(entry.name):
                    pending.append((path, in_templates or entry.name in _TEMPLATE_FOLDERS))
            elif entry.kind == "file":
                _file(tree, path, entry, in_templates)
    for paths in (tree.python, tree.templates, tree.configuration):
        paths.sort()
    return tree


def _is_skipped_name(name: str) -> bool:
    return (
        name.startswith(".")
        or name in _SKIPPED
        or name.endswith((".dist-info", ".egg-info", ".data"))
        or _PLACEHOLDER.search(name) is not None  # a skeleton for new projects, not Python yet
    )


def _is_skipped(name: str, names: set[str]) -> bool:
    """Whether a folder is left out for what it holds: an environment, or what a build left behind."""
    if "pyvenv.cfg" in names or "conda-meta" in names:
        return True
    return name in _BUILT and "__init__.py" not in names


def _file(tree: Tree, path: str, entry: Entry, in_templates: bool) -> None:
    name = entry.name
    suffix = posixpath.splitext(name)[1].lower()
    if suffix == ".py":
        tree.python.append(path)
    elif suffix in (_TEXT if in_templates else _MARKUP) and (in_templates or "/static/" not in path):
        tree.templates.append(path)
    if name in _CONFIGURATION:
        tree.configuration.append(path)
