"""The model that something is made for, and the application it belongs to."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import cached_property

from djguide_analyzers.assist.evaluation import find_class
from djguide_analyzers.assist.refactorings.base import Source
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import Module
from djguide_analyzers.project.project import Project
from djguide_analyzers.source.positions import Position

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_CLASS = re.compile(r"class\s+(\w+)\b")
_VOWELS = "aeiou"


@dataclass(frozen=True)
class Subject:
    """A model of the project that is certainly installed."""

    source: Source
    model: Model

    @property
    def project(self) -> Project:
        return self.source.project

    @property
    def name(self) -> str:
        return self.model.name

    @cached_property
    def snake(self) -> str:
        """The model's name as a variable: ``order_line``."""
        return snake(self.name)

    @cached_property
    def plural(self) -> str:
        return plural(self.snake)

    @cached_property
    def folder(self) -> str:
        """The application's folder."""
        return app_folder(self.model.cls.module)

    @cached_property
    def package(self) -> str:
        """The application's package, as imports name it."""
        return app_package(self.model.cls.module)

    def place(self, model: Model | None = None) -> tuple[str, str]:
        """Module and name that a model is imported by, as its application exports it."""
        cls = (model or self.model).cls
        package = self.project.resolver.module(f"{app_package(cls.module)}.models")
        exported = package is not None and cls.name in package.symbols.names
        return package.name if package is not None and exported else cls.module.name, cls.name


def subject_at(source: Source, position: Position) -> Subject | None:
    """The model whose ``class`` line `position` is on."""
    line = source.index.line(position.line)
    found = _CLASS.match(line)
    cls = find_class(source.module, (found[1],)) if found is not None else None
    model = source.project.graph.of_class(cls) if cls is not None else None
    if model is None or model.proxy or not model.installed or not model.complete or not model.sure("fields"):
        return None
    return Subject(source, model) if "models" in source.module.name.split(".") else None


def snake(name: str) -> str:
    return "_".join(part.lower() for part in _WORD.split(name))


def article(words: str) -> str:
    """The indefinite article in front of `words`."""
    return "an" if words[:1] in _VOWELS and not words.startswith(("eu", "uni", "use")) else "a"


def plural(word: str) -> str:
    if word.endswith("y") and word[-2:-1] not in _VOWELS:
        return f"{word[:-1]}ies"
    if word.endswith(("ings", "data", "news", "series")):
        return word  # settings are many already
    return f"{word}es" if word.endswith(("s", "x", "ch", "sh")) else f"{word}s"


def app_folder(module: Module) -> str:
    """The folder of the application whose models stand in `module`."""
    folder = posixpath.dirname(module.path)
    while posixpath.basename(folder) == "models" or "/models/" in folder:
        folder = posixpath.dirname(folder)
    return folder


def app_package(module: Module) -> str:
    """The package of the same application."""
    parts = module.name.split(".")
    return ".".join(parts[: parts.index("models")] if "models" in parts else parts[:-1])
