"""Modules by import name: in the project's source roots, in its environment, in the bundled Django."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from djguide_analyzers.facts import ir
from djguide_analyzers.project.files import FileSystem
from djguide_analyzers.project.modules import Module, Origin


@cache
def bundled_packages() -> str:
    """Folder that djguide's own Django is imported from; it is only read, never configured."""
    spec = importlib.util.find_spec("django")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("djguide depends on Django, which is not installed beside it")
    return Path(next(iter(spec.submodule_search_locations))).parent.as_posix()


class Finder:
    """Finds modules for one project.

    Args:
        own: Paths of the project's files by import name.
        packages: Folders of third-party packages, in order.
        mapped: Top-level packages that an editable install maps to a folder or file.
        facts: Facts of a file, None when it cannot be read.
    """

    def __init__(
        self,
        files: FileSystem,
        own: dict[str, str],
        packages: Iterable[str],
        mapped: dict[str, str],
        facts: Callable[[str], ir.PyFacts | None],
    ) -> None:
        self._files = files
        self._own = own
        self._own_paths = frozenset(own.values())
        self._packages = list(packages)
        self._mapped = mapped
        self._facts = facts
        self._folders: dict[str, frozenset[str]] = {}

    def __call__(self, dotted: str) -> Module | None:
        """The module called `dotted`; None when there is none that can be read."""
        path = self._own.get(dotted)
        if path is not None:
            return self._module(dotted, path, "project")
        head, _, tail = dotted.partition(".")
        if self._own.get(head, "").endswith("/__init__.py"):
            return None  # as for Python, the first package of a name hides those of that name behind it
        if head in self._mapped:
            base = self._mapped[head]
            found = base if not tail and base.endswith(".py") else self._below(base, tail)
            origin: Origin = "project" if found in self._own_paths else "environment"
            return self._module(dotted, found, origin) if found is not None else None
        for folder in self._packages:
            found = self._below(folder, dotted)
            if found is not None:
                return self._module(dotted, found, "environment")
            if (self._below(folder, head) or "").endswith("/__init__.py"):
                return None
        if head == "django":
            found = self._below(bundled_packages(), dotted)
            if found is not None:
                return self._module(dotted, found, "bundled")
        return None

    def _module(self, dotted: str, path: str, origin: Origin) -> Module | None:
        facts = self._facts(path)
        return Module(dotted, path, facts, origin) if facts is not None else None

    def _below(self, folder: str, dotted: str) -> str | None:
        """File of the module `dotted` below `folder`."""
        *parents, name = dotted.split(".") if dotted else [""]
        for parent in parents:
            if parent not in self._names(folder):
                return None
            folder = f"{folder}/{parent}"
        if not name:
            return f"{folder}/__init__.py" if "__init__.py" in self._names(folder) else None
        names = self._names(folder)
        if name in names and "__init__.py" in self._names(f"{folder}/{name}"):
            return f"{folder}/{name}/__init__.py"
        return f"{folder}/{name}.py" if f"{name}.py" in names else None

    def _names(self, folder: str) -> frozenset[str]:
        names = self._folders.get(folder)
        if names is None:
            names = self._folders[folder] = frozenset(self._files.list_dir(folder))
        return names
