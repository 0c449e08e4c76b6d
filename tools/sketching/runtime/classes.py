"""Which classes of a package matter to a model graph, and what is to be said of each."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from django.apps import AppConfig
from django.db import models
from django.db.models.manager import BaseManager
from django.db.models.query import QuerySet

from sketching.runtime.fields import FieldFacts, constructor, is_field
from sketching.runtime.models import all_fields, from_queryset, is_abstract, meta, own_fields, removed_fields
from sketching.runtime.scratch import contributions, derived, names_scratch
from sketching.runtime.trees import Tree, call, const, importable, ref

_HARMLESS = {"typing", "abc", "builtins", "collections.abc", "typing_extensions"}
_ELSEWHERE = {
    "admin", "admin_site", "admin_mixins", "views", "forms", "formsets", "api", "serializers", "templatetags",
    "widgets", "middleware", "permissions", "rest_framework", "contrib_admin", "viewsets", "filters", "blocks",
    "panels", "schema",
}  # fmt: skip
"""Parts of module names under which nothing of models is expected, but for what models are found to need."""
_EXPORTING = {"models", "fields", "managers", "db", "query", "querysets"}


def kind_of(cls: type) -> str | None:
    """``model``, ``field``, ``manager``, ``queryset``, ``config``, ``plain``; None for what a graph cannot hold."""
    if issubclass(cls, models.Model):
        return "model"
    if is_field(cls):
        return "field"
    if issubclass(cls, BaseManager):
        return "manager"
    if issubclass(cls, QuerySet):
        return "queryset"
    if issubclass(cls, AppConfig):
        return "config"
    if issubclass(cls, (type, BaseException)):
        return None
    return "plain"


class Package:
    """The classes of one distribution's import packages.

    Args:
        roots: Top-level packages.
        skipped: Modules that are sketched by hand, and what is below them.
    """

    def __init__(self, roots: list[str], skipped: set[str], minimal: dict[str, dict[str, Any]]) -> None:
        self._roots = tuple(roots)
        self._skipped = skipped
        self._minimal = minimal
        self._fields = FieldFacts(minimal)
        self._additions: dict[type, dict[str, Any]] = {}
        self.modules = {
            name: module
            for name, module in sorted(sys.modules.items())
            if isinstance(module, ModuleType) and self._owns(name) and not _is_test(name)
        }
        self.chosen = self._choose()

    def _owns(self, name: str) -> bool:
        return any(name == root or name.startswith(f"{root}.") for root in self._roots)

    def _classes(self, module: ModuleType) -> list[type]:
        """Classes that the module itself defines, under their own name."""
        return [
            value
            for name, value in vars(module).items()
            if isinstance(value, type) and value.__module__ == module.__name__ and value.__qualname__ == name
        ]

    def _choose(self) -> dict[type, str]:
        """The classes that matter: those of the ORM, what they derive from, and what can be put into a model."""
        chosen: dict[type, str] = {}
        for module in self.modules.values():
            own = [(cls, kind) for cls in self._classes(module) if (kind := kind_of(cls))]
            chosen.update((cls, kind) for cls, kind in own if kind not in ("plain", "config"))
            if module.__name__.endswith(".apps"):
                chosen.update((cls, kind) for cls, kind in own if kind == "config")
        for cls in list(chosen):
            for base in cls.__mro__:
                if self._owns(base.__module__) and importable(base):
                    chosen.setdefault(base, kind_of(base) or "plain")
        for module in self.modules.values():
            for cls in self._classes(module):
                if cls not in chosen and kind_of(cls) == "plain" and self._is_addition(cls):
                    chosen[cls] = "plain"
        return chosen

    def _is_addition(self, cls: type) -> bool:
        """Whether a class is made to be a model's base or attribute."""
        if any(not self._owns(base.__module__) for base in cls.__mro__[:-1]) or _is_elsewhere(cls.__module__):
            return False
        return cls.__name__.endswith("Mixin") or hasattr(cls, "contribute_to_class")

    # --- output ---

    def facts(self) -> dict[str, Any]:
        """By module name: its classes, names it exports of others, and functions that its fields refer to."""
        result: dict[str, Any] = {}
        rows = {
            cls: self._fact(cls, kind)
            for cls, kind in self.chosen.items()
            if cls.__module__ not in self._skipped
        }
        soften(rows)
        for name, module in self.modules.items():
            if name in self._skipped:
                continue
            classes = [rows[cls] for cls in self._classes(module) if cls in rows]
            made = {**_lengths(module), **self._made_managers(module)}
            exports = self._exports(module)
            if classes or made or exports:
                result[name] = {
                    "package": hasattr(module, "__path__"), "classes": classes, "made": made, "exports": exports
                }  # fmt: skip
        return result

    def _exports(self, module: ModuleType) -> dict[str, str]:
        """Classes of other modules that can be imported from this one."""
        last = module.__name__.rpartition(".")[2]
        renamed = last == "fields"  # may give one of Django's classes a name of its own
        exporting = hasattr(module, "__path__") or last in _EXPORTING or self._has_model_base(module, last)
        if not exporting or _is_elsewhere(module.__name__):
            return {}
        return {
            name: f"{value.__module__}:{value.__qualname__}"
            for name, value in vars(module).items()
            if isinstance(value, type)
            and not name.startswith("_")
            and value.__module__ != module.__name__
            and (
                value in self.chosen
                or (value.__module__ in self._skipped and self._owns(value.__module__))
                or (renamed and is_field(value) and value.__name__ != name)
            )
            and self.chosen.get(value) != "config"
            and importable(value)
        }

    def _has_model_base(self, module: ModuleType, last: str) -> bool:
        return last == "base" and any(self.chosen.get(cls) == "model" for cls in self._classes(module))

    def _made_managers(self, module: ModuleType) -> dict[str, Tree]:
        """Manager classes that ``from_queryset`` made and the module gives a name."""
        made: dict[str, Tree] = {}
        for name, value in vars(module).items():
            dynamic = isinstance(value, type) and issubclass(value, BaseManager) and not importable(value)
            if dynamic and not name.startswith("__"):
                found = from_queryset(value)
                if found is not None:
                    made[name] = found
        return made

    def _fact(self, cls: type, kind: str) -> dict[str, Any]:
        row: dict[str, Any] = {"name": cls.__name__, "kind": kind, "bases": self.bases(cls)}
        if kind == "model":
            row.update(self._model(cls))
        elif kind == "field":
            row.update(self._field(cls))
        elif kind == "config":
            row["attributes"] = {
                name: const(value)
                for name in ("name", "label", "default", "default_auto_field")
                if isinstance(value := cls.__dict__.get(name), (str, bool))
            }
        elif hasattr(cls, "contribute_to_class") and kind == "plain":
            row["adds"] = contributions(cls, self._fields, None)
        return row

    def bases(self, cls: type) -> list[Tree]:
        """The bases as the graph needs them: those that cannot be imported are replaced by their own bases."""
        result: list[Tree] = []
        for base in cls.__bases__:
            if base is object or base.__module__ in _HARMLESS:
                continue
            if issubclass(base, BaseManager) and not importable(base):
                found = self._named_manager(base) or from_queryset(base)
                if found is not None:
                    result.append(found)
                    continue
            if not importable(base) or (self._owns(base.__module__) and base not in self.chosen):
                result += [inner for inner in self.bases(base) if inner not in result]
                continue
            result.append(ref(base))
        return result

    def _named_manager(self, cls: type) -> Tree | None:
        for name, module in self.modules.items():
            for bound, value in vars(module).items():
                if value is cls and not bound.startswith("__"):
                    return {"ref": f"{name}:{bound}"}
        return None

    def _field(self, cls: type) -> dict[str, Any]:
        minimal = self._minimal.get(f"{cls.__module__}.{cls.__qualname__}")
        row: dict[str, Any] = {}
        own_classes = [base for base in cls.__mro__ if base.__module__.partition(".")[0] != "django"]
        if any("__init__" in vars(base) for base in own_classes):
            row["init"] = constructor(cls, self._fields, minimal)
        if any("contribute_to_class" in vars(base) for base in own_classes):
            row["adds"] = self._contributions(cls, minimal)
        return row

    def _contributions(self, cls: type, minimal: dict[str, Any] | None) -> dict[str, Tree]:
        """What a field class adds to a model besides what the class it derives from does."""
        outer: dict[str, Tree] | None = None
        base = next((base for base in cls.__mro__[1:] if is_field(base)), None)
        if base is not None and base.__module__.partition(".")[0] != "django":
            name = f"{base.__module__}.{base.__qualname__}"
            outer = contributions(base, self._fields, self._minimal.get(name))
        adds = contributions(cls, self._fields, minimal) or {}
        return {name: tree for name, tree in adds.items() if (outer or {}).get(name) != tree}

    # --- models ---

    def _model(self, cls: Any) -> dict[str, Any]:
        opts = cls._meta
        fields = {
            field.name: self._fields.say(field, cls)
            for field in own_fields(cls)
        }  # fmt: skip
        managers = self._managers(cls)
        if opts.abstract:
            added = self._added(cls)
            fields.update(added["fields"])
            managers.update(added["managers"])
        return {
            "fields": {**fields, **removed_fields(cls)},
            "managers": managers,
            "meta": meta(cls),
            "abstract": bool(opts.abstract),
        }

    def _added(self, cls: Any) -> dict[str, Any]:
        """What a metaclass or signal gives each concrete class derived from an abstract one, its bases' apart."""
        if cls not in self._additions:
            fields, managers = {}, {}
            model = derived(cls)
            if model is not None:
                known = {field.name for field in all_fields(cls)} | {"id"}
                outer = [self._added(base) for base in cls.__bases__ if is_abstract(base)]
                known.update(name for row in outer for name in row["names"])
                fields = {
                    field.name: said
                    for field in all_fields(model)
                    if field.name not in known and not field.auto_created
                    and not names_scratch(said := self._fields.say(field, model))
                }  # fmt: skip
                inherited = {m.name for m in cls._meta.managers} | {
                    name for row in outer for name in row["names"]
                }
                managers = {
                    name: made for name, made in self._managers(model).items() if name not in inherited
                }  # fmt: skip
                if managers and "objects" in {m.name for m in model._meta.local_managers} - inherited:
                    managers.setdefault("objects", call({"ref": "django.db.models:Manager"}))
            names = {*fields, *managers}
            self._additions[cls] = {"fields": fields, "managers": managers, "names": names}
        return self._additions[cls]

    def _managers(self, cls: Any) -> dict[str, Tree]:
        result: dict[str, Tree] = {}
        for manager in cls._meta.local_managers:
            if not getattr(manager, "auto_created", False):
                result[manager.name] = self._manager(type(manager))
        return result

    def _manager(self, kind: type) -> Tree:
        if importable(kind):
            return call(ref(kind))
        made = self._named_manager(kind) or from_queryset(kind)
        return call(made or self._known_base(kind))

    def _known_base(self, cls: type) -> Tree:
        return ref(next(base for base in cls.__mro__ if importable(base)))


def soften(rows: dict[type, dict[str, Any]]) -> None:
    """Let a field class only propose an argument that one of its subclasses sets to something else."""
    for cls, row in rows.items():
        init = row.get("init") or {"forced": {}}
        for other, its in rows.items():
            if other is cls or not issubclass(other, cls) or not its.get("init"):
                continue
            said = {**its["init"]["defaults"], **its["init"]["forced"]}
            for name in [
                name for name in init["forced"] if name in said and said[name] != init["forced"][name]
            ]:
                init["defaults"][name] = init["forced"].pop(name)


def _lengths(module: ModuleType) -> dict[str, Tree]:
    """The constants of a module of constants that say how long something may be."""
    if not module.__name__.endswith("constants"):
        return {}
    return {
        name: const(value)
        for name, value in vars(module).items()
        if name.isupper() and "LENGTH" in name and type(value) is int
    }


def _is_elsewhere(name: str) -> bool:
    """Whether a module is one of those that have no part in models."""
    return not _ELSEWHERE.isdisjoint(name.split("."))


def _is_test(name: str) -> bool:
    parts = name.split(".")
    return any(
        part in ("tests", "test", "testing", "test_utils", "testapp", "test_app", "migrations", "management")
        for part in parts
    )
