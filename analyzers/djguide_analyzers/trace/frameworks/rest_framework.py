"""Views of Django REST framework: what answering a request reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.endpoints import Endpoint, describe_endpoint
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.project.project import Project
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
_OF_ONE_REQUEST = frozenset({"action", "detail", "kwargs", "method", "lookup_url_kwarg", "lookup_field"})
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


def _list(frame: Frame, node: ir.Call, view: ObjectValue, args: Arguments) -> AbstractValue:
    return _show_list(frame, node, view)


def _retrieve(frame: Frame, node: ir.Call, view: ObjectValue, args: Arguments) -> AbstractValue:
    return _show_one(frame, node, view)


_DEFAULTS: dict[str, _Method] = {
    "get_queryset": _get_queryset,
    "filter_queryset": _same,
    "paginate_queryset": _page,
    "get_object": _get_object,
    "get_serializer_class": _serializer_class,
    "get_serializer": _serializer,
}
"""What ``GenericAPIView`` does, by method."""

_MIXINS: dict[str, tuple[str, _Method]] = {
    "list": ("ListModelMixin", _list),
    "retrieve": ("RetrieveModelMixin", _retrieve),
}
"""What the mixins do, by method: the class it is of."""


def default_method(frame: Frame, view: ObjectValue, name: str) -> AbstractValue | None:
    """The framework's own method of a view or serializer whose package cannot be read; None for any other name."""
    line = lineage(frame.project.resolver, view.cls)
    if (name in _DEFAULTS and derives_from(line, "GenericAPIView")) or (
        name in _MIXINS and derives_from(line, _MIXINS[name][0])
    ):
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
    if method is None and name in _MIXINS:
        method = _MIXINS[name][1]
    return method(frame, node, receiver, args) if method is not None else UNKNOWN


def _register(dotted: str, method: _Method) -> None:
    @models(dotted)
    def installed(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
        view = args.first
        if not isinstance(view, ObjectValue):
            return UNKNOWN
        return method(frame, node, view, Arguments(args.positional[1:], args.keywords, args.starred))


for _name, _method in _DEFAULTS.items():
    _register(_GENERIC + _name, _method)
for _name, (_mixin, _method) in _MIXINS.items():
    _register(f"rest_framework.mixins.{_mixin}.{_name}", _method)


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


def inherited_actions(project: Project, cls: ClassInfo) -> Iterator[FunctionInfo]:
    """The methods that answer requests to view `cls` and that it inherits from a class of the project."""
    endpoint = describe_endpoint(project, cls)
    if endpoint is not None and endpoint.is_generic:
        for action in endpoint.actions:
            info = action.function
            if info is not None and info.owner is not cls and info.module.origin == "project":
                yield info


def note_action(frame: Frame, view: ObjectValue, info: FunctionInfo) -> None:
    """While a viewset answers with one of its own actions, ``self.action`` is the action's name."""
    endpoint = describe_endpoint(frame.project, view.cls)
    if endpoint is not None and endpoint.is_viewset and endpoint.action(info.name) is not None:
        frame.run.set_loaded(view, "action", Assumed(info.name))


def answers(frame: Frame, cls: ClassInfo) -> Iterator[Callable[[], None]]:
    """What the framework itself does to answer requests to `cls`; nothing when it is no generic view.

    One object is shown like each of a list, unless the view asks what the request is about.
    """
    endpoint = describe_endpoint(frame.project, cls)
    if endpoint is None or not endpoint.is_generic:
        return
    if _is_answered(endpoint, "list", "ListModelMixin"):
        yield partial(_answer, frame, cls, "list", _show_list)
    listed = derives_from(endpoint.line, "ListModelMixin")
    if _is_answered(endpoint, "retrieve", "RetrieveModelMixin") and not (listed and _shows_alike(endpoint)):
        yield partial(_answer, frame, cls, "retrieve", _show_one)


def _shows_alike(endpoint: Endpoint) -> bool:
    """Whether one object comes from the queryset, and is put out by the serializer, that a list uses."""
    hooks = ("get_queryset", "get_serializer_class", "get_serializer")
    chosen = [endpoint.method(name) for name in hooks]
    return endpoint.is_default("get_object") and not any(
        info and info.once(_tells_requests_apart) for info in chosen
    )


def _tells_requests_apart(info: FunctionInfo) -> bool:
    """Whether a view's method asks which action it serves, or for which object."""
    return any(isinstance(node, ir.Attr) and node.name in _OF_ONE_REQUEST for node in walk(info.statements))


def _is_answered(endpoint: Endpoint, action: str, mixin: str) -> bool:
    return derives_from(endpoint.line, mixin) and endpoint.is_default(action)


def _answer(
    frame: Frame, cls: ClassInfo, action: str, show: Callable[[Frame, ir.Call, ObjectValue], AbstractValue]
) -> None:
    """Answer a request with an action of the framework's own."""
    view = ObjectValue(cls, frame.run.new_identity())
    frame.run.set_loaded(view, "request", RequestValue())
    frame.run.set_loaded(view, "action", Assumed(action))
    frame.run.set_loaded(view, "kwargs", UNKNOWN)
    frame.run.set_loaded(view, "detail", SCALAR)
    show(frame, ir.Call(cls.node.at, ir.Opaque(cls.node.at), [], []), view)


def _show_list(frame: Frame, node: ir.Call, view: ObjectValue) -> AbstractValue:
    queryset = call_method(
        frame, node, view, "filter_queryset", call_method(frame, node, view, "get_queryset")
    )
    page = call_method(frame, node, view, "paginate_queryset", queryset)
    return _show(frame, node, view, Arguments([page], {"many": TRUE}))


def _show_one(frame: Frame, node: ir.Call, view: ObjectValue) -> AbstractValue:
    return _show(frame, node, view, Arguments([call_method(frame, node, view, "get_object")]))


def _show(frame: Frame, node: ir.Call, view: ObjectValue, args: Arguments) -> AbstractValue:
    """Put out what the view's serializer makes of its objects."""
    method = attributes.get_attribute(frame, ir.Attr(node.at, node, "get_serializer"), view)
    if isinstance(method, (BoundMethod, BuiltinMethod)):
        serializer = calls.apply(frame, node, method, args)
        if isinstance(serializer, ObjectValue) and serialization.is_serializer_object(frame, serializer):
            serialization.data(frame, serializer, node)
    return UNKNOWN
