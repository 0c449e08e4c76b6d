"""Django's generic views: their querysets, what they put into the context, and their templates."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.trace import attributes, calls, querysets
from djguide_analyzers.trace.arguments import Arguments
from djguide_analyzers.trace.decorators import decorator_names
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.frameworks.django_rendering import render_with
from djguide_analyzers.trace.frameworks.registry import models
from djguide_analyzers.trace.values import (
    NONE,
    SCALAR,
    UNKNOWN,
    AbstractValue,
    BoundMethod,
    ClassValue,
    Constant,
    ManagerValue,
    Mapping,
    ObjectValue,
    Page,
    Paginator,
    QuerySetValue,
    RequestValue,
    Row,
    Sequence,
)

_VIEWS = "django.views.generic."
TEMPLATE_VIEW = _VIEWS + "base.TemplateResponseMixin"
LIST = _VIEWS + "list.MultipleObjectMixin"
DETAIL = _VIEWS + "detail.SingleObjectMixin"
FORM = _VIEWS + "edit.FormMixin"
_CONTEXT_DECORATOR = "django_context_decorator.context"
_SUFFIXES = {
    _VIEWS + "list.MultipleObjectTemplateResponseMixin": "_list",
    _VIEWS + "edit.CreateView": "_form",
    _VIEWS + "edit.UpdateView": "_form",
    _VIEWS + "edit.DeleteView": "_confirm_delete",
    _VIEWS + "detail.SingleObjectTemplateResponseMixin": "_detail",
}
"""Ends of default template names by view class, the more special ones first."""


@models(LIST + ".get_queryset", DETAIL + ".get_queryset")
def _view_queryset(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    """The view's ``queryset``, or all rows of its ``model``."""
    view = args.first
    if not isinstance(view, ObjectValue):
        return UNKNOWN
    declared = attributes.declared_attribute(frame, view.cls, "queryset")
    if isinstance(declared, (QuerySetValue, ManagerValue)):
        queryset = querysets.as_queryset(frame, declared)
        return UNKNOWN if queryset is None else QuerySetValue(queryset.query, frame.run.new_identity())
    model = _declared_model(frame, view.cls)
    if model is None:
        return UNKNOWN
    manager = ManagerValue(model.label, model.managers.get(model.default_manager), None)
    return querysets.as_queryset(frame, manager) or UNKNOWN


def _declared_model(frame: Frame, cls: ClassInfo) -> Model | None:
    model = attributes.declared_attribute(frame, cls, "model")
    return frame.project.graph.of_class(model.cls) if isinstance(model, ClassValue) else None


@models(DETAIL + ".get_object")
def _view_object(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    """One row of the given queryset, or of the view's own."""
    view = args.first
    if not isinstance(view, ObjectValue):
        return UNKNOWN
    given = args.get(1, "queryset")
    queryset = given if isinstance(given, QuerySetValue) else _call(frame, node, view, "get_queryset")
    if not isinstance(queryset, QuerySetValue):
        return UNKNOWN
    querysets.run_query(frame, queryset, "get", node)
    return querysets.one_row(frame, queryset)


def _call(frame: Frame, node: ir.Call, view: ObjectValue, name: str, *given: AbstractValue) -> AbstractValue:
    """What the view's method `name` returns."""
    method = attributes.get_attribute(frame, ir.Attr(node.at, node, name), view)
    return calls.apply(frame, node, method, Arguments(list(given)))


# --- context ---------------------------------------------------------------------------------------------


@models(
    _VIEWS + "base.ContextMixin.get_context_data",
    LIST + ".get_context_data",
    DETAIL + ".get_context_data",
    FORM + ".get_context_data",
)
def _context(frame: Frame, node: ir.Call, args: Arguments) -> AbstractValue:
    """The context that Django's own classes make, wherever the project's call of ``super()`` enters them."""
    view = args.first
    if not isinstance(view, ObjectValue):
        return UNKNOWN
    entries: dict[str, AbstractValue] = {"view": view}
    extra = attributes.declared_attribute(frame, view.cls, "extra_context")
    if isinstance(extra, Mapping):
        entries |= {name: value for name, value in extra.entries if isinstance(name, str)}
    resolver = frame.project.resolver
    if resolver.is_subclass(view.cls, LIST):
        entries |= _list_context(frame, node, view, args)
    elif resolver.is_subclass(view.cls, DETAIL):
        entries |= _object_context(frame, node, view)
    if resolver.is_subclass(view.cls, FORM):
        form = attributes.declared_attribute(frame, view.cls, "form_class")
        if isinstance(form, ClassValue):
            entries["form"] = ObjectValue(form.cls, frame.run.new_identity())
    entries |= args.keywords
    return Mapping(tuple((_decorated_context(frame, node, view) | entries).items()))


def _decorated_context(frame: Frame, node: ir.Call, view: ObjectValue) -> dict[str, AbstractValue]:
    """What the view's methods and properties decorated by django-context-decorator add."""
    entries: dict[str, AbstractValue] = {}
    for cls in frame.project.resolver.mro(view.cls):
        for info in cls.methods() if isinstance(cls, ClassInfo) else ():
            if _CONTEXT_DECORATOR in decorator_names(frame.project, info) and info.name not in entries:
                value = attributes.get_attribute(frame, ir.Attr(node.at, node, info.name), view)
                is_method = isinstance(value, BoundMethod)
                entries[info.name] = calls.apply(frame, node, value, Arguments()) if is_method else value
    return entries


def _list_context(
    frame: Frame, node: ir.Call, view: ObjectValue, args: Arguments
) -> dict[str, AbstractValue]:
    items = args.keywords.get("object_list") or frame.run.get_loaded(view, "object_list")
    if items is None or items == NONE:
        items = _call(frame, node, view, "get_queryset")
    size = attributes.get_attribute(frame, ir.Attr(node.at, node, "paginate_by"), view)
    entries: dict[str, AbstractValue] = {}
    if size not in (NONE, UNKNOWN):
        page = Page(querysets.part_of(frame, items))
        entries = {"page_obj": page, "paginator": Paginator(items), "is_paginated": SCALAR}
        items = page.items
    entries["object_list"] = items
    name = attributes.declared_attribute(frame, view.cls, "context_object_name")
    if isinstance(name, Constant) and isinstance(name.value, str):
        entries[name.value] = items
    elif isinstance(items, QuerySetValue):
        entries[_model_name(items.query.model) + "_list"] = items
    return entries


def _object_context(frame: Frame, node: ir.Call, view: ObjectValue) -> dict[str, AbstractValue]:
    row = frame.run.get_loaded(view, "object")
    if row is None:
        row = _call(frame, node, view, "get_object")
    entries = {"object": row}
    name = attributes.declared_attribute(frame, view.cls, "context_object_name")
    if isinstance(name, Constant) and isinstance(name.value, str):
        entries[name.value] = row
    elif isinstance(row, Row):
        entries[_model_name(row.model)] = row
    return entries


def _model_name(label: str) -> str:
    return label.rpartition(".")[2].lower()


# --- templates -------------------------------------------------------------------------------------------


def is_template_view(frame: Frame, cls: ClassInfo) -> bool:
    """Whether `cls` is a view that renders a template by Django's own ``get``."""
    resolver = frame.project.resolver
    if not resolver.is_subclass(cls, TEMPLATE_VIEW) or not resolver.is_subclass(cls, _VIEWS + "base.View"):
        return False
    found = resolver.class_attribute(cls, "get")
    return found is not None and isinstance(found[1], FunctionInfo) and found[0].dotted.startswith(_VIEWS)


def show(frame: Frame, view: ObjectValue) -> None:
    """What answering a GET request does: the context is made, and the template rendered with it."""
    place = ir.Call(view.cls.node.at, ir.Opaque(view.cls.node.at), [], [])
    resolver = frame.project.resolver
    frame.run.set_loaded(view, "request", RequestValue())
    if resolver.is_subclass(view.cls, LIST):
        frame.run.set_loaded(view, "object_list", _call(frame, place, view, "get_queryset"))
    elif resolver.is_subclass(view.cls, DETAIL):
        creates = resolver.is_subclass(view.cls, _VIEWS + "edit.BaseCreateView")
        frame.run.set_loaded(view, "object", NONE if creates else _call(frame, place, view, "get_object"))
    context = _call(frame, place, view, "get_context_data")
    render_with(frame, _template_name(frame, view, context), context, RequestValue())


def _template_name(frame: Frame, view: ObjectValue, context: AbstractValue) -> AbstractValue:
    found = frame.project.resolver.class_attribute(view.cls, "get_template_names")
    if found is None or not found[0].dotted.startswith(_VIEWS):
        return UNKNOWN  # the project's own choice
    declared = attributes.declared_attribute(frame, view.cls, "template_name")
    if isinstance(declared, Constant) and isinstance(declared.value, str):
        return declared
    model = _shown_model(frame, view, context)
    suffix = attributes.declared_attribute(frame, view.cls, "template_name_suffix")
    if model is None:
        return UNKNOWN
    app, _, name = model.lower().partition(".")
    if isinstance(suffix, Constant) and isinstance(suffix.value, str):
        return Constant(f"{app}/{name}{suffix.value}.html")
    for base, ending in _SUFFIXES.items():
        if frame.project.resolver.is_subclass(view.cls, base):
            return Constant(f"{app}/{name}{ending}.html")
    return UNKNOWN


def _shown_model(frame: Frame, view: ObjectValue, context: AbstractValue) -> str | None:
    if isinstance(context, Mapping):
        for name in ("object_list", "object"):
            match context.get(name):
                case QuerySetValue(query=query):
                    return query.model
                case Row(model=label):
                    return label
                case Sequence(element=Row(model=label)):
                    return label
                case _:
                    pass
    model = _declared_model(frame, view.cls)
    return model.label if model is not None else None
