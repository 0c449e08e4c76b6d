"""Functions, classes and their instances while a settings module is evaluated."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from djguide_analyzers.facts import ir
from djguide_analyzers.project.settings_operators import path
from djguide_analyzers.project.settings_scope import Frame
from djguide_analyzers.project.settings_values import (
    Const,
    Instance,
    Item,
    Map,
    Option,
    PathValue,
    Ref,
    Seq,
    Slot,
    Symbol,
    Value,
    const,
    union,
    unknown,
)

if TYPE_CHECKING:
    from djguide_analyzers.project.settings_eval import Expressions


@dataclass(eq=False)
class Func:
    """A function of an evaluated module; `spans` is the table of its signature."""

    node: ir.FunctionDef
    chunk: ir.Chunk
    spans: bytes
    frame: Frame


@dataclass(eq=False)
class Klass:
    """A class of an evaluated module: its bases as values and what its body sets."""

    name: str
    module: str
    bases: list[Value]
    names: dict[str, Value] = field(default_factory=dict)

    @property
    def dotted(self) -> str:
        return f"{self.module}.{self.name}"


def ancestors(evaluator: Expressions, klass: Klass, seen: set[int] | None = None) -> Iterator[Klass | str]:
    """The class and what it inherits from, nearest first; unevaluated classes by dotted name."""
    seen = set() if seen is None else seen
    if id(klass) in seen:
        return
    seen.add(id(klass))
    yield klass
    for base in klass.bases:
        for option in evaluator.force(base).options:
            if isinstance(option, Ref) and isinstance(option.target, Klass):
                yield from ancestors(evaluator, option.target, seen)
            elif isinstance(option, Symbol):
                yield option.dotted
            else:
                yield "?"


def class_attribute(evaluator: Expressions, klass: Klass, name: str) -> Value | None:
    """What the class or its nearest ancestor sets as `name`; None when none of them does."""
    for ancestor in ancestors(evaluator, klass):
        if isinstance(ancestor, Klass) and name in ancestor.names:
            return ancestor.names[name]
    return None


def attribute(evaluator: Expressions, option: Option, name: str) -> Value:
    """``option.name`` as a value."""
    match option:
        case Ref(target=Klass() as klass):
            value = class_attribute(evaluator, klass, name)
            return unknown(f"{klass.name}.{name}") if value is None else value
        case Instance(dotted=dotted, fields=fields):
            return union((fields[name], unknown(dotted))) if name in fields else unknown(f"{dotted}.{name}")
        case PathValue(path=text):
            return _path_attribute(text, name)
    return unknown(f"attribute {name}")


def _path_attribute(text: str, name: str) -> Value:
    folder, last = posixpath.split(text)
    stem, suffix = posixpath.splitext(last)
    match name:
        case "parent":
            return path(folder or ".")
        case "parents":
            found: list[Item] = []
            while folder and folder not in {"/", "."} and len(found) < 50:
                found.append(Item(path(folder), True))
                folder = posixpath.dirname(folder)
            return Value((Seq("tuple", (*found, Item(path(folder or "."), True))),))
        case "name":
            return const(last)
        case "stem":
            return const(stem)
        case "suffix":
            return const(suffix)
        case "root":  # django-environ
            return path(text)
    return unknown(f"path attribute {name}")


def scheme_defaults(keywords: dict[str, Value]) -> dict[str, Value]:
    """Defaults in ``Env(DEBUG=(bool, False))``, by variable."""
    result: dict[str, Value] = {}
    for name, value in keywords.items():
        option = value.only
        if isinstance(option, Seq) and option.kind == "tuple" and len(option.items) == 2:
            result[name] = option.items[1].value
    return result


_ENGINES = {
    "postgres": "django.db.backends.postgresql",
    "postgresql": "django.db.backends.postgresql",
    "psql": "django.db.backends.postgresql",
    "pgsql": "django.db.backends.postgresql",
    "postgis": "django.contrib.gis.db.backends.postgis",
    "mysql": "django.db.backends.mysql",
    "mysql2": "django.db.backends.mysql",
    "mysqlgis": "django.contrib.gis.db.backends.mysql",
    "sqlite": "django.db.backends.sqlite3",
    "sqlite3": "django.db.backends.sqlite3",
    "spatialite": "django.contrib.gis.db.backends.spatialite",
    "oracle": "django.db.backends.oracle",
}


def database_of(value: Value) -> Value:
    """The entry of ``DATABASES`` that a database URL stands for: its engine, the rest left open."""
    results: list[Value] = []
    for option in value.options:
        url = option.value if isinstance(option, Const) else None
        engine = _ENGINES.get(url.partition("://")[0]) if isinstance(url, str) else None
        if engine is None:
            results.append(unknown("database URL"))
        else:
            results.append(Value((Map({"ENGINE": Slot(const(engine), True)}, True),)))
    return union(results)
