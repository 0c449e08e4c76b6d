"""Modules from folders or texts, for tests of the model graph."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import django

from djguide_analyzers.facts.ir import PyFacts
from djguide_analyzers.facts.python import python_facts
from djguide_analyzers.project.graph import ModelGraph
from djguide_analyzers.project.model_settings import model_settings
from djguide_analyzers.project.models import NOT_SET, AppEntry, ProjectSettings, build_graph
from djguide_analyzers.project.models.evaluation import Interpreter
from djguide_analyzers.project.modules import Module, Origin
from djguide_analyzers.project.resolve import Resolver
from djguide_analyzers.project.settings import evaluate_settings


@cache
def facts_of(path: Path) -> PyFacts:
    """The facts of a file, made once for all tests."""
    return python_facts(path.read_text("utf-8"))


DJANGO = str(Path(django.__file__).parent.parent)


class Sources:
    """Finds modules below some folders, the first that has one wins."""

    def __init__(self, roots: list[tuple[str, Origin]]) -> None:
        self._roots = roots
        self._found: dict[str, Module | None] = {}

    def __call__(self, dotted: str) -> Module | None:
        if dotted not in self._found:
            self._found[dotted] = self._find(dotted)
        return self._found[dotted]

    def _find(self, dotted: str) -> Module | None:
        for root, origin in self._roots:
            place = Path(root, *dotted.split("."))
            for path in (place / "__init__.py", place.with_name(place.name + ".py")):
                if path.is_file():
                    return Module(dotted, path.as_posix(), facts_of(path), origin)
        return None

    def modules(self, root: str) -> list[Module]:
        """All modules below `root`, by their names from there."""
        found: list[Module] = []
        for path in sorted(Path(root).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            module = self(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
            if module is not None:
                found.append(module)
        return found


class Texts(Sources):
    """Finds modules among texts, then Django."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        super().__init__([(DJANGO, "bundled")])
        for path, text in texts.items():
            name = path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
            self._found[name] = Module(name, f"/project/{path}", python_facts(text), "project")

    def modules(self, root: str = "") -> list[Module]:
        return [m for m in self._found.values() if m is not None and m.origin == "project"]


def project_settings(find: Sources, module: str) -> ProjectSettings:
    """The settings that the plain assignments of a settings module make."""
    resolver = Resolver(find)
    source = find(module)
    assert source is not None
    interpreter = Interpreter(resolver)

    def setting(name: str) -> Any:
        return interpreter.global_value(source, name) if name in source.symbols.names else NOT_SET

    return ProjectSettings([AppEntry(entry) for entry in setting("INSTALLED_APPS")], True, setting)


def graph_of(texts: Mapping[str, str], settings: Mapping[str, Any] | None = None) -> ModelGraph:
    """The graph of a project of a few files; `settings` None for one whose settings were not found."""
    find = Texts(texts)
    known = None
    if settings is not None:
        apps = [AppEntry(entry) for entry in settings.get("INSTALLED_APPS", ())]
        known = ProjectSettings(apps, True, lambda name: settings.get(name, NOT_SET))
    return build_graph(Resolver(find), find.modules(), known)


def linked(texts: Mapping[str, str], *settings: str) -> ModelGraph:
    """The graph of a project of a few files, whose settings are read as well.

    `settings` are the dotted names of its settings modules, the one in use first; ``settings`` by default.
    """
    find = Texts(texts)
    chosen, *others = [evaluate_settings(find, name) for name in settings or ("settings",)]
    return build_graph(Resolver(find), find.modules(), model_settings(chosen, others))
