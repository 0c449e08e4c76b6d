"""API views of Django REST framework: classes, viewsets and functions, with what they answer to.

Everything is read through the real class hierarchy. Descriptions rest on outlines; functions that read bodies say
so. None and empty results stand for what is not known, as their docstrings tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.literals import Text, Written, texts
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.resolve import External
from djguide_analyzers.project.rest_framework import (
    Ancestor,
    Attribute,
    Library,
    attribute,
    derives_from,
    dotted_name,
    is_certain,
    library_name,
    lineage,
    meaning,
    readable,
)
from djguide_analyzers.project.serializers import describe_serializer, is_serializer, model_of

SAFE_METHODS = frozenset({"get", "head", "options", "trace"})
HTTP_METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")

ROUTED = {
    "list": ("get", False),
    "create": ("post", False),
    "retrieve": ("get", True),
    "update": ("put", True),
    "partial_update": ("patch", True),
    "destroy": ("delete", True),
}
"""Actions that routers know: HTTP method, and whether they work on one object."""


@dataclass(frozen=True, slots=True)
class Action:
    """What a view answers to.

    Attributes:
        name: Name of the method: ``list``, ``publish``, or an HTTP method in lower case for views without actions.
        methods: HTTP methods in lower case; None when not known.
        detail: Whether it works on one object; None when not known.
        function: The project's own method; None when it is the framework's.
        decorator: The ``@action(...)`` expression; None for the standard actions.
        overrides: The options of ``@action`` by name, such as ``permission_classes``.
    """

    name: str
    methods: tuple[str, ...] | None
    detail: bool | None
    function: FunctionInfo | None = None
    decorator: ir.Expr | None = None
    overrides: dict[str, Written] = field(default_factory=dict)

    @property
    def writes(self) -> bool:
        """Whether it answers to a method that is not safe."""
        return self.methods is not None and not SAFE_METHODS.issuperset(self.methods)


@dataclass(eq=False)
class Endpoint:
    """One class-based API view.

    Attributes:
        line: Its class hierarchy.
        is_viewset, is_generic: Whether it derives from ``ViewSetMixin`` and from ``GenericAPIView``.
        certain: Whether every class of the hierarchy is known.
        actions: What it answers to, limited by ``http_method_names``.
    """

    cls: ClassInfo
    line: tuple[Ancestor, ...]
    is_viewset: bool
    is_generic: bool
    certain: bool
    actions: tuple[Action, ...] = ()

    def option(self, name: str) -> Attribute | None:
        """Where the hierarchy defines a class attribute or method."""
        return attribute(self.line, name)

    def written(self, name: str) -> Written | None:
        """The expression that the project assigns to a class attribute; None when there is none, or not known."""
        found = attribute(self.line, name)
        if found is None or found.expr is None:
            return None
        expr, code, owner = found.expr
        return Written(expr, code, owner)

    def method(self, name: str) -> FunctionInfo | None:
        """The project's own definition of a method; None when it is the framework's, or there is none."""
        found = attribute(self.line, name)
        return found.binding if found is not None and isinstance(found.binding, FunctionInfo) else None

    def is_default(self, name: str) -> bool:
        """Whether an attribute is certainly the framework's own, or absent."""
        found = attribute(self.line, name)
        return found is None or isinstance(found.owner, Library)

    def action(self, name: str) -> Action | None:
        return next((action for action in self.actions if action.name == name), None)

    @property
    def writes(self) -> bool:
        """Whether some action answers to a method that is not safe."""
        return any(action.writes for action in self.actions)


@dataclass(frozen=True, slots=True)
class FunctionEndpoint:
    """A function view: ``@api_view([...])``.

    `decorators` are the framework's decorators on it by bare name, such as ``permission_classes``.
    """

    function: FunctionInfo
    decorator: ir.Expr
    methods: tuple[str, ...] | None
    decorators: dict[str, ir.Expr]

    @property
    def writes(self) -> bool:
        return self.methods is not None and not SAFE_METHODS.issuperset(self.methods)


@dataclass
class _Memory:
    """Descriptions by class. They rest on outlines, so no edit of a body ends them: `modules` stays empty."""

    table: dict[ClassInfo, Endpoint | None] = field(default_factory=dict)
    modules: frozenset[str] = frozenset()


def describe_endpoint(project: Project, cls: ClassInfo) -> Endpoint | None:
    """The description of an API view class; None when `cls` is none. Made once per project."""
    memory = project.summaries.get("endpoints", _Memory, _Memory()).table
    if cls not in memory:
        line = lineage(project.resolver, cls)
        memory[cls] = _describe(project, cls, line) if derives_from(line, "APIView") else None
    return memory[cls]


def endpoints_of(project: Project) -> Iterator[Endpoint]:
    """All API view classes of the project's own modules, base classes and mixins that are views included."""
    for module in project.modules.values():
        for cls in module.classes():
            found = describe_endpoint(project, cls)
            if found is not None:
                yield found


def is_base_class(project: Project, endpoint: Endpoint) -> bool:
    """Whether another view of the project derives from this one."""
    return any(endpoint.cls in other.line for other in endpoints_of(project) if other.cls is not endpoint.cls)


def _describe(project: Project, cls: ClassInfo, line: tuple[Ancestor, ...]) -> Endpoint:
    is_viewset = derives_from(line, "ViewSetMixin")
    found = Endpoint(cls, line, is_viewset, derives_from(line, "GenericAPIView"), is_certain(line))
    allowed = _allowed(project, found)
    actions: list[Action] = []
    if is_viewset:
        for name, (method, detail) in ROUTED.items():
            if (binding := attribute(line, name)) is not None and not isinstance(binding.owner, External):
                actions.append(Action(name, (method,), detail, found.method(name)))
        actions += _extra_actions(project, line)
    else:
        for name in HTTP_METHODS[:5]:
            if (binding := attribute(line, name)) is not None and not isinstance(binding.owner, External):
                actions.append(Action(name, (name,), _is_detail(line, name), found.method(name)))
    found.actions = tuple(limited for action in actions if (limited := _limited(action, allowed)) is not None)
    return found


def _is_detail(line: tuple[Ancestor, ...], name: str) -> bool | None:
    """Whether the handler of an HTTP method works on one object, for generic views."""
    if name in ("put", "patch", "delete"):
        return True if derives_from(line, "GenericAPIView") else None
    if name == "get":
        if derives_from(line, "ListModelMixin"):
            return False
        return True if derives_from(line, "RetrieveModelMixin") else None
    return False if derives_from(line, "CreateModelMixin") else None


def _allowed(project: Project, endpoint: Endpoint) -> frozenset[str] | None:
    """The methods of ``http_method_names``; None when it does not limit them."""
    written = endpoint.written("http_method_names")
    listed = texts(project.resolver, written) if written is not None else None
    return None if listed is None else frozenset(text.value.lower() for text in listed)


def _limited(action: Action, allowed: frozenset[str] | None) -> Action | None:
    if allowed is None or action.methods is None:
        return action
    methods = tuple(method for method in action.methods if method in allowed)
    if not methods:
        return None
    return Action(action.name, methods, action.detail, action.function, action.decorator, action.overrides)


def _extra_actions(project: Project, line: tuple[Ancestor, ...]) -> Iterator[Action]:
    """Methods with ``@action``, those of base classes included unless they are overridden."""
    seen: set[str] = set(ROUTED)
    for cls in readable(line):
        for name, bindings in cls.members.names.items():
            if name in seen:
                continue
            seen.add(name)
            info = bindings[-1]
            if isinstance(info, FunctionInfo) and (found := action_of(project, info)) is not None:
                yield found


def action_of(project: Project, info: FunctionInfo) -> Action | None:
    """The extra action that a method's decorator makes it; None when there is none."""
    for decorator in info.node.decorators:
        call = decorator if isinstance(decorator, ir.Call) else None
        name = library_name(
            dotted_name(project.resolver, info.code, call.func if call else decorator, info.owner)
        )
        if name not in ("action", "detail_route", "list_route") or call is None:
            continue
        owner = info.owner
        overrides = {k.name: Written(k.value, info.code, owner) for k in call.keywords if k.name is not None}
        methods = _methods(project, call.args[0] if call.args else None, overrides, info)
        detail = overrides.get("detail")
        fixed = detail.node.value if detail is not None and isinstance(detail.node, ir.Const) else None
        is_detail = (
            fixed if isinstance(fixed, bool) else {"detail_route": True, "list_route": False}.get(name)
        )
        return Action(info.name, methods, is_detail, info, decorator, overrides)
    return None


def _methods(
    project: Project, positional: ir.Expr | None, overrides: dict[str, Written], info: FunctionInfo
) -> tuple[str, ...] | None:
    written = (
        Written(positional, info.code, info.owner) if positional is not None else overrides.get("methods")
    )
    if written is None or (isinstance(written.node, ir.Const) and written.node.value is None):
        return ("get",)
    listed = texts(project.resolver, written)
    return None if listed is None else tuple(text.value.lower() for text in listed)


# --- function views --------------------------------------------------------------------------------------


def describe_function(project: Project, info: FunctionInfo) -> FunctionEndpoint | None:
    """The function view that ``@api_view`` makes of `info`; None when it has no such decorator."""
    found: FunctionEndpoint | None = None
    others: dict[str, ir.Expr] = {}
    for decorator in info.node.decorators:
        call = decorator if isinstance(decorator, ir.Call) else None
        name = library_name(dotted_name(project.resolver, info.code, call.func if call else decorator))
        if name == "api_view":
            listed = _view_methods(project, call, info)
            found = FunctionEndpoint(info, decorator, listed, others)
        elif name is not None and call is not None:
            others[name] = call
    return found


def _view_methods(project: Project, call: ir.Call | None, info: FunctionInfo) -> tuple[str, ...] | None:
    node = None if call is None else call.args[0] if call.args else call.keyword("http_method_names")
    if node is None:
        return ("get",)
    listed = texts(project.resolver, Written(node, info.code))
    return None if listed is None else tuple(text.value.lower() for text in listed)


# --- querysets -------------------------------------------------------------------------------------------


def queryset_model(project: Project, written: Written) -> Model | None:
    """The model of a queryset expression, found at the start of its chain of calls."""
    node = written.node
    while True:
        if isinstance(node, ir.Call):
            node = node.func
        elif isinstance(node, ir.Attr):
            model = model_of(project, Written(node, written.code, written.owner))
            if model is not None:
                return None if node is written.node else model
            node = node.value
        elif isinstance(node, ir.Subscript):
            node = node.value
        else:
            break
    if not isinstance(node, ir.Name) or node is written.node:
        return None
    return model_of(project, Written(node, written.code, written.owner))


def returned(info: FunctionInfo) -> Iterator[tuple[ir.Return, Code]]:
    """The return statements of a function. Reads its body."""
    for node in walk(info.statements):
        if isinstance(node, ir.Return):
            yield node, info.body_code


def view_model(project: Project, endpoint: Endpoint) -> Model | None:
    """The model that a generic view is about: of its queryset, else of its serializers. Reads bodies."""
    get_queryset = endpoint.method("get_queryset")
    if get_queryset is not None:
        models = {
            model
            for node, code in returned(get_queryset)
            if node.value is not None
            and (model := queryset_model(project, Written(node.value, code, get_queryset.owner))) is not None
        }
        if len(models) == 1:
            return models.pop()
    written = endpoint.written("queryset")
    if written is not None and (model := queryset_model(project, written)) is not None:
        return model
    described = [describe_serializer(project, cls) for cls in view_serializers(project, endpoint)[0]]
    models = {each.model for each in described if each is not None and each.model is not None}
    return models.pop() if len(models) == 1 else None


# --- serializers -----------------------------------------------------------------------------------------


def view_serializers(project: Project, endpoint: Endpoint) -> tuple[list[ClassInfo], bool]:
    """The serializer classes that a generic view may use, and whether these are all. Reads bodies."""
    found: dict[ClassInfo, None] = {}
    certain = True
    chooser = endpoint.method("get_serializer_class")
    if chooser is None and not endpoint.is_default("get_serializer_class"):
        certain = False
    written = endpoint.written("serializer_class")
    if written is not None:
        symbol = meaning(project.resolver, written.code, written.node, written.owner)
        if isinstance(symbol, ClassInfo):
            found[symbol] = None
        else:
            certain = False
    for action in endpoint.actions:
        override = action.overrides.get("serializer_class")
        if override is not None:
            symbol = meaning(project.resolver, override.code, override.node, override.owner)
            if isinstance(symbol, ClassInfo):
                found[symbol] = None
    if chooser is not None:
        for cls in classes_named(project, chooser):
            if is_serializer(project, cls):
                found[cls] = None
        certain = False
    return list(found), certain


def classes_named(project: Project, info: FunctionInfo) -> Iterator[ClassInfo]:
    """The classes that a function's body names. Reads it."""
    for node in walk(info.statements):
        if isinstance(node, (ir.Name, ir.Attr)):
            symbol = project.resolver.expr(info.body_code, node)
            if isinstance(symbol, ClassInfo):
                yield symbol


def option_texts(project: Project, endpoint: Endpoint, name: str) -> list[Text] | None:
    """The texts of a list option such as ``search_fields``; None when absent or not known."""
    written = endpoint.written(name)
    return texts(project.resolver, written) if written is not None else None
