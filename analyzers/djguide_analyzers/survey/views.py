"""What answers requests: routes, access, templates and their variables, and what a GET request costs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from django.contrib.admindocs.utils import replace_named_groups

from djguide_analyzers.assist.routes import Route, routes_of
from djguide_analyzers.facts import ir
from djguide_analyzers.project.endpoint_permissions import function_permissions, view_permissions
from djguide_analyzers.project.endpoints import (
    Endpoint,
    describe_endpoint,
    describe_function,
    is_base_class,
    view_model,
    view_serializers,
)
from djguide_analyzers.project.literals import Written, texts
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo, Module
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.resolve import ValueRef
from djguide_analyzers.rules.access import VIEW
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.survey.access import of_class, of_endpoint, of_function
from djguide_analyzers.survey.apps import app_of
from djguide_analyzers.survey.components import spot_of
from djguide_analyzers.survey.costs import cost_of, together
from djguide_analyzers.survey.values import Cost, Spot, Template, View
from djguide_analyzers.trace.tracer import Trace, trace_class, trace_function
from djguide_analyzers.trace.values import (
    AbstractValue,
    ManagerValue,
    Mapping,
    ObjectValue,
    Page,
    Paginator,
    QuerySetValue,
    Row,
    Sequence,
)

Step = Callable[[int, int], None]
"""Called with how many views are described and how many there are."""

_ANCHORS = re.compile(r"/+\^?|^\^")
"""What stands before each part of a path that is made of regular expressions."""
_CARETS = re.compile(r"(?<!\[)\^")
"""Beginnings of included patterns; in brackets it means what must not stand there."""
_ESCAPED = re.compile(r"\\([^\w\s])")
_MAX_WRAPPED = 6
_READING = ("list", "get", "retrieve")
"""Methods of API views that answer GET requests, the first that there is counts."""
_METHODS: dict[str, tuple[str, ...]] = {
    "django.views.decorators.http.require_POST": ("POST",),
    "django.views.decorators.http.require_GET": ("GET",),
    "django.views.decorators.http.require_safe": ("GET", "HEAD"),
}


def views_of(files: list[FileContext], step: Step = lambda done, total: None) -> list[View]:
    """The views of one project: those that URLs lead to, and class-based ones that nothing derives from."""
    if not files:
        return []
    project = files[0].project
    by_module = {file.module: file for file in files}
    found = _found(project, by_module)
    result: list[View] = []
    for number, (target, reached) in enumerate(found.items()):
        step(number, len(found))
        file = by_module[target.module]
        if isinstance(target, FunctionInfo):
            result.append(_function(file, target, reached))
        elif (endpoint := describe_endpoint(project, target)) is not None:
            result.append(_endpoint(file, endpoint, reached))
        else:
            result.append(_class(file, target, reached))
    return sorted(result, key=lambda view: (view.app, view.spot))


# --- finding them ----------------------------------------------------------------------------------------


@dataclass
class Reached:
    """How requests get to a view: its routes, and the decorators that URL patterns put around it."""

    routes: list[tuple[str, str | None]] = field(default_factory=list)
    around: list[tuple[str, ir.Expr]] = field(default_factory=list)


def _found(project: Project, files: dict[Module, FileContext]) -> dict[ClassInfo | FunctionInfo, Reached]:
    found: dict[ClassInfo | FunctionInfo, Reached] = {}
    for route in routes_of(project):
        around: list[tuple[str, ir.Expr]] = []
        target = _target(project, route, around)
        if target is not None and target.module in files:
            reached = found.setdefault(target, Reached())
            reached.around += around
            path = _readable(route.path)
            if (path, route.name) not in reached.routes:
                reached.routes.append((path, route.name))
    bases = {
        base for file in files.values() for cls in file.classes() for base in project.resolver.mro(cls)[1:]
    }
    for file in files.values():
        for cls in file.classes():
            endpoint = describe_endpoint(project, cls)
            if endpoint is not None:
                wanted = not is_base_class(project, endpoint)
            else:
                wanted = (
                    project.resolver.is_subclass(cls, VIEW) and cls not in bases and "Mixin" not in cls.name
                )
            if wanted:
                found.setdefault(cls, Reached())
        for info in file.module.functions():
            if info.owner is None and describe_function(project, info) is not None:
                found.setdefault(info, Reached())
    return found


def _readable(path: str) -> str:
    """A path without what regular expressions need: ``/(?P<order>[A-Z]+)/$`` is ``/<order>/``."""
    plain = _ANCHORS.sub("/", replace_named_groups(path)).removesuffix("$")
    return _ESCAPED.sub(r"\1", _CARETS.sub("", plain))


def _target(
    project: Project, route: Route, around: list[tuple[str, ir.Expr]]
) -> ClassInfo | FunctionInfo | None:
    """The project's own class or function behind a route; decorators around it go to `around`."""
    if route.endpoint is not None:
        return route.endpoint
    written = route.view
    for _ in range(_MAX_WRAPPED):
        if written is None:
            return None
        node = written.node
        if isinstance(node, ir.Call):
            if isinstance(node.func, ir.Attr) and node.func.name == "as_view":
                node = node.func.value
            elif node.args:
                decorator = project.resolver.expr(written.code, node.func)
                if decorator is not None:
                    around.append((decorator.dotted, node.func))
                written = Written(node.args[0], written.code, written.owner)
                continue
            else:
                return None
        symbol = project.resolver.expr(written.code, node)
        if isinstance(symbol, ValueRef) and symbol.value.expr is not None:
            written = Written(symbol.value.expr, symbol.value.code, symbol.owner)
            continue
        return symbol if isinstance(symbol, (ClassInfo, FunctionInfo)) else None
    return None


# --- describing them -------------------------------------------------------------------------------------


def _function(file: FileContext, info: FunctionInfo, reached: Reached) -> View:
    described = describe_function(file.project, info)
    trace = trace_function(file.project, info)
    if described is not None:
        methods = _upper(described.methods)
        access = of_endpoint(function_permissions(file.project, described))
        return _view(file, info, "api", reached, [trace], methods=methods, access=access)
    methods, access = _required_methods(file, info), of_function(file, info, reached.around)
    return _view(file, info, "function", reached, [trace], methods=methods, access=access)


def _required_methods(file: FileContext, info: FunctionInfo) -> tuple[str, ...]:
    for node in info.node.decorators:
        dotted = file.resolve(info.code, node.func if isinstance(node, ir.Call) else node)
        if dotted in _METHODS:
            return _METHODS[dotted]
        if dotted == "django.views.decorators.http.require_http_methods" and isinstance(node, ir.Call):
            listed = texts(file.project.resolver, Written(node.args[0], info.code)) if node.args else None
            return tuple(text.value for text in listed or ())
    return ()


def _class(file: FileContext, cls: ClassInfo, reached: Reached) -> View:
    project = file.project
    trace = trace_class(project, cls)
    traces = [trace] if trace is not None else _methods(project, cls, ("get",))
    methods = tuple(
        name.upper()
        for name in ("get", "post", "put", "patch", "delete")
        if project.resolver.class_attribute(cls, name) is not None
    )
    access = of_class(file, cls, reached.around)
    return _view(file, cls, "class", reached, traces, methods=methods, access=access)


def _endpoint(file: FileContext, endpoint: Endpoint, reached: Reached) -> View:
    project = file.project
    trace = trace_class(project, endpoint.cls)
    traces = [trace] if trace is not None else _methods(project, endpoint.cls, _READING)[:1]
    serializers, _ = view_serializers(project, endpoint)
    model = view_model(project, endpoint)
    methods = dict.fromkeys(method for action in endpoint.actions for method in _upper(action.methods))
    return _view(
        file,
        endpoint.cls,
        "api",
        reached,
        traces,
        methods=tuple(methods),
        serializers=tuple(dict.fromkeys(cls.name for cls in serializers)),
        model=model.label if model is not None else None,
        access=of_endpoint(view_permissions(project, endpoint)),
    )


def _upper(methods: tuple[str, ...] | None) -> tuple[str, ...]:
    return tuple(method.upper() for method in methods or ())


def _methods(project: Project, cls: ClassInfo, names: tuple[str, ...]) -> list[Trace]:
    """What the project's own methods of a class do."""
    found = (project.resolver.class_attribute(cls, name) for name in names)
    own = [entry[1] for entry in found if entry is not None]
    return [
        trace_function(project, info)
        for info in own
        if isinstance(info, FunctionInfo) and info.module.origin == "project"
    ]


def _view(
    file: FileContext,
    target: ClassInfo | FunctionInfo,
    kind: Literal["function", "class", "api"],
    reached: Reached,
    traces: list[Trace],
    *,
    methods: tuple[str, ...],
    access: str | None,
    serializers: tuple[str, ...] = (),
    model: str | None = None,
) -> View:
    templates = [template for trace in traces for template in _templates(trace)]
    return View(
        target.qualname,
        kind,
        app_of(file.project, target.module.name),
        spot_of(target),
        tuple(reached.routes),
        methods,
        serializers,
        model,
        access,
        _cost(traces),
        tuple(templates),
    )


def _cost(traces: list[Trace]) -> Cost | None:
    if not traces:
        return None
    total, *others = map(cost_of, traces)
    for other in others:
        total = together(total, other)
    return total


# --- templates -------------------------------------------------------------------------------------------


def _templates(trace: Trace) -> Iterator[Template]:
    seen: set[str] = set()
    for source, given in trace.rendered:
        if source.path not in seen:
            seen.add(source.path)
            variables = [
                (name, told(value))
                for name, value in given.entries
                if isinstance(name, str) and name != "view"
            ]
            yield Template(source.name, Spot(source.path, 0), tuple(variables))


def told(value: AbstractValue) -> str:
    """What a value is, in a word or two; empty for what nobody needs to know, or nobody knows."""
    match value:
        case QuerySetValue(query=query):
            return f"queryset of {query.model}"
        case ManagerValue(model=model):
            return f"manager of {model}"
        case Row(model=model):
            return model
        case Page(items=items) | Paginator(items=items):
            inner = told(items)
            kind = "page" if isinstance(value, Page) else "paginator"
            return f"{kind} of {inner.removeprefix('queryset of ')}" if inner else kind
        case Sequence(element=element) if inner := told(element):
            return f"list of {inner}"
        case ObjectValue(cls=cls):
            return cls.name
        case Mapping():
            return "mapping"
    return ""
