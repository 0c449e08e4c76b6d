"""Functions that a framework calls by itself, and the transaction in which it does so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Value
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.serializers import is_serializer
from djguide_analyzers.rules.atomicity import Regions
from djguide_analyzers.rules.bodies import Body, is_super
from djguide_analyzers.rules.celery_tasks import task_of
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.receivers import receivers
from djguide_analyzers.trace.decorators import decorator_names

Entry = Literal["protected", "unprotected", "unknown"]
"""Whether the framework has opened a transaction when it calls; ``unknown`` where it depends on others."""

MODEL_ADMIN = "django.contrib.admin.options.BaseModelAdmin"
VIEW = "django.views.generic.base.View"
COMMAND = "django.core.management.base.BaseCommand"
_GRAPHENE = ("graphene.Mutation", "graphene.types.mutation.Mutation", "graphene.relay.ClientIDMutation",
             "graphene.relay.mutation.ClientIDMutation")  # fmt: skip
_NON_ATOMIC = "django.db.transaction.non_atomic_requests"
_SIGNALS = "django.db.models.signals."
IN_TRANSACTION = frozenset({f"{_SIGNALS}{name}" for name in ("pre_delete", "post_delete", "m2m_changed")})
"""Signals that Django sends inside a transaction of its own."""
SOMETIMES = frozenset({f"{_SIGNALS}{name}" for name in ("pre_save", "post_save")})
"""Signals that are sent inside a transaction only if whoever saves opened one."""

REQUESTS = frozenset({"a request", "a view", "a mutation", "the admin's list"})
"""Callers whose transaction, if they have one, is that of the request."""

ADMIN_HOOKS = frozenset(
    {"save_model", "save_related", "save_formset", "save_form", "delete_model", "response_add",
     "response_change", "response_delete", "response_post_save_add", "response_post_save_change",
     "log_addition", "log_change", "log_deletion", "log_deletions", "construct_change_message",
     "changeform_view", "_changeform_view", "_delete_view"}
)  # fmt: skip
"""Methods of admin classes that run in the transaction of the add, change and delete pages."""

_CALLED_BY = {
    "form_valid": ("post", "put"),
    "forms_valid": ("post",),
    "form_invalid": ("post",),
    "perform_create": ("create", "post"),
    "perform_update": ("update", "partial_update", "put", "patch"),
    "perform_destroy": ("destroy", "delete"),
    "create": ("post",),
    "update": ("put", "post"),
    "partial_update": ("patch",),
    "destroy": ("delete",),
    "delete": ("post", "dispatch"),
    "get": ("dispatch",),
    "post": ("dispatch",),
    "put": ("dispatch",),
    "patch": ("dispatch",),
}
"""Methods of views by those of the library that call them."""


def entries(file: FileContext, info: FunctionInfo) -> Iterator[tuple[Entry, str]]:
    """How frameworks call a function, each with a word on who does; nothing when none does as far as is known."""
    project = file.project
    parts = info.module.path[len(project.root) :].split("/")
    if "migrations" in parts:
        yield "protected", "a migration"
    if task_of(project.resolver, info) is not None:
        yield "unprotected", "a task"
    if info.parent is None and info.owner is None:
        yield from _received(file, info)
        if _is_view_function(info) or is_admin_action(info):
            yield _requested(project, info), "a request"
    if info.owner is not None:
        yield from _method_entries(file, info, info.owner)


def _method_entries(file: FileContext, info: FunctionInfo, cls: ClassInfo) -> Iterator[tuple[Entry, str]]:
    project, resolver = file.project, file.project.resolver
    if resolver.is_subclass(cls, COMMAND):
        if info.name in ("handle", "execute"):
            yield "unprotected", "a command"
    elif resolver.is_subclass(cls, MODEL_ADMIN):
        if info.name in ADMIN_HOOKS:
            yield "protected", "the admin"
        elif info.name in ("delete_queryset", "changelist_view") or is_admin_action(info):
            yield _requested(project, info), "the admin's list"
    elif is_view(project, cls):
        yield from _view_entries(project, info)
    elif resolver.is_subclass(cls, *_GRAPHENE) or any(base.dotted in _GRAPHENE for base in resolver.mro(cls)):
        graphene = project.settings.get("GRAPHENE").item("ATOMIC_MUTATIONS").alternatives
        databases = project.settings.get("DATABASES").item("default").item("ATOMIC_MUTATIONS").alternatives
        yield ("protected" if True in (*graphene, *databases) else _requested(project, info)), "a mutation"
    elif info.name in ("create", "update") and is_serializer(project, cls):
        yield from _serializer_entries(file, info, cls)
    elif _is_consumer(project, cls):
        yield "unprotected", "a consumer"


def _serializer_entries(file: FileContext, info: FunctionInfo, cls: ClassInfo) -> Iterator[tuple[Entry, str]]:
    """How the views that save a serializer of this class come to do so."""
    project = file.project
    outside = _requested(project, info)
    users = _users(file, cls)
    hook = "perform_create" if info.name == "create" else "perform_update"
    for view in users:
        yield ("protected" if _saves_inside(project, view, hook) else outside), "a view"
    if not users:
        yield outside, "a view"


def _users(file: FileContext, serializer: ClassInfo) -> list[ClassInfo]:
    """The views that name a serializer class, or one that derives from it, in a place of their own or inherited."""
    resolver = file.project.resolver
    declaring = [
        view for view, declared in file.project.once(_declared) if serializer in resolver.mro(declared)
    ]
    mentions = file.everywhere_about(serializer.name, mentions_in_views)
    naming = [m.view for m in mentions if resolver.expr(m.code, m.node) is serializer]
    return list(dict.fromkeys([*declaring, *naming]))


def _declared(project: Project) -> list[tuple[ClassInfo, ClassInfo]]:
    """All class-based views with the class that is their ``serializer_class``."""
    found: list[tuple[ClassInfo, ClassInfo]] = []
    resolver = project.resolver
    for view in (cls for cls in project.once(_descendants) if is_view(project, cls)):
        attribute = resolver.class_attribute(view, "serializer_class")
        if attribute is not None and isinstance(attribute[1], Value) and attribute[1].expr is not None:
            symbol = resolver.expr(attribute[1].code, attribute[1].expr, attribute[0])
            if isinstance(symbol, ClassInfo):
                found.append((view, symbol))
    return found


@dataclass(frozen=True, slots=True)
class ViewMention:
    """A name in a method of a class-based view."""

    view: ClassInfo
    code: Code
    node: ir.Name


def mentions_in_views(file: FileContext) -> dict[str, list[ViewMention]]:
    """What the methods of the class-based views in a file mention, by name."""
    found: dict[str, list[ViewMention]] = {}
    for mentions in file.of_functions(_names_in):
        for mention in mentions:
            found.setdefault(mention.node.id, []).append(mention)
    return found


def _names_in(file: FileContext, info: FunctionInfo) -> list[ViewMention]:
    view = info.owner
    if view is None or not is_view(file.project, view):
        return []
    names = (node for node in walk(info.statements) if isinstance(node, ir.Name))
    return [ViewMention(view, info.body_code, node) for node in names]


def _descendants(project: Project) -> dict[ClassInfo, list[ClassInfo]]:
    """The project's classes with those that derive from each, itself included."""
    found: dict[ClassInfo, list[ClassInfo]] = {}
    for module in project.modules.values():
        for cls in module.classes():
            for base in project.resolver.mro(cls):
                if isinstance(base, ClassInfo) and base.module.origin == "project":
                    found.setdefault(base, []).append(cls)
    return found


def _saves_inside(project: Project, view: ClassInfo, hook: str) -> bool:
    """Whether a view saves its serializer inside a transaction that it opens itself."""
    for name in (hook, *_CALLED_BY.get(hook, ())):
        found = project.resolver.class_attribute(view, name)
        if found is None or not isinstance(found[1], FunctionInfo) or found[1].module.origin != "project":
            continue
        regions = Regions(Body(project, found[1]))
        saves = [c for c in regions.body.calls if isinstance(c.func, ir.Attr) and c.func.name == "save"]
        if saves and all(regions.at(call) for call in saves):
            return True
    return _through_hooks(project, view, hook, 0) == "protected"


def _received(file: FileContext, info: FunctionInfo) -> Iterator[tuple[Entry, str]]:
    for receiver in receivers(file):
        if receiver.function is info:
            name = receiver.signal.rpartition(".")[2]
            if receiver.signal in IN_TRANSACTION:
                yield "protected", f"`{name}`"
            elif receiver.signal in SOMETIMES:
                yield "unknown", f"`{name}`"


def is_admin_action(info: FunctionInfo) -> bool:
    """Whether a function or method of an admin class has the parameters of an action."""
    names = [param.name for param in info.node.params.items[:3]]
    return names[1:] == ["request", "queryset"] and names[0] in ("modeladmin", "self", "admin", "model_admin")


def _is_view_function(info: FunctionInfo) -> bool:
    params = info.node.params.items
    return bool(params) and params[0].name == "request" and info.parent is None


def is_view(project: Project, cls: ClassInfo) -> bool:
    """Whether a class is a class-based view, Django REST framework's included."""
    return any(
        base.dotted == VIEW or base.dotted.startswith(("rest_framework.views.", "rest_framework.viewsets.",
                                                       "rest_framework.generics.", "django.views.generic."))
        for base in project.resolver.mro(cls)
    )  # fmt: skip


def _is_consumer(project: Project, cls: ClassInfo) -> bool:
    return any(base.dotted.startswith("channels.") for base in project.resolver.mro(cls))


def atomic_requests(project: Project, using: str = "default") -> bool:
    """Whether requests may run in a transaction of this database."""
    databases = project.settings.get("DATABASES")
    return True in databases.item(using).item("ATOMIC_REQUESTS").alternatives


def _requested(project: Project, info: FunctionInfo) -> Entry:
    """Whether a request's transaction is open in a view."""
    if not atomic_requests(project) or info.node.is_async:
        return "unprotected"
    return "unprotected" if _NON_ATOMIC in decorator_names(project, info) else "protected"


def _view_entries(project: Project, info: FunctionInfo) -> Iterator[tuple[Entry, str]]:
    """How the views that have this method come to call it."""
    assert info.owner is not None
    if info.name in _CALLED_BY or info.name == "dispatch":
        outside = _requested(project, info)
        views = project.once(_descendants).get(info.owner, [])
        for each in sorted({_through_hooks(project, cls, info.name, 0) for cls in views}):
            yield ("protected" if each == "protected" else outside), "a view"
    elif atomic_requests(project):
        yield "protected", "a view"


def _through_hooks(project: Project, cls: ClassInfo, name: str, depth: int) -> Entry:
    """Whether one of the methods of `cls` through which a request gets to method `name` is atomic."""
    for caller in _CALLED_BY.get(name, ()) if depth < 5 else ():
        found = project.resolver.class_attribute(cls, caller)
        if found is None or not isinstance(found[1], FunctionInfo) or found[1].module.origin != "project":
            if _through_hooks(project, cls, caller, depth + 1) == "protected":
                return "protected"
            continue
        body = Body(project, found[1])
        regions = Regions(body)
        for call in body.calls:
            func = call.func
            if not isinstance(func, ir.Attr) or func.name not in (caller, name) or not regions.at(call):
                continue
            if is_super(func.value) or body.is_self(func.value):
                return "protected"
        if _through_hooks(project, cls, caller, depth + 1) == "protected":
            return "protected"
    return "unprotected"
