"""Forms with a field for a file."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, Value
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.form_classes import (
    declared_fields,
    form_class,
    form_model,
    model_field_names,
)

_FILE_FIELD = "django.forms.fields.FileField"
_COLUMNS = frozenset({"FileField", "ImageField"})


def file_fields(file: FileContext, cls: ClassInfo) -> list[str]:
    """Names of the fields of a form class that take an uploaded file; empty where its hierarchy is not known."""
    known = form_class(file, cls)
    if known is None or _is_adapted(file, known):
        return []
    declared = declared_fields(file, known)
    resolver = file.project.resolver
    found = [name for name, field in declared.items() if resolver.is_subclass(field, _FILE_FIELD)]
    model = form_model(file, known)
    widgets = _own_widgets(file, known)
    for name in sorted(model_field_names(file, known) or ()) if model is not None else ():
        assert model is not None
        field = model.fields.get(name)
        if field is None or name in declared or name in widgets or not field.certain:
            continue
        if field.django_base in _COLUMNS and field.class_name.startswith("django."):
            found.append(name)
    return found


def _is_adapted(file: FileContext, cls: ClassInfo) -> bool:
    """Whether a constructor of the project may add and remove fields, or find files by itself."""
    found = file.project.resolver.class_attribute(cls, "__init__")
    return found is None or not found[0].module.name.startswith("django.forms.")


def _own_widgets(file: FileContext, cls: ClassInfo) -> set[str]:
    """Fields that ``Meta`` gives another widget, or another class."""
    found: set[str] = set()
    options = file.project.resolver.class_attribute(cls, "Meta")
    if options is None or not isinstance(options[1], ClassInfo):
        return found
    for name in ("widgets", "field_classes"):
        value = options[1].member(name)
        if isinstance(value, Value) and isinstance(value.expr, ir.Dict):
            found |= {str(key.value) for key in value.expr.keys if isinstance(key, ir.Const)}
    return found
