"""Managers of a model."""

from __future__ import annotations

from typing import Any

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import ManagerInfo, Model
from djguide_analyzers.project.models.classes import ModelClasses
from djguide_analyzers.project.models.drafts import Draft, ManagerDraft
from djguide_analyzers.project.models.evaluation import Interpreter
from djguide_analyzers.project.modules import ClassInfo
from djguide_analyzers.project.resolve import External

_MANAGER = "django.db.models.manager.Manager"
_BASE_MANAGER = "django.db.models.manager.BaseManager"
_QUERYSET = "django.db.models.query.QuerySet"


class ManagerReader:
    """Fills in the managers of models."""

    def __init__(self, interpreter: Interpreter, classes: ModelClasses) -> None:
        self._x = interpreter
        self._classes = classes

    def fill(self, model: Model, draft: Draft) -> None:
        """Managers, and which of them is the default and the base one."""
        drafts = self._classes.managers(draft)
        for manager in drafts:
            model.managers[manager.name] = self._info(manager)
        model.default_manager = self._default(draft, drafts)
        base = draft.options.get("base_manager_name")
        model.base_manager = base if isinstance(base, str) else None

    def _default(self, draft: Draft, drafts: list[ManagerDraft]) -> str:
        name: Any = draft.options.get("default_manager_name")
        if not name and not draft.managers:
            for base in self._x.resolver.mro(draft.cls)[1:]:
                parent = self._classes.drafts.get(base) if isinstance(base, ClassInfo) else None
                if parent is not None:
                    name = parent.options.get("default_manager_name")
                    break
        if isinstance(name, str) and name:
            return name
        return drafts[0].name if drafts else "objects"

    def _info(self, manager: ManagerDraft) -> ManagerInfo:
        if manager.instance is None:
            return ManagerInfo(manager.name, _MANAGER, None, None, certain=manager.doubt is None)
        cls = manager.instance.cls
        written = cls if isinstance(cls, ClassInfo) and cls.node.body else self._written(cls)
        return ManagerInfo(
            manager.name,
            cls.dotted,
            written,
            self._queryset(cls),
            manager.code,
            manager.node if isinstance(manager.node, ir.Expr.__args__) else None,  # type: ignore[attr-defined]
            manager.doubt is None,
        )

    def _written(self, cls: ClassInfo | External) -> ClassInfo | None:
        """The first class of the hierarchy that a class statement defines."""
        if isinstance(cls, External):
            return None
        return next((b for b in self._x.resolver.mro(cls) if isinstance(b, ClassInfo) and b.node.body), None)

    def _queryset(self, cls: ClassInfo | External) -> ClassInfo | None:
        if isinstance(cls, External):
            return None
        for base in self._x.resolver.mro(cls):
            # A class statement's base `Manager.from_queryset(Books)` is read as both classes.
            if isinstance(base, ClassInfo) and self._is_queryset(base):
                return base
        found = self._x.find(cls, "_queryset_class")
        value = found[1] if found is not None else None
        return value if isinstance(value, ClassInfo) and value.dotted != _QUERYSET else None

    def _is_queryset(self, cls: ClassInfo) -> bool:
        """Whether `cls` is a queryset class other than Django's own, and no manager made from one."""
        is_subclass = self._x.resolver.is_subclass
        return cls.dotted != _QUERYSET and is_subclass(cls, _QUERYSET) and not is_subclass(cls, _BASE_MANAGER)
