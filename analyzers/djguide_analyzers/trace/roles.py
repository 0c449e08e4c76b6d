"""What frameworks hand to functions of the project: the instance of a signal, the object of an admin's method.

Nothing is known of how such rows were loaded. The rows of an admin's action are those of its change list.
"""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.project.literals import Written
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.serializers import describe_serializer, method_of, model_of
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.frameworks import admin, model_forms
from djguide_analyzers.trace.values import UNKNOWN, AbstractValue

_RECEIVER = "django.dispatch.dispatcher.receiver"


def label_of(project: Project, info: FunctionInfo, name: str) -> str | None:
    """Label of the model whose row a framework hands over as parameter `name` of `info`; None for anything else."""
    if info.owner is None:
        return _sender(project, info) if name == "instance" else None
    params = [param.name for param in info.node.params.items]
    if len(params) < 2:
        return None
    if name == "obj" or (name == "instance" and len(params) == 2):
        registered = admin.registered(project).get(info.owner, [])
        if len(registered) == 1:
            return registered[0].label
    return _of_serializer(project, info.owner, info) if name == params[1] else None


def rows_of(frame: Frame, info: FunctionInfo, name: str) -> AbstractValue:
    """The queryset that the admin hands to an action as parameter `name`."""
    params = [param.name for param in info.node.params.items]
    if info.owner is None or name != "queryset" or len(params) != 3 or params[2] != name:
        return UNKNOWN
    registered = admin.registered(frame.project).get(info.owner, [])
    rows = admin.listed_rows(frame, info.owner, registered[0]) if len(registered) == 1 else None
    return UNKNOWN if rows is None else rows


def label_of_form(project: Project, cls: ClassInfo) -> str | None:
    """Label of the model of a model form."""
    model = model_forms.model_of_form(project, cls)
    return None if model is None else model.label


def _sender(project: Project, info: FunctionInfo) -> str | None:
    """Label of the model that ``@receiver(signal, sender=Model)`` names."""
    for node in info.node.decorators:
        sender = node.keyword("sender") if isinstance(node, ir.Call) else None
        if sender is None or not isinstance(node, ir.Call):
            continue
        symbol = project.resolver.expr(info.code, node.func)
        if symbol is not None and symbol.dotted == _RECEIVER:
            model = model_of(project, Written(sender, info.code, None))
            return None if model is None else model.label
    return None


def _of_serializer(project: Project, owner: ClassInfo, info: FunctionInfo) -> str | None:
    """Label of the model of a serializer that calls `info`, a method of its, with each of its objects."""
    described = describe_serializer(project, owner)
    if described is None or described.model is None:
        return None
    fields = described.declared.values()
    called = info.name == "to_representation" or any(
        method_of(project, owner, each) is info for each in fields
    )
    return described.model.label if called else None
