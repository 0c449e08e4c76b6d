"""What the graph could not know, for people to see."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterable, Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field, Model, ModelGraph, Unknown
from djguide_analyzers.project.models.apps import AppTable
from djguide_analyzers.project.models.classes import ModelClasses
from djguide_analyzers.project.models.drafts import Draft, FieldDraft
from djguide_analyzers.project.models.evaluation.values import Instance
from djguide_analyzers.project.models.evaluation.values import Unknown as UnknownValue
from djguide_analyzers.project.models.inputs import ProjectSettings
from djguide_analyzers.project.models.reasons import DEPENDS, SettingDoubts
from djguide_analyzers.project.models.sketches import is_sketch
from djguide_analyzers.project.models.uncertainty import unreadable_bases
from djguide_analyzers.project.modules import ClassInfo, Code, ImportedModule, ImportedName, Module, Value
from djguide_analyzers.project.resolve import External, called_name

LeftOut = tuple[ClassInfo, str, Instance, frozenset[str]]


class Doubts:
    """Lists what is not known of a project's own models; that of packages is left out."""

    def __init__(self, classes: ModelClasses, settings: SettingDoubts) -> None:
        self._classes = classes
        self._fields = classes.fields
        self._settings = settings

    def rows(
        self,
        graph: ModelGraph,
        drafts: Iterable[Draft],
        read: dict[FieldDraft, Field],
        left_out: list[LeftOut],
    ) -> list[Unknown]:
        """What is not known of `drafts`, each fact once.

        Args:
            drafts: Models and abstract classes.
            read: The graph's fields.
            left_out: What class bodies would hold if a setting had another value.
        """
        rows: list[Unknown] = []
        for draft in drafts:
            if draft.cls.module.origin == "project":
                model = graph.models.get(draft.label) if not draft.abstract else None
                if model is not None and model.cls is draft.cls:
                    rows += self._of_model(model, draft)
                    rows += _of_fields(draft, read)
                rows += self._of_body(draft)
        rows += self._left_out(left_out)
        return list({(row.subject, row.reason): row for row in reversed(rows)}.values())[::-1]

    def _of_model(self, model: Model, draft: Draft) -> Iterator[Unknown]:
        path, line = _at(draft.cls)
        for base in draft.unreadable:
            yield Unknown(draft.label, f"its base class {base} cannot be read", path, line)
        databases = self._settings.text(["DATABASES"])
        for name, reason in model.doubts.items():
            if name in ("fields", "pk") and draft.unreadable:
                continue  # said of the base class
            if name == "installed" and draft.app is not None and draft.app.doubt is not None:
                continue  # said once, of the application
            if name == "app_label" and draft.app is not None and reason == draft.app.doubts.get("label"):
                continue
            if reason != databases:  # said once, of the setting
                yield Unknown(draft.label, _told(reason, [name]), path, line)

    def _of_body(self, draft: Draft) -> Iterator[Unknown]:
        """What a class body makes by a call, of which it is not known whether it is a field."""
        for name, value in draft.own.items():
            binding = draft.cls.member(name)
            if not isinstance(binding, Value) or not isinstance(binding.expr, ir.Call):
                continue
            subject = f"{draft.cls.dotted if draft.abstract else draft.label}.{name}"
            if isinstance(value, UnknownValue) and not _is_plain(binding.expr, draft.cls):
                reason = "what it is could not be evaluated: it may be a field or a manager"
            elif (
                isinstance(value, Instance) and isinstance(value.cls, External) and self._may_be_field(value)
            ):
                reason = f"the source of its class {value.cls.dotted} was not found: it may be a field"
            else:
                continue
            yield Unknown(subject, reason, binding.code.module.path, _line(binding.code, binding.expr))

    def _may_be_field(self, value: Instance) -> bool:
        """Whether an object of an unreadable class may be a field, and is not taken for one."""
        if value.cls.dotted.partition(".")[0] in sys.stdlib_module_names:
            return False
        return self._fields.kind(value) is None and not self._fields.is_manager(value)

    def _left_out(self, left_out: list[LeftOut]) -> Iterator[Unknown]:
        for cls, name, value, settings in left_out:
            draft = self._classes.draft(cls)
            there = draft is not None and (name in draft.local or name in draft.private)
            if cls.module.origin == "project" and not there and self._fields.kind(value) is not None:
                reason = f"it is not there, but {self._settings.reason(settings)}"
                line = None if value.code is None or value.call is None else _line(value.code, value.call)
                yield Unknown(f"{cls.dotted}.{name}", reason, cls.module.path, line)


def of_apps(apps: AppTable, settings: ProjectSettings) -> Iterator[Unknown]:
    """Applications that may not be installed or cannot be read, and whether there may be others."""
    if settings.open is not None:
        yield Unknown("INSTALLED_APPS", settings.open.reason, settings.open.path, settings.open.line)
    for app in apps:
        if app.doubt is not None and app.doubt is not settings.open:
            yield Unknown(app.name, app.doubt.reason, app.doubt.path, app.doubt.line)
        for reason in app.doubts.values():
            path, line = _at(app.config) if app.config is not None else (None, None)
            yield Unknown(app.name, reason, path, line)
        if not app.readable and app.entry is not None:
            reason = "its package was not found: its models, and what they add to others, are not known"
            yield Unknown(app.name, reason, app.entry.path, app.entry.line)


def of_classes(modules: Iterable[Module], classes: ModelClasses) -> Iterator[Unknown]:
    """Classes among a project's models that are taken for none, though a base that cannot be read may be one."""
    for module in modules:
        app = classes.apps.containing(module.name)
        if app is None or not f"{module.name}.".startswith(f"{app.name}.models."):
            continue
        for cls in module.classes():
            other = cls.name.endswith(_NO_MODELS) or classes.draft(cls) is not None
            bases = [] if other else unreadable_bases(classes.x.resolver.mro(cls))
            base = next((base for base in bases if _may_be_model(base)), None)
            if base is not None:
                path, line = _at(cls)
                yield Unknown(
                    cls.dotted, f"its base class {base} cannot be read: it may be a model", path, line
                )


def _may_be_model(base: str) -> bool:
    """Whether a class that cannot be read may be a model, by its name."""
    return base.partition(".")[0] not in sys.stdlib_module_names and not base.endswith(_NO_MODELS)


_NO_MODELS = (
    "Manager", "QuerySet", "Queryset", "Field", "Form", "Choices", "Enum", "Error", "Exception", "Config",
    "Serializer", "Widget", "Meta", "Key", "Protocol", "Block",
)  # fmt: skip


def of_calls(calls: Iterable[tuple[Code, ir.Call]]) -> Iterator[Unknown]:
    """Calls of the project that add something to a model, when it is not known what or to which."""
    for code, node in calls:
        if code.module.origin == "project":
            reason = "it adds something to a model, and which model or what could not be determined"
            yield Unknown(
                f"{code.module.name}: {called_name(node)}()", reason, code.module.path, _line(code, node)
            )


def _is_plain(node: ir.Call, cls: ClassInfo) -> bool:
    """Whether a call of something unknown certainly gives no field: one of Python's own functions or types."""
    func = node.func
    while isinstance(func, ir.Attr):
        func = func.value
    if not isinstance(func, ir.Name):
        return isinstance(func, (ir.Const, ir.FString, ir.Display, ir.Dict, ir.Comp))
    bound = cls.member(func.id) or cls.module.symbols.get(func.id)
    if isinstance(bound, ImportedModule):
        return bound.dotted.partition(".")[0] in sys.stdlib_module_names
    if isinstance(bound, ImportedName):
        return bound.module.partition(".")[0] in sys.stdlib_module_names
    return bound is None and hasattr(builtins, func.id)


def _at(cls: ClassInfo) -> tuple[str, int | None]:
    return cls.module.path, _line(cls.code, cls.node)


def _line(code: Code, node: ir.Node) -> int | None:
    """One-based line of a node; None for what no line declares."""
    return code.range(node).start.line + 1 if code.chunk.spans else None


def _of_fields(draft: Draft, fields: dict[FieldDraft, Field]) -> Iterator[Unknown]:
    for field_draft in (*draft.local.values(), *draft.private.values()):
        field = fields.get(field_draft)
        if field is None or (field_draft.automatic and ("" not in field.doubts or draft.unreadable)):
            continue  # what is not known of automatic fields is said of the setting, application or base
        path, line = _at(draft.cls)
        code = field.code
        if code is not None and field.node is not None and code.chunk.spans and not is_sketch(code.module):
            path, line = code.module.path, _line(code, field.node)
        for reason in dict.fromkeys(field.doubts.values()):
            names = [name for name, other in field.doubts.items() if other == reason]
            yield Unknown(f"{draft.label}.{field.name}", _told(reason, names), path, line)
    for manager in draft.managers.values():
        if manager.doubt is not None:
            path, line = _at(draft.cls)
            yield Unknown(f"{draft.label}.{manager.name}", manager.doubt, path, line)


def _told(reason: str, names: list[str]) -> str:
    """`reason` with the names of what is not certain, where it does not name that itself."""
    return reason if "" in names or not reason.startswith(DEPENDS) else f"{', '.join(names)}: {reason}"
