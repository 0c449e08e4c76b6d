"""Django's generic views: where their querysets come from."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.trace import attributes, querysets
from djguide_analyzers.trace.arguments import Arguments
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.frameworks.registry import models
from djguide_analyzers.trace.values import (
    UNKNOWN,
    AbstractValue,
    ClassValue,
    ManagerValue,
    ObjectValue,
    QuerySetValue,
)


@models(
    "django.views.generic.list.MultipleObjectMixin.get_queryset",
    "django.views.generic.detail.SingleObjectMixin.get_queryset",
)
def _view_queryset(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    """The view's ``queryset``, or all rows of its ``model``."""
    view = args.first
    if not isinstance(view, ObjectValue):
        return UNKNOWN
    declared = attributes.declared_attribute(frame, view.cls, "queryset")
    if isinstance(declared, (QuerySetValue, ManagerValue)):
        queryset = querysets.as_queryset(frame, declared)
        return UNKNOWN if queryset is None else QuerySetValue(queryset.query, frame.run.new_identity())
    model_class = attributes.declared_attribute(frame, view.cls, "model")
    model = frame.project.graph.of_class(model_class.cls) if isinstance(model_class, ClassValue) else None
    if model is None:
        return UNKNOWN
    manager = ManagerValue(model.label, model.managers.get(model.default_manager), None)
    return querysets.as_queryset(frame, manager) or UNKNOWN
