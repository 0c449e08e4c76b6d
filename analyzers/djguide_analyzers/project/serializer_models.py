"""What serializers take from models: attributes that exist, and the defaults of generated fields."""

from __future__ import annotations

import re

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.modules import Value
from djguide_analyzers.project.project import Project

_GENERATED_METHOD = re.compile(r"get_(?:(?P<display>\w+)_display|(?:next|previous)_by_(?P<date>\w+))$")
_AUTOMATIC = frozenset({"AutoField", "BigAutoField", "SmallAutoField"})
_NOT_EDITABLE = frozenset({"BinaryField", "GeneratedField", "CompositePrimaryKey"})


def attribute_of(project: Project, model: Model, name: str) -> bool | None:
    """Whether the model's class has an attribute `name`; None when that is not known."""
    if name in model.fields or name in model.reverse or name in model.managers:
        return True
    if name == "pk" or model.field_of_attname(name) is not None:
        return True
    found = project.resolver.class_attribute(model.cls, name)
    if found is not None:
        binding = found[1]
        is_bare = isinstance(binding, Value) and binding.expr is None and binding.annotation is not None
        return not is_bare
    generated = _GENERATED_METHOD.match(name)
    if generated is not None and (generated["display"] or generated["date"]) in model.fields:
        return True
    if not model.complete or not project.resolver.fully_known(model.cls):
        return None
    is_order = name.startswith(("get_", "set_")) and name.endswith("_order")
    return None if is_order or model.cls.node.decorators else False


def defaults_of(project: Project, field: Field) -> tuple[bool | None, bool | None]:
    """Whether a field generated for a model's field is read-only, and whether it is required; None: not known."""
    if field.django_base in _AUTOMATIC:
        return True, False
    call = field.call
    if call is None:
        return (True, False) if field.parent_link else (None, None)
    if any(keyword.name is None for keyword in call.keywords):
        return None, None
    if _is_true(call, "auto_now") or _is_true(call, "auto_now_add") or field.django_base == "GeneratedField":
        return True, False
    is_django = field.class_name.startswith("django.")
    editable = call.keyword("editable")
    if editable is None:
        if field.django_base in _NOT_EDITABLE:
            return True, False
        read_only: bool | None = False if is_django else None
    else:
        read_only = not editable.value if isinstance(editable, ir.Const) else None
    if read_only:
        return True, False
    optional = field.null or call.keyword("default") is not None or _is_true(call, "blank")
    if optional:
        return read_only, False
    computed = any(call.keyword(name) is not None for name in ("blank", "db_default")) or not is_django
    return read_only, None if computed or call.args[1:] else True


def _is_true(call: ir.Call, name: str) -> bool:
    node = call.keyword(name)
    return isinstance(node, ir.Const) and node.value is True
