"""Model classes while they are put together: what Django's ``Options`` holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from djguide_analyzers.facts import ir
from djguide_analyzers.project.models.apps import App
from djguide_analyzers.project.models.evaluation.values import Instance
from djguide_analyzers.project.modules import ClassInfo, Code


@dataclass(eq=False, slots=True)
class FieldDraft:
    """A field as one model class has it.

    `instance` is the evaluated field object; `owner` the class whose body declares it; `kind` as in
    `graph.Field.kind`. `doubts` are those of `graph.Field.doubts` that do not lie in the field object.
    """

    name: str
    instance: Instance
    kind: str
    owner: ClassInfo
    code: Code | None = None
    node: ir.Stmt | None = None
    automatic: bool = False
    parent_link: bool = False
    doubts: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class ManagerDraft:
    """A manager as one class body declares it; `instance` None for the automatic ``objects``.

    `doubt` says why it may not be there.
    """

    name: str
    instance: Instance | None
    owner: ClassInfo
    code: Code | None = None
    node: ir.Expr | None = None
    doubt: str | None = None


@dataclass(eq=False)
class Draft:
    """A model class, abstract ones included.

    `own` are the names its body binds; `options` the evaluated attributes of its ``Meta``. `parents` maps the
    concrete parents to the field that links to them, None for a proxy's. `concrete` is the class whose table it
    uses. `complete` is False when a base could not be read: one of `unreadable`. `doubts` are those of
    `graph.Model.doubts`; `uncertain` are names of the body that may not be bound, with the settings that decide.
    """

    cls: ClassInfo
    app_label: str
    app: App | None
    options: dict[str, Any]
    abstract: bool = False
    proxy: bool = False
    installed: bool = True
    own: dict[str, Any] = field(default_factory=dict)
    uncertain: dict[str, frozenset[str]] = field(default_factory=dict)
    local: dict[str, FieldDraft] = field(default_factory=dict)
    private: dict[str, FieldDraft] = field(default_factory=dict)
    managers: dict[str, ManagerDraft] = field(default_factory=dict)
    parents: dict[Draft, FieldDraft | None] = field(default_factory=dict)
    proxy_for: Draft | None = None
    pk: FieldDraft | None = None
    swapped: str | None = None
    complete: bool = True
    unreadable: list[str] = field(default_factory=list)
    doubts: dict[str, str] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    """What evaluated code has set on ``_meta``."""

    @property
    def name(self) -> str:
        return self.cls.name

    @property
    def label(self) -> str:
        return f"{self.app_label}.{self.cls.name}"

    @property
    def concrete(self) -> Draft:
        return self.proxy_for.concrete if self.proxy_for is not None else self

    def dict_names(self) -> set[str]:
        """Names in the class's ``__dict__``: what its body binds, and what fields and managers add."""
        names = set(self.own)
        for field_draft in (*self.local.values(), *self.private.values()):
            names.add(field_draft.name)
            if field_draft.kind in ("fk", "o2o"):
                names.add(f"{field_draft.name}_id")
        names.update(self.managers)
        return names
