"""The fields that a model form makes of the relations of its model."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.modules import ClassInfo, Code, Value
from djguide_analyzers.project.project import Project

MODEL_FORM = "django.forms.models.BaseModelForm"


def made_fields(project: Project, cls: ClassInfo) -> Iterator[tuple[str, Field, Code, ir.Node]]:
    """The relations for which a model form makes a field by itself, with where its ``Meta`` names them."""
    options = project.resolver.class_attribute(cls, "Meta")
    if options is None or not isinstance(options[1], ClassInfo):
        return
    if not project.resolver.is_subclass(cls, MODEL_FORM):
        return
    meta = options[1]
    given = {name: _option(project, meta, name) for name in ("model", "fields", "exclude", "widgets")}
    model = _model(project, given["model"], meta)
    named = given["fields"] or given["exclude"]
    other = any(_option(project, meta, name) for name in ("field_classes", "formfield_callback"))
    if model is None or named is None or named.expr is None or other:
        return
    left_out = names(given["exclude"])
    own_widgets = _keys(given["widgets"])
    if left_out is None or own_widgets is None:
        return
    for name, node in _listed(model, given["fields"], named):
        field = model.fields.get(name)
        if field is None or name in left_out or name in own_widgets or not has_form_field(project, field):
            continue
        yield name, field, named.code, node


def model_of_form(project: Project, cls: ClassInfo) -> Model | None:
    """The model that a model form's ``Meta`` names; None for any other class."""
    options = project.resolver.class_attribute(cls, "Meta")
    if options is None or not isinstance(options[1], ClassInfo):
        return None
    if not project.resolver.is_subclass(cls, MODEL_FORM):
        return None
    return _model(project, _option(project, options[1], "model"), options[1])


def _option(project: Project, meta: ClassInfo, name: str) -> Value | None:
    found = project.resolver.class_attribute(meta, name)
    return found[1] if found is not None and isinstance(found[1], Value) else None


def _model(project: Project, value: Value | None, meta: ClassInfo) -> Model | None:
    if value is None or value.expr is None:
        return None
    symbol = project.resolver.expr(value.code, value.expr, meta)
    return project.graph.of_class(symbol) if isinstance(symbol, ClassInfo) else None


def names(value: Value | None) -> dict[str, ir.Node] | None:
    """Texts of a list or tuple that is written out, with their nodes; None for anything else."""
    if value is None:
        return {}
    if not isinstance(value.expr, ir.Display):
        return None
    found = {i.value: i for i in value.expr.items if isinstance(i, ir.Const) and isinstance(i.value, str)}
    return found if len(found) == len(value.expr.items) else None  # type: ignore[return-value]


def _keys(value: Value | None) -> set[str] | None:
    """Keys of a dictionary that is written out; None for anything else."""
    if value is None:
        return set()
    if not isinstance(value.expr, ir.Dict):
        return None
    keys = {k.value for k in value.expr.keys if isinstance(k, ir.Const) and isinstance(k.value, str)}
    return keys if len(keys) == len(value.expr.keys) else None


def _listed(model: Model, fields: Value | None, named: Value) -> Iterator[tuple[str, ir.Node]]:
    if fields is None or (isinstance(fields.expr, ir.Const) and fields.expr.value == "__all__"):
        yield from ((name, named.expr) for name in model.fields if named.expr is not None)
    else:
        yield from (names(fields) or {}).items()


def has_form_field(project: Project, field: Field) -> bool:
    """Whether a model field is a relation that Django makes a select for."""
    if field.kind not in ("fk", "o2o", "m2m") or field.parent_link or field.target is None:
        return False
    if not field.sure("target") or field.call is None:
        return False
    editable = field.call.keyword("editable")
    if editable is not None and not (isinstance(editable, ir.Const) and editable.value is True):
        return False
    if field.kind == "m2m" and not field.through_auto:
        return False
    cls = project.resolver.dotted(field.class_name)
    if not isinstance(cls, ClassInfo):
        return field.class_name.startswith("django.db.models.")
    found = project.resolver.class_attribute(cls, "formfield")
    return found is not None and found[0].module.name.startswith("django.db.models.")
