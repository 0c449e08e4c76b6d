"""Selects that the admin and formsets put into every one of many rows."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.modules import ClassInfo, Value
from djguide_analyzers.project.project import Project
from djguide_analyzers.trace.frameworks.model_forms import has_form_field

INLINE = "django.contrib.admin.options.InlineModelAdmin"
_HOOKS = ("formfield_for_dbfield", "formfield_for_foreignkey", "formfield_for_manytomany", "formfield_overrides",
          "formfield_for_choice_field", "get_autocomplete_fields", "get_field_queryset")  # fmt: skip


def option(project: Project, cls: ClassInfo, name: str) -> Value | None:
    """An option that a class or its bases set, Django's own defaults left out."""
    found = project.resolver.class_attribute(cls, name)
    if found is None or found[0].module.name.startswith("django.contrib.admin."):
        return None
    return found[1] if isinstance(found[1], Value) else None


def is_left_alone(project: Project, cls: ClassInfo, *names: str) -> bool:
    """Whether the project leaves how fields are made, and `names`, to Django's own admin classes."""
    for name in (*_HOOKS, *names):
        found = project.resolver.class_attribute(cls, name)
        if found is None or not found[0].module.name.startswith("django.contrib.admin."):
            return False
    return True


def names(value: Value | None) -> dict[str, ir.Expr] | None:
    """Texts of a list or tuple, nested ones included, with their nodes; None when it is not written out."""
    if value is None:
        return {}
    found: dict[str, ir.Expr] = {}
    return found if value.expr is not None and _collect(value.expr, found) else None


def _collect(node: ir.Expr, found: dict[str, ir.Expr]) -> bool:
    if isinstance(node, ir.Display):
        return all(_collect(item, found) for item in node.items)
    if isinstance(node, ir.Const) and isinstance(node.value, str):
        found[node.value] = node
        return True
    return False


def is_select(project: Project, cls: ClassInfo, field: Field | None) -> bool:
    """Whether the admin class shows `field` as a select, or another widget that lists all rows."""
    if field is None or not has_form_field(project, field):
        return False
    for each in ("raw_id_fields", "autocomplete_fields"):
        listed = names(option(project, cls, each))
        if listed is None or field.name in listed:
            return False
    return True


def target_name(field: Field) -> str:
    return (field.target or "").rpartition(".")[2]


def related_labels(project: Project, model: Model) -> set[str]:
    """The labels under which a foreign key may name `model`: its own, its parents', and what it is a proxy for."""
    labels = {model.label, *model.parents}
    while model.proxy and model.proxy_for is not None:
        labels.add(model.proxy_for)
        parent = project.graph.get(model.proxy_for)
        if parent is None:
            break
        model = parent
        labels |= {model.label, *model.parents}
    return labels
