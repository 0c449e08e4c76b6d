"""What model forms and model serializers write."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo, Value
from djguide_analyzers.project.serializers import describe_serializer
from djguide_analyzers.trace import annotations
from djguide_analyzers.trace.arguments import Arguments
from djguide_analyzers.trace.events import Write
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.frameworks.registry import models
from djguide_analyzers.trace.values import UNKNOWN, AbstractValue, Constant, ObjectValue, Row, RowRoot


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


@models("django.forms.models.BaseModelForm.save")
def _save(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    """``form.save()``: the form's row, which the database has unless ``commit=False``."""
    form = args.first
    model = model_of_form(frame, form.cls) if isinstance(form, ObjectValue) else None
    if model is None:
        return UNKNOWN
    row = annotations.some_row(frame, model.label)
    if args.get(1, "commit") != Constant(False):
        frame.emit(Write(frame.site(node), frame.context, model.label, "save", row))
    return row


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
