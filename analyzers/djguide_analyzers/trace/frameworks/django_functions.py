"""Django's own functions and classes."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.trace import querysets
from djguide_analyzers.trace.arguments import Arguments, is_true
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.frameworks.builtin_functions import consume
from djguide_analyzers.trace.frameworks.registry import models
from djguide_analyzers.trace.values import (
    NONE,
    UNKNOWN,
    AbstractValue,
    AtomicValue,
    ClassValue,
    ConditionValue,
    Constant,
    ManagerValue,
    Paginator,
    PrefetchValue,
    QuerySetValue,
    Row,
    Sequence,
)


def _as_queryset(frame: Frame, value: AbstractValue | None) -> QuerySetValue | None:
    """What the shortcuts accept: a model class, a manager or a queryset."""
    if isinstance(value, ClassValue):
        model = frame.project.graph.of_class(value.cls)
        if model is None:
            return None
        value = ManagerValue(model.label, model.managers.get(model.default_manager), None)
    return querysets.as_queryset(frame, value) if value is not None else None


@models("django.shortcuts.get_object_or_404", "django.shortcuts.aget_object_or_404")
def _get_object(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    queryset = _as_queryset(frame, args.first)
    if queryset is None:
        return UNKNOWN
    querysets.run_query(frame, queryset, "get", node)
    return querysets.one_row(frame, queryset)


@models("django.shortcuts.get_list_or_404", "django.shortcuts.aget_list_or_404")
def _get_list(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    queryset = _as_queryset(frame, args.first)
    if queryset is None:
        return UNKNOWN
    querysets.run_query(frame, queryset, "iterate", node)
    return Sequence(querysets.row_of(frame, queryset))


@models("django.db.models.query.prefetch_related_objects", "django.db.models.query.aprefetch_related_objects")
def _prefetch_objects(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    element = consume(frame, node, args)
    if isinstance(element, Row):
        for value in args.positional[1:]:
            path = value.value if isinstance(value, Constant) else getattr(value, "path", None)
            if isinstance(path, str) and path:
                frame.run.set_loaded(element, path.split("__")[0], UNKNOWN)
            else:
                frame.run.guarded.add(element.key)
        if args.starred:
            frame.run.guarded.add(element.key)
    return NONE


@models("django.core.paginator.Paginator")
def _paginator(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    items = args.get(0, "object_list")
    if isinstance(items, ManagerValue):
        items = querysets.as_queryset(frame, items)
    return Paginator(items) if items is not None else UNKNOWN


@models("django.contrib.auth.get_user_model")
def _user_model(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    model = frame.project.models.get(frame.project.graph.auth_user)
    return ClassValue(model.cls) if model is not None else UNKNOWN


@models("django.db.models.query_utils.Q")
def _condition(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    given = bool(node.args or [k for k in node.keywords if k.name not in (None, "_connector", "_negated")])
    certain = bool([k for k in node.keywords if k.name not in (None, "_connector", "_negated")]) or any(
        not isinstance(arg, ir.Star) for arg in node.args
    )
    return ConditionValue(empty=not (given and certain))


@models("django.db.models.query.Prefetch", "django.contrib.contenttypes.prefetch.GenericPrefetch")
def _prefetch(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    path, queryset = args.get(0, "lookup"), args.get(1, "queryset")
    to_attr = args.get(2, "to_attr")
    if not isinstance(path, Constant) or not isinstance(path.value, str) or args.starred:
        return PrefetchValue("", None, None, opaque=True)
    inner = queryset if isinstance(queryset, QuerySetValue) else None
    name = to_attr.value if isinstance(to_attr, Constant) else None
    opaque = (queryset is not None and inner is None) or (
        to_attr is not None and not isinstance(to_attr, Constant)
    )
    return PrefetchValue(path.value, inner, name, opaque)


@models("django.db.transaction.atomic")
def _atomic(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    using = args.get(0, "using")
    alias = using.value if isinstance(using, Constant) and isinstance(using.value, str) else None
    return AtomicValue(alias, is_true(args.keywords.get("durable")))


@models("django.apps.registry.Apps.get_model")
def _get_model(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    parts = args.texts()
    if not parts:
        return UNKNOWN
    label = ".".join(parts) if len(parts) == 2 else parts[0]
    model = frame.project.models.get(label)
    return ClassValue(model.cls) if model is not None else UNKNOWN
