"""Serializer classes of Django REST framework: what they put out and take in.

Described from facts alone, through the real class hierarchy: declared fields, the options of ``Meta``, and the
fields that a ``ModelSerializer`` generates. What cannot be known is said to be unknown (None, or `certain` False).
Descriptions rest on outlines only; what method bodies do is left to whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.literals import Text, Written, constant, follow, is_changed, mapping, texts
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo, Value
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.resolve import External
from djguide_analyzers.project.rest_framework import (
    Ancestor,
    attribute,
    derives_from,
    dotted_name,
    is_certain,
    lineage,
)
from djguide_analyzers.project.serializer_declared import declared_fields, linked, method_named, text_of
from djguide_analyzers.project.serializer_generated import FIELD_HOOKS, list_fields
from djguide_analyzers.project.serializer_types import Kind, Serializer, SerializerField

__all__ = ["Kind", "Serializer", "SerializerField", "describe_serializer", "is_serializer", "meta_option",
           "method_of", "model_of", "serializers_of"]  # fmt: skip


def is_serializer(project: Project, cls: ClassInfo) -> bool:
    """Whether `cls` derives from the framework's serializers."""
    return derives_from(lineage(project.resolver, cls), "BaseSerializer")


def describe_serializer(project: Project, cls: ClassInfo) -> Serializer | None:
    """The description of a serializer class; None when `cls` is none. Made once per project."""
    memory = _memory(project)
    if cls not in memory:
        memory[cls] = _describe(project, cls) if is_serializer(project, cls) else None
    return memory[cls]


def method_of(project: Project, serializer: ClassInfo, declared: SerializerField) -> FunctionInfo | None:
    """The method behind a ``method`` field as `serializer` has it, which may override it."""
    if declared.kind != "method" or declared.call is None:
        return None
    return method_named(project, serializer, declared.name, declared.call)


def meta_option(project: Project, serializer: Serializer, name: str) -> Written | None:
    """The expression of an option of ``Meta``; None when it is not given, or not known."""
    found = _option(project, serializer.line, name)
    return found if isinstance(found, Written) else None


def serializers_of(project: Project) -> Iterator[Serializer]:
    """All serializer classes of the project's own modules."""
    for module in project.modules.values():
        for cls in module.classes():
            found = describe_serializer(project, cls)
            if found is not None:
                yield found


@dataclass
class _Memory:
    """Descriptions by class. They rest on outlines, so no edit of a body ends them: `modules` stays empty."""

    table: dict[ClassInfo, Serializer | None] = field(default_factory=dict)
    modules: frozenset[str] = frozenset()


def _memory(project: Project) -> dict[ClassInfo, Serializer | None]:
    return project.summaries.get("serializers", _Memory, _Memory()).table


def _describe(project: Project, cls: ClassInfo) -> Serializer:
    line = lineage(project.resolver, cls)
    found = Serializer(cls, line, derives_from(line, "ModelSerializer"))
    found.declared, found.complete = declared_fields(project, cls)
    found.complete &= is_certain(line)
    if not found.is_model:
        found.fields = tuple(found.declared.values())
        found.certain = found.complete and not any(found.may_define(name) for name in FIELD_HOOKS)
        return found
    _read_meta(project, found)
    if found.model is None:
        found.fields, found.certain = tuple(found.declared.values()), False
        return found
    declared = {name: linked(found.model, each) for name, each in found.declared.items()}
    found.declared = declared
    list_fields(project, found)
    return found


# --- Meta ------------------------------------------------------------------------------------------------


def _option(
    project: Project, line: tuple[Ancestor, ...], name: str
) -> Written | Literal["absent", "unknown"]:
    """An option of ``Meta`` through its own hierarchy."""
    found = attribute(line, "Meta")
    if found is None:
        return "absent"
    meta = found.binding
    if isinstance(meta, Value) and isinstance(meta.expr, (ir.Name, ir.Attr)):
        owner = found.owner if isinstance(found.owner, ClassInfo) else None
        meta = project.resolver.expr(meta.code, meta.expr, owner)
    if not isinstance(meta, ClassInfo):
        return "unknown"
    for base in project.resolver.mro(meta):
        if isinstance(base, External):
            if base.dotted != "builtins.object":
                return "unknown"
        elif name in base.members.names:
            binding = base.members.names[name][0]
            if not isinstance(binding, Value) or binding.expr is None or is_changed(base.members, name):
                return "unknown"
            return Written(binding.expr, binding.code, base)
    return "absent"


def _list_option(project: Project, line: tuple[Ancestor, ...], name: str) -> tuple[list[Text] | None, bool]:
    """The texts of a list option, and whether that is all there is to know."""
    written = _option(project, line, name)
    if not isinstance(written, Written):
        return None, written == "absent"
    found = texts(project.resolver, written)
    return found, found is not None


def _read_meta(project: Project, found: Serializer) -> None:
    resolver = project.resolver
    model = _option(project, found.line, "model")
    if isinstance(model, Written):
        found.model = model_of(project, model)
    fields = _option(project, found.line, "fields")
    if isinstance(fields, Written):
        whole = constant(resolver, fields)
        found.all_fields = whole is not None and whole.value == "__all__"
        found.all_fields |= (dotted_name(resolver, fields.code, fields.node, fields.owner) or "").endswith(
            "serializers.ALL_FIELDS"
        )
        if not found.all_fields:
            found.names = texts(resolver, fields)
            found.certain &= found.names is not None
    elif fields == "unknown":
        found.certain = False
    for name in ("exclude", "read_only_fields"):
        listed, known = _list_option(project, found.line, name)
        setattr(found, name, listed)
        found.certain &= known
    found.extra_kwargs = _extra_kwargs(project, found.line)
    depth = _option(project, found.line, "depth")
    if isinstance(depth, Written):
        value = constant(resolver, depth)
        found.depth = value.value if value is not None and isinstance(value.value, int) else None
    elif depth == "unknown":
        found.depth = None


def _extra_kwargs(
    project: Project, line: tuple[Ancestor, ...]
) -> dict[str, dict[str, Written] | None] | None:
    written = _option(project, line, "extra_kwargs")
    if not isinstance(written, Written):
        return {} if written == "absent" else None
    by_field = mapping(project.resolver, written)
    if by_field is None:
        return None
    return {name: mapping(project.resolver, options) for name, options in by_field.items()}


def model_of(project: Project, written: Written) -> Model | None:
    """The model that an expression names: a class, ``get_user_model()`` or ``apps.get_model("app", "Model")``."""
    resolver, graph = project.resolver, project.graph
    symbol = resolver.expr(written.code, written.node, written.owner)
    if isinstance(symbol, ClassInfo):
        return graph.of_class(symbol)
    found = follow(resolver, written)
    if found is None or not isinstance(found.node, ir.Call):
        return None
    name = dotted_name(resolver, found.code, found.node.func, found.owner)
    if name == "django.contrib.auth.get_user_model":
        if project.settings.is_part and not project.settings.is_set("AUTH_USER_MODEL"):
            return None
        return graph.get(graph.auth_user)
    if name in ("django.apps.apps.get_model", "django.apps.registry.apps.get_model"):
        parts = [text_of(argument) for argument in found.node.args]
        if all(parts) and not found.node.keywords:
            return graph.get(".".join(part for part in parts if part))
    return None
