"""Parameters: binding a caller's values, and what annotations and conventions say about the others."""

from __future__ import annotations

import re

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.project.resolve import External, Symbol
from djguide_analyzers.project.serializers import describe_serializer
from djguide_analyzers.trace import attributes, calls, roles, shapes
from djguide_analyzers.trace.arguments import Arguments
from djguide_analyzers.trace.decorators import decorator_names
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.frameworks import saving
from djguide_analyzers.trace.values import (
    SCALAR,
    UNKNOWN,
    AbstractValue,
    ClassValue,
    ManagerValue,
    Mapping,
    ObjectValue,
    Query,
    QuerySetValue,
    RequestValue,
    Row,
    RowRoot,
    Sequence,
)

_FORM_VIEW = "django.views.generic.edit.FormMixin"
_CREATE_VIEW = "django.views.generic.edit.BaseCreateView"
_REQUESTS = frozenset(
    {
        "django.http.request.HttpRequest",
        "django.core.handlers.wsgi.WSGIRequest",
        "django.core.handlers.asgi.ASGIRequest",
        "rest_framework.request.Request",
    }
)
_COLLECTIONS = frozenset({"list", "set", "tuple", "frozenset", "List", "Set", "Tuple", "Iterable", "Sequence",
                          "Collection", "Iterator", "Generator"})  # fmt: skip
_SCALARS = frozenset(
    {"int", "str", "bool", "float", "bytes", "Decimal", "datetime", "date", "UUID", "timedelta"}
)


def bind_parameters(
    frame: Frame,
    info: FunctionInfo,
    positional: list[AbstractValue],
    keywords: dict[str, AbstractValue],
    *,
    explore: bool = False,
) -> None:
    """Bind the parameters of `info` in `frame`. With `explore`, nothing is known of the caller."""
    rest = list(positional)
    remaining = dict(keywords)
    for param in info.node.params.items:
        if param.kind == "*":
            frame.env[param.name] = Sequence(UNKNOWN, tuple(rest) if rest and not explore else None)
            rest = []
        elif param.kind == "**":
            frame.env[param.name] = Mapping(tuple(remaining.items()))
        else:
            frame.env[param.name] = _parameter(frame, info, param, rest, remaining, explore)


def _parameter(
    frame: Frame,
    info: FunctionInfo,
    param: ir.Param,
    rest: list[AbstractValue],
    remaining: dict[str, AbstractValue],
    explore: bool,
) -> AbstractValue:
    if rest and param.kind in ("pos", "any"):
        value = rest.pop(0)
    elif param.name in remaining:
        value = remaining.pop(param.name)
    elif param.default is not None and not explore:
        value = calls.evaluate_elsewhere(frame, param.default, info.code, info.owner)
    else:
        value = UNKNOWN
    if value is UNKNOWN and param.annotation is not None:
        value = annotated(frame, param.annotation, info.code)
    if value is UNKNOWN and param.name == "request":
        value = RequestValue()
    if value is UNKNOWN and (label := _updated(frame, info, param.name)) is not None:
        value = some_row(frame, label)
    if value is UNKNOWN and (label := roles.label_of(frame.project, info, param.name)) is not None:
        value = some_row(frame, label)
    if value is UNKNOWN:
        value = roles.rows_of(frame, info, param.name)
    if value is UNKNOWN:
        value = _form_of_view(frame, info, param.name)
    if value is UNKNOWN and (label := shapes.model_by_use(frame.project, info, param.name)) is not None:
        value = some_row(frame, label)
    return value


def _form_of_view(frame: Frame, info: FunctionInfo, name: str) -> AbstractValue:
    """The form that a generic view hands to its own ``form_valid(form)``."""
    if info.owner is None or name != "form" or info.name not in ("form_valid", "form_invalid"):
        return UNKNOWN
    resolver = frame.project.resolver
    declared = attributes.declared_attribute(frame, info.owner, "form_class")
    if not isinstance(declared, ClassValue) or not resolver.is_subclass(info.owner, _FORM_VIEW):
        return UNKNOWN
    form = ObjectValue(declared.cls, frame.run.new_identity())
    creates = resolver.is_subclass(info.owner, _CREATE_VIEW)
    saving.note_form(frame, form, Arguments(keywords={} if creates else {"instance": UNKNOWN}))
    return form


def _updated(frame: Frame, info: FunctionInfo, name: str) -> str | None:
    """Label of the model whose row parameter `name` of a serializer's ``update()`` is."""
    params = info.node.params.items
    if info.owner is None or info.name != "update" or len(params) != 3 or params[1].name != name:
        return None
    described = describe_serializer(frame.project, info.owner)
    return described.model.label if described is not None and described.model is not None else None


def receiver_of(frame: Frame, info: FunctionInfo) -> AbstractValue:
    """What ``self`` or ``cls`` is in a method looked at by itself."""
    cls = info.owner
    if cls is None:
        return UNKNOWN
    project = frame.project
    names = decorator_names(project, info)
    if "builtins.staticmethod" in names:
        return UNKNOWN
    if "builtins.classmethod" in names:
        return ClassValue(cls)
    model = project.graph.of_class(cls)
    if model is not None:
        return some_row(frame, model.label)
    resolver = project.resolver
    if resolver.is_subclass(cls, attributes.MODEL):
        return UNKNOWN  # an abstract model stands for several
    if resolver.is_subclass(cls, attributes.QUERYSET, attributes.MANAGER):
        return _of_some_model(frame, cls)
    return ObjectValue(cls, frame.run.new_identity())


def _of_some_model(frame: Frame, cls: ClassInfo) -> AbstractValue:
    """``self`` in a method of a queryset or manager class: of which model is known when only one uses the class.

    Nothing is known of what it has loaded.
    """
    users = [
        (model, info)
        for model in frame.project.graph
        for info in model.managers.values()
        if cls in (info.cls, info.queryset_cls)
    ]
    if len({model.label for model, _ in users}) != 1:
        return UNKNOWN
    model, info = users[0]
    if info.cls is cls:
        return ManagerValue(model.label, info, None)
    return QuerySetValue(Query(model.label, opaque=True, cls=cls), frame.run.new_identity())


def some_row(frame: Frame, label: str) -> Row:
    """An instance from outside: nothing is known of how it was loaded."""
    return Row(label, RowRoot(frame.run.new_identity(), None, False), (), provenance_known=False)


def annotated(frame: Frame, annotation: ir.Expr, code: Code) -> AbstractValue:
    """What an annotation says of a value."""
    match annotation:
        case ir.Const(value=str() as text):
            parsed = _parse_name(text)
            return annotated(frame, parsed, code) if parsed is not None else UNKNOWN
        case ir.Const(value=None):
            return UNKNOWN
        case ir.Binary(op="|", left=left, right=right):
            return _either(annotated(frame, left, code), annotated(frame, right, code), left, right)
        case ir.Subscript(value=container, index=index):
            return _parametrised(frame, container, index, code)
        case ir.Name() | ir.Attr():
            return _named(frame, annotation, code)
        case _:
            return UNKNOWN


def _either(
    left: AbstractValue, right: AbstractValue, left_node: ir.Expr, right_node: ir.Expr
) -> AbstractValue:
    """``X | None`` is X; any other union is not followed."""
    if isinstance(right_node, ir.Const) and right_node.value is None:
        return left
    if isinstance(left_node, ir.Const) and left_node.value is None:
        return right
    return UNKNOWN


def _named(frame: Frame, annotation: ir.Expr, code: Code) -> AbstractValue:
    symbol = frame.project.resolver.expr(code, annotation)
    if isinstance(symbol, ClassInfo):
        model = frame.project.graph.of_class(symbol)
        if model is not None:
            return some_row(frame, model.label)
        if symbol.dotted in _REQUESTS:
            return RequestValue()
        return UNKNOWN
    if isinstance(symbol, External) and symbol.dotted in _REQUESTS:
        return RequestValue()
    if _last(annotation, symbol) in _SCALARS:
        return SCALAR
    return UNKNOWN


def _parametrised(frame: Frame, container: ir.Expr, index: ir.Expr, code: Code) -> AbstractValue:
    name = _last(container, frame.project.resolver.expr(code, container))
    if isinstance(index, ir.Display):
        if name == "Annotated" and index.items:
            return annotated(frame, index.items[0], code)
        index = index.items[0] if index.items else index
    inner = annotated(frame, index, code)
    if name == "Optional":
        return inner
    if not isinstance(inner, Row):
        return UNKNOWN
    if name == "QuerySet":
        return QuerySetValue(Query(inner.model, opaque=True), frame.run.new_identity())
    if name in ("Manager", "RelatedManager"):
        return ManagerValue(inner.model, None, None)
    if name in _COLLECTIONS:
        root = RowRoot(frame.run.new_identity(), Query(inner.model, opaque=True), True)
        return Sequence(Row(inner.model, root, (), provenance_known=False))
    return UNKNOWN


def _last(node: ir.Expr, symbol: Symbol | None) -> str:
    if symbol is not None:
        return symbol.dotted.rpartition(".")[2]
    return node.id if isinstance(node, ir.Name) else node.name if isinstance(node, ir.Attr) else ""


_PARAMETRISED = re.compile(r"([\w.]+)\[([\w.]+)\]")


def _parse_name(text: str) -> ir.Expr | None:
    """A quoted annotation: a dotted name, one with a parameter, either of them or None."""
    options = [part.strip() for part in text.split("|")]
    named = [part for part in options if part != "None"]
    if len(named) != 1:
        return None
    if match := _PARAMETRISED.fullmatch(named[0]):
        container, parameter = _dotted(match[1]), _dotted(match[2])
        return ir.Subscript(0, container, parameter) if container and parameter else None
    return _dotted(named[0])


def _dotted(text: str) -> ir.Expr | None:
    parts = text.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    node: ir.Expr = ir.Name(0, parts[0])
    for part in parts[1:]:
        node = ir.Attr(0, node, part)
    return node
