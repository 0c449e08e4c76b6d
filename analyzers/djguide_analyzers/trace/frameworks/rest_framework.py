"""Views of Django REST framework: what listing their rows reads."""

from __future__ import annotations

from collections.abc import Callable

from djguide_analyzers.facts import ir
from djguide_analyzers.project.endpoints import Endpoint, describe_endpoint
from djguide_analyzers.project.modules import ClassInfo
from djguide_analyzers.project.rest_framework import derives_from, lineage
from djguide_analyzers.project.serializers import describe_serializer
from djguide_analyzers.trace import attributes, calls, querysets
from djguide_analyzers.trace.arguments import Arguments
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.frameworks import saving, serialization
from djguide_analyzers.trace.frameworks.registry import models
from djguide_analyzers.trace.values import (
    SCALAR,
    TRUE,
    UNKNOWN,
    AbstractValue,
    Assumed,
    BoundMethod,
    BuiltinMethod,
    ClassValue,
    ManagerValue,
    ObjectValue,
    QuerySetValue,
    RequestValue,
)

_GENERIC = "rest_framework.generics.GenericAPIView."
_Method = Callable[[Frame, ir.Call, ObjectValue, Arguments], AbstractValue]


def _get_queryset(frame: Frame, node: ir.Call, view: ObjectValue, args: Arguments) -> AbstractValue:
    declared = attributes.declared_attribute(frame, view.cls, "queryset")
    queryset = (
        querysets.as_queryset(frame, declared)
        if isinstance(declared, (QuerySetValue, ManagerValue))
        else None
    )
    return UNKNOWN if queryset is None else QuerySetValue(queryset.query, frame.run.new_identity())


def _same(frame: Frame, node: ir.Call, view: ObjectValue, args: Arguments) -> AbstractValue:
    return args.first if args.first is not None else UNKNOWN


def _page(frame: Frame, node: ir.Call, view: ObjectValue, args: Arguments) -> AbstractValue:
    return querysets.part_of(frame, args.first) if args.first is not None else UNKNOWN


def _get_object(frame: Frame, node: ir.Call, view: ObjectValue, args: Arguments) -> AbstractValue:
    queryset = call_method(
        frame, node, view, "filter_queryset", call_method(frame, node, view, "get_queryset")
    )
    if not isinstance(queryset, QuerySetValue):
        return UNKNOWN
    querysets.run_query(frame, queryset, "get", node)
    return querysets.one_row(frame, queryset)


def _serializer_class(frame: Frame, node: ir.Call, view: ObjectValue, args: Arguments) -> AbstractValue:
    return attributes.declared_attribute(frame, view.cls, "serializer_class")


def _serializer(frame: Frame, node: ir.Call, view: ObjectValue, args: Arguments) -> AbstractValue:
    cls = call_method(frame, node, view, "get_serializer_class")
    if not isinstance(cls, ClassValue) or describe_serializer(frame.project, cls.cls) is None:
        return UNKNOWN
    return serialization.constructed(frame, cls.cls, args)


_DEFAULTS: dict[str, _Method] = {
    "get_queryset": _get_queryset,
    "filter_queryset": _same,
    "paginate_queryset": _page,
    "get_object": _get_object,
    "get_serializer_class": _serializer_class,
    "get_serializer": _serializer,
}
"""What ``GenericAPIView`` does, by method."""


def default_method(frame: Frame, view: ObjectValue, name: str) -> AbstractValue | None:
    """The framework's own method of a view or serializer whose package cannot be read; None for any other name."""
    if name in _DEFAULTS and derives_from(lineage(frame.project.resolver, view.cls), "GenericAPIView"):
        return BuiltinMethod(view, name)
    if name == "to_representation" and serialization.is_serializer_object(frame, view):
        return BuiltinMethod(view, name)
    return None


def call_default(
    frame: Frame, node: ir.Call, receiver: ObjectValue, name: str, args: Arguments
) -> AbstractValue:
    """Call what `default_method` returned."""
    if name == "to_representation":
        description = describe_serializer(frame.project, receiver.cls)
        if description is None or args.first is None:
            return UNKNOWN
        child = frame.run.get_loaded(receiver, "child")
        if isinstance(child, ObjectValue):
            serialization.each_of(frame, child.cls, args.first, node, ())
            return UNKNOWN
        return serialization.fields(frame, description, receiver, args.first, (receiver.cls,))
    if name in ("create", "update") and serialization.is_serializer_object(frame, receiver):
        return saving.serializer_writes(frame, node, receiver, name, args)
    method = _DEFAULTS.get(name)
    return method(frame, node, receiver, args) if method is not None else UNKNOWN


def _register(name: str, method: _Method) -> None:
    @models(_GENERIC + name)
    def installed(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
        view = args.first
        if not isinstance(view, ObjectValue):
            return UNKNOWN
        return method(frame, node, view, Arguments(args.positional[1:], args.keywords, args.starred))


for _name, _method in _DEFAULTS.items():
    _register(_name, _method)


@models(
    "rest_framework.serializers.Serializer.to_representation",
    "rest_framework.serializers.ModelSerializer.to_representation",
)
def _to_representation(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    receiver = args.first
    if not isinstance(receiver, ObjectValue):
        return UNKNOWN
    return call_default(frame, node, receiver, "to_representation", Arguments(args.positional[1:]))


def call_method(
    frame: Frame, node: ir.Call, view: ObjectValue, name: str, *given: AbstractValue
) -> AbstractValue:
    """What the view's method `name` returns, the project's own or the framework's."""
    method = attributes.get_attribute(frame, ir.Attr(node.at, node, name), view)
    if not isinstance(method, (BoundMethod, BuiltinMethod)):
        return UNKNOWN
    return calls.apply(frame, node, method, Arguments(list(given)))


def listing(frame: Frame, cls: ClassInfo) -> Endpoint | None:
    """The description of `cls` when it is a view with the framework's own ``list``; None for any other class."""
    endpoint = describe_endpoint(frame.project, cls)
    if endpoint is None or not endpoint.is_generic:
        return None
    if not derives_from(endpoint.line, "ListModelMixin") or not endpoint.is_default("list"):
        return None
    return endpoint


def show_list(frame: Frame, view: ObjectValue) -> None:
    """What answering a request for the list does."""
    place = ir.Call(view.cls.node.at, ir.Opaque(view.cls.node.at), [], [])
    frame.run.set_loaded(view, "request", RequestValue())
    frame.run.set_loaded(view, "action", Assumed("list"))
    frame.run.set_loaded(view, "kwargs", UNKNOWN)
    frame.run.set_loaded(view, "detail", SCALAR)
    queryset = call_method(
        frame, place, view, "filter_queryset", call_method(frame, place, view, "get_queryset")
    )
    page = call_method(frame, place, view, "paginate_queryset", queryset)
    method = attributes.get_attribute(frame, ir.Attr(place.at, place, "get_serializer"), view)
    if not isinstance(method, (BoundMethod, BuiltinMethod)):
        return
    arguments = Arguments([page], {"many": TRUE})
    serializer = calls.apply(frame, place, method, arguments)
    if isinstance(serializer, ObjectValue) and serialization.is_serializer_object(frame, serializer):
        serialization.data(frame, serializer, place)
