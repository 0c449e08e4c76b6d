"""Functions that a framework calls by itself, and the transaction in which it does so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.serializers import is_serializer
from djguide_analyzers.rules.celery_tasks import task_of
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.receivers import receivers
from djguide_analyzers.rules.serializer_saves import serializer_saves
from djguide_analyzers.rules.view_hooks import CALLED_BY, descendants, is_atomic_before, is_view
from djguide_analyzers.trace.decorators import decorator_names

Entry = Literal["protected", "unprotected", "as saved", "unknown"]
"""Whether the framework has opened a transaction when it calls; ``as saved`` where it rests on who saves a row."""

MODEL_ADMIN = "django.contrib.admin.options.BaseModelAdmin"
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
    outside = _requested(file.project, info)
    saves = serializer_saves(file, info, cls)
    for inside in saves.by_views:
        yield ("unknown" if inside is None else "protected" if inside else outside), "a view"
    if saves.is_handed_on:
        yield "unknown", "who is handed the serializer"
    elif not saves.by_views and not saves.calls:
        yield outside, "a view"


def _received(file: FileContext, info: FunctionInfo) -> Iterator[tuple[Entry, str]]:
    for receiver in receivers(file):
        if receiver.function is info:
            name = receiver.signal.rpartition(".")[2]
            if receiver.signal in IN_TRANSACTION:
                yield "protected", f"`{name}`"
            elif receiver.signal in SOMETIMES:
                yield "as saved", f"`{name}`"


def is_admin_action(info: FunctionInfo) -> bool:
    """Whether a function or method of an admin class has the parameters of an action."""
    names = [param.name for param in info.node.params.items[:3]]
    return names[1:] == ["request", "queryset"] and names[0] in ("modeladmin", "self", "admin", "model_admin")


def _is_view_function(info: FunctionInfo) -> bool:
    params = info.node.params.items
    return bool(params) and params[0].name == "request" and info.parent is None


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
    if info.name in CALLED_BY or info.name == "dispatch":
        outside = _requested(project, info)
        views = project.once(descendants).get(info.owner, [])
        for inside in sorted({is_atomic_before(project, cls, info.name) for cls in views}):
            yield ("protected" if inside else outside), "a view"
    elif atomic_requests(project):
        yield "protected", "a view"
