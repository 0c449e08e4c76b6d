"""What model forms and model serializers write."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo, Value
from djguide_analyzers.project.serializers import describe_serializer
from djguide_analyzers.trace import annotations, attributes, calls
from djguide_analyzers.trace.arguments import Arguments
from djguide_analyzers.trace.events import Write
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.frameworks.registry import models
from djguide_analyzers.trace.values import (
    NONE,
    UNKNOWN,
    AbstractValue,
    BoundMethod,
    ClassValue,
    Constant,
    ObjectValue,
    Partial,
    Row,
    RowRoot,
    Sequence,
)

_MODEL_FORM = "django.forms.models.BaseModelForm"
_GIVEN = "has an instance"
_ROWS = "has rows of"


def model_of_form(frame: Frame, cls: ClassInfo) -> Model | None:
    """The model in a form's ``Meta``."""
    resolver = frame.project.resolver
    options = resolver.class_attribute(cls, "Meta")
    if options is None or not isinstance(options[1], ClassInfo):
        return None
    found = resolver.class_attribute(options[1], "model")
    if found is None or not isinstance(found[1], Value) or found[1].expr is None:
        return None
    symbol = resolver.expr(found[1].code, found[1].expr, options[1])
    return frame.project.graph.of_class(symbol) if isinstance(symbol, ClassInfo) else None


def note_form(frame: Frame, form: ObjectValue, args: Arguments) -> None:
    """Remember what a model form or formset was made with: an instance or a new row, rows of which model."""
    if frame.project.resolver.is_subclass(form.cls, _MODEL_FORM):
        given = args.starred or args.keywords.get("instance", NONE) != NONE
        frame.run.set_loaded(form, _GIVEN, Constant(given))
    elif (rows := args.keywords.get(_ROWS)) is not None:
        frame.run.set_loaded(form, _ROWS, rows)
        if "instance" in args.keywords:
            frame.run.set_loaded(form, "instance", args.keywords["instance"])


@models("django.forms.models.inlineformset_factory", "django.forms.models.modelformset_factory")
def _formset_class(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    """A class of formsets, which knows the model of its rows."""
    inline = isinstance(args.get(1, "model"), ClassValue)
    rows = args.get(1, "model") if inline else args.get(0, "model")
    base = frame.project.resolver.dotted("django.forms.models.BaseInlineFormSet")
    if not isinstance(base, ClassInfo) or not isinstance(rows, ClassValue) or "formset" in args.keywords:
        return UNKNOWN
    return Partial(ClassValue(base), (), ((_ROWS, rows),))


@models("django.forms.models.BaseModelFormSet.save", "django.forms.models.BaseInlineFormSet.save")
def _save_formset(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    """``formset.save()``: its rows, which the database has unless ``commit=False``."""
    formset = args.first
    rows = frame.run.get_loaded(formset, _ROWS) if isinstance(formset, ObjectValue) else None
    model = frame.project.graph.of_class(rows.cls) if isinstance(rows, ClassValue) else None
    if model is None or not isinstance(formset, ObjectValue):
        return UNKNOWN
    instance = frame.run.get_loaded(formset, "instance")
    given = (("", instance),) if isinstance(instance, Row) else ()
    if args.get(1, "commit") != Constant(False):
        frame.emit(Write(frame.site(node), frame.context, model.label, "save", formset, given))
    return Sequence(Row(model.label, RowRoot(frame.run.new_identity(), None, False)))


@models("django.forms.models.BaseModelForm.save")
def _save(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    """``form.save()``: the form's row, which the database has unless ``commit=False``."""
    form = args.first
    model = model_of_form(frame, form.cls) if isinstance(form, ObjectValue) else None
    if model is None:
        return UNKNOWN
    row = annotations.some_row(frame, model.label)
    if isinstance(form, ObjectValue) and frame.run.get_loaded(form, _GIVEN) == Constant(False):
        row = Row(model.label, RowRoot(frame.run.new_identity(), None, False))
    if args.get(1, "commit") != Constant(False):
        frame.emit(Write(frame.site(node), frame.context, model.label, "save", row))
    return row


@models("django.views.generic.edit.ModelFormMixin.form_valid")
def _form_valid(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    """``super().form_valid(form)``: the view saves its form."""
    view, form = args.first, args.get(1, "form")
    if isinstance(view, ObjectValue) and isinstance(form, ObjectValue):
        save = attributes.get_attribute(frame, ir.Attr(node.at, node, "save"), form)
        if isinstance(save, BoundMethod):
            frame.run.set_loaded(view, "object", calls.apply(frame, node, save, Arguments()))
    return UNKNOWN


def serializer_writes(
    frame: Frame, node: ir.Call, serializer: ObjectValue, name: str, args: Arguments
) -> AbstractValue:
    """``create()`` and ``update()`` of ``ModelSerializer``, without the serializer itself among `args`."""
    described = describe_serializer(frame.project, serializer.cls)
    if described is None or described.model is None:
        return UNKNOWN
    label = described.model.label
    if name == "create":
        row = Row(label, RowRoot(frame.run.new_identity(), None, False))
        frame.emit(Write(frame.site(node), frame.context, label, "create", row))
        return row
    given = args.first
    row = given if isinstance(given, Row) else annotations.some_row(frame, label)
    frame.emit(Write(frame.site(node), frame.context, label, "save", row))
    return row


def _installed(name: str) -> None:
    @models(f"rest_framework.serializers.ModelSerializer.{name}")
    def written(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
        serializer, *rest = args.positional or [UNKNOWN]
        if not isinstance(serializer, ObjectValue):
            return UNKNOWN
        return serializer_writes(frame, node, serializer, name, Arguments(rest, args.keywords, args.starred))


for _name in ("create", "update"):
    _installed(_name)
