"""Who has a serializer store what it was given: views of Django REST framework, and code that does it itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Value
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.atomicity import Regions, regions_of
from djguide_analyzers.rules.bodies import Body, is_super
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.mentions import Mention, mentions_in
from djguide_analyzers.rules.view_hooks import descendants, is_atomic_before, is_view

Method = Literal["create", "update"]
_HOOKS: dict[Method, str] = {"create": "perform_create", "update": "perform_update"}
_OFFERED: dict[Method, tuple[str, ...]] = {
    "create": ("CreateModelMixin", "CreateAPIView", "ListCreateAPIView", "ModelViewSet"),
    "update": ("UpdateModelMixin", "UpdateAPIView", "RetrieveUpdateAPIView", "RetrieveUpdateDestroyAPIView",
               "ModelViewSet"),
}  # fmt: skip
"""Classes of the framework whose views create or update rows."""


@dataclass(frozen=True, slots=True)
class SerializerSaves:
    """Who calls ``create()`` or ``update()`` of a serializer.

    Attributes:
        by_views: For each view that does, whether it opens a transaction around it; None where that cannot be told.
        calls: Calls on instances of the class.
        is_handed_on: Whether the class, or an instance, is given away, or used by a view that is not seen to save.
    """

    by_views: list[bool | None]
    calls: list[Mention]
    is_handed_on: bool


def serializer_saves(file: FileContext, info: FunctionInfo, cls: ClassInfo) -> SerializerSaves:
    """What calls method `info` (``create()`` or ``update()``) of the serializer class `cls`, framework included."""
    method: Method = "create" if info.name == "create" else "update"
    heirs, others = _heirs(file.project, info, cls)
    users = _users(file, heirs)
    by_views = [inside for view in users for inside in _by_view(file.project, view, cls, method)]
    found = [_calls(file, heir, method) for heir in heirs]
    calls = list(dict.fromkeys(call for made, _ in found for call in made))
    unseen = bool(users) and not by_views and not calls
    return SerializerSaves(by_views, calls, others or unseen or any(given for _, given in found))


def _heirs(project: Project, info: FunctionInfo, cls: ClassInfo) -> tuple[list[ClassInfo], bool]:
    """The classes whose instances have method `info`, `cls` first; and whether others override it.

    These may call it from their own, which is a call like any other.
    """
    found = [cls]
    others = False
    for heir in project.once(descendants).get(cls, ()):
        attribute = project.resolver.class_attribute(heir, info.name)
        if attribute is not None and attribute[1] is not info:
            others = True
        elif heir is not cls:
            found.append(heir)
    return found, others


# --- the views that use a class --------------------------------------------------------------------------


def _users(file: FileContext, serializers: list[ClassInfo]) -> list[ClassInfo]:
    """The views that name one of some serializer classes, in a place of their own or inherited."""
    resolver = file.project.resolver
    users = [view for view, declared in file.project.once(_declared) if declared in serializers]
    for serializer in serializers:
        mentions = file.everywhere_about(serializer.name, mentions_in_views)
        users += [m.view for m in mentions if resolver.expr(m.code, m.node) is serializer]
    return list(dict.fromkeys(users))


def _declared(project: Project) -> list[tuple[ClassInfo, ClassInfo]]:
    """All class-based views with the classes that their attributes name: ``serializer_class``, a dictionary."""
    found: dict[tuple[ClassInfo, ClassInfo], None] = {}
    resolver = project.resolver
    for view in (cls for cls in project.once(descendants) if is_view(project, cls)):
        names = {n for base in resolver.mro(view) if isinstance(base, ClassInfo) for n in base.members.names}
        for name in sorted(names):
            attribute = resolver.class_attribute(view, name)
            if attribute is None or not isinstance(attribute[1], Value) or attribute[1].expr is None:
                continue
            for node in walk(attribute[1].expr):
                if isinstance(node, (ir.Name, ir.Attr)):
                    symbol = resolver.expr(attribute[1].code, node, attribute[0])
                    if isinstance(symbol, ClassInfo):
                        found[view, symbol] = None
    return list(found)


@dataclass(frozen=True, slots=True)
class ViewMention:
    """A name in a method of a class-based view."""

    view: ClassInfo
    code: Code
    node: ir.Name | ir.Attr


def mentions_in_views(file: FileContext) -> dict[str, list[ViewMention]]:
    """What ``get_serializer_class()`` and its like in the class-based views of a file mention, by name."""
    found: dict[str, list[ViewMention]] = {}
    for mentions in file.of_functions(_names_in):
        for mention in mentions:
            name = mention.node.id if isinstance(mention.node, ir.Name) else mention.node.name
            found.setdefault(name, []).append(mention)
    return found


def _names_in(file: FileContext, info: FunctionInfo) -> list[ViewMention]:
    view = info.owner
    if view is None or "serializer" not in info.name or not is_view(file.project, view):
        return []
    names = (node for node in walk(info.statements) if isinstance(node, (ir.Name, ir.Attr)))
    return [ViewMention(view, info.body_code, node) for node in names]


# --- through a view --------------------------------------------------------------------------------------


def _by_view(
    project: Project, view: ClassInfo, serializer: ClassInfo, method: Method
) -> Iterator[bool | None]:
    """For each way in which a view saves a serializer it was given for its class, whether a transaction is open."""
    hook = _HOOKS[method]
    offered = _offers(project, view, method)
    if offered is not False and _leads(project, view, method, hook):
        own = _own(project, view, hook)
        if own is None:
            yield is_atomic_before(project, view, hook) or (None if offered is None else False)
        else:
            yield from _by_hook(project, view, own)
    for name in sorted({name for base in _bases(project, view) for name in base.members.names} - {hook}):
        info = _own(project, view, name)
        if info is not None:
            regions = regions_of(project, info)
            for call in regions.body.calls:
                if _saves(regions.body, call, serializer, method) == "by the view":
                    yield bool(regions.at(call)) or is_atomic_before(project, view, name)


def _bases(project: Project, view: ClassInfo) -> list[ClassInfo]:
    mro = project.resolver.mro(view)
    return [base for base in mro if isinstance(base, ClassInfo) and base.module.origin == "project"]


def _own(project: Project, view: ClassInfo, name: str) -> FunctionInfo | None:
    """The method `name` of a view, if it is written in the project."""
    found = project.resolver.class_attribute(view, name)
    if found is None or not isinstance(found[1], FunctionInfo) or found[1].module.origin != "project":
        return None
    return found[1]


def _offers(project: Project, view: ClassInfo, method: Method) -> bool | None:
    """Whether a view creates, or updates, as the framework does it; None where a base cannot be read."""
    unknown = False
    for base in project.resolver.mro(view):
        if base.dotted.startswith("rest_framework."):
            if base.dotted.rpartition(".")[2] in _OFFERED[method]:
                return True
        elif not isinstance(base, ClassInfo) and not base.dotted.startswith(("django.", "builtins.")):
            unknown = True
    return None if unknown else False


def _leads(project: Project, view: ClassInfo, handler: str, hook: str) -> bool:
    """Whether the method that answers a request goes on to `hook`, rather than saving in its own way."""
    own = _own(project, view, handler)
    if own is None:
        return True
    body = Body(project, own)
    return any(
        isinstance(call.func, ir.Attr)
        and call.func.name in (handler, hook)
        and (is_super(call.func.value) or body.is_self(call.func.value))
        for call in body.calls
    )


def _by_hook(project: Project, view: ClassInfo, hook: FunctionInfo) -> Iterator[bool | None]:
    """The same for what ``perform_create()`` or ``perform_update()`` of the project does with its serializer."""
    given = {param.name for param in hook.node.params.items[1:]}
    regions = Regions(Body(project, hook))
    for call in regions.body.calls:
        func = call.func
        passed = any(isinstance(arg, ir.Name) and arg.id in given for arg in call.args)
        if isinstance(func, ir.Attr) and is_super(func.value) and func.name == hook.name:
            saved: bool | None = True
        elif isinstance(func, ir.Attr) and isinstance(func.value, ir.Name) and func.value.id in given:
            saved = func.name in ("save", "create", "update")
        else:
            saved = None if passed else False
        if saved:
            yield bool(regions.at(call)) or is_atomic_before(project, view, hook.name)
        elif saved is None:
            yield True if regions.at(call) else None


# --- calls -----------------------------------------------------------------------------------------------


def _saves(
    body: Body, call: ir.Call, serializer: ClassInfo, method: Method
) -> Literal["itself", "by the view"] | None:
    """Whether a call enters `method` of a serializer that was made of its class, or by its view; None if not."""
    func = call.func
    if not isinstance(func, ir.Attr) or func.name not in ("save", method) or is_super(func.value):
        return None
    for made in _sources(body, func.value):
        if func.name == "save" and _is_given_row(made) is not (method == "update"):
            continue
        symbol = body.names.symbol(body.code, made.func)
        if isinstance(symbol, ClassInfo):
            if serializer in body.project.resolver.mro(symbol):
                return "itself"
        elif _is_of_view(body, made.func):
            return "by the view"
    return None


def _sources(body: Body, node: ir.Expr) -> Iterator[ir.Call]:
    """The calls that make what an expression stands for."""
    if isinstance(node, ir.Call):
        yield node
    elif isinstance(node, ir.Name):
        for bound in body.names.bindings(node.id):
            if bound.how == "assigned" and isinstance(bound.value, ir.Call):
                yield bound.value


def _is_given_row(made: ir.Call) -> bool:
    """Whether a serializer is made for a row that is there, so that saving it updates."""
    instance = made.args[0] if made.args else made.keyword("instance")
    return instance is not None and not (isinstance(instance, ir.Const) and instance.value is None)


def _is_of_view(body: Body, func: ir.Expr) -> bool:
    """``self.get_serializer(...)``, ``self.get_serializer_class()(...)``, ``self.some_serializer_class(...)``."""
    if isinstance(func, ir.Call):
        func = func.func
    return isinstance(func, ir.Attr) and body.is_self(func.value) and "serializer" in func.name


def _calls(file: FileContext, serializer: ClassInfo, method: Method) -> tuple[list[Mention], bool]:
    """The calls on instances that functions make of the class themselves; and whether one of them gives it away."""
    found: dict[Mention, None] = {}
    handed_on = False
    for mention in file.everywhere_about(serializer.name, mentions_in):
        body = regions_of(file.project, mention.function).body
        target = mention.node.func if mention.is_call else None
        if target is None:
            handed_on = handed_on or _hands(body, mention.node, serializer)
            continue
        if body.names.symbol(body.code, target) is not serializer:
            continue
        saves = [c for c in body.calls if _saves(body, c, serializer, method) == "itself"]
        found |= {Mention(mention.function, body.code, call, True): None for call in saves}
        handed_on = handed_on or (not saves and mention.node.keyword("data") is not None)
    return list(found), handed_on


def _hands(body: Body, call: ir.Call, serializer: ClassInfo) -> bool:
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return any(body.names.symbol(body.code, each) is serializer for each in given)
