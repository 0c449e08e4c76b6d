"""The classes and functions that play a known part."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo, Module
from djguide_analyzers.project.serializers import serializers_of
from djguide_analyzers.rules.celery_tasks import tasks_of
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.management import in_commands
from djguide_analyzers.rules.receivers import connected_in
from djguide_analyzers.survey.apps import app_of
from djguide_analyzers.survey.values import Component, Kind, Spot
from djguide_analyzers.trace.frameworks.admin import registered

COMMAND = "django.core.management.base.BaseCommand"
_FORM = "django.forms.forms.BaseForm"
_TASK = frozenset({"django.tasks.task", "django.tasks.base.task"})
_SERVICES = frozenset(
    {"services", "service", "selectors", "use_cases", "usecases", "operations", "interactors", "actions"}
)
"""Names of modules and packages that teams keep their business logic in."""


def spot_of(found: ClassInfo | FunctionInfo) -> Spot:
    return Spot(found.module.path, found.code.range(found.node).start.line)


def components_of(files: list[FileContext]) -> Iterator[Component]:
    """What the files of one project hold, test code left out; views are described apart."""
    if not files:
        return
    project = files[0].project
    own = {file.module for file in files}
    for model in project.graph:
        # Packages such as django-simple-history make models that no statement of the project declares.
        if model.cls.module in own and not model.auto_created and model.cls.code.chunk.spans:
            links = sum(field.target is not None for field in model.fields.values())
            detail = f"{_counted(len(model.fields), 'field')}, {_counted(links, 'relation')}"
            if model.proxy:
                detail = f"proxy of {model.proxy_for}"
            yield Component("model", model.name, model.app_label, spot_of(model.cls), detail)
    for serializer in serializers_of(project):
        if serializer.cls.module in own:
            detail = serializer.model.label if serializer.model is not None else ""
            yield _component(files[0], "serializer", serializer.cls, detail)
    for cls, models in registered(project).items():
        if cls.module in own:
            yield _component(files[0], "admin", cls, ", ".join(model.label for model in models))
    for file in files:
        yield from _of_file(file)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _of_file(file: FileContext) -> Iterator[Component]:
    resolver, module = file.project.resolver, file.module
    for task in tasks_of(resolver, module):
        yield _component(file, "task", task.function, "Celery")
    for info in module.functions():
        if info.owner is None and _is_django_task(file, info):
            yield _component(file, "task", info, "Django")
    if in_commands(file):
        name = module.name.rpartition(".")[2]
        for cls in module.classes():
            if cls.name == "Command" and resolver.is_subclass(cls, COMMAND):
                yield Component("command", name, app_of(file.project, module.name), spot_of(cls))
    for cls in module.classes():
        if resolver.is_subclass(cls, _FORM):
            yield _component(file, "form", cls)
    if _is_service(module):
        for info in module.functions():
            if _is_public(info):
                yield _component(file, "service", info)
    for receiver in connected_in(file):
        sender = receiver.sender.name if isinstance(receiver.sender, ClassInfo) else receiver.sender
        detail = f"{receiver.signal.rpartition('.')[2]} of {'anything' if sender is None else sender}"
        yield _component(file, "receiver", receiver.function, detail)


def _component(file: FileContext, kind: Kind, found: ClassInfo | FunctionInfo, detail: str = "") -> Component:
    return Component(kind, found.qualname, app_of(file.project, found.module.name), spot_of(found), detail)


def _is_django_task(file: FileContext, info: FunctionInfo) -> bool:
    return any(
        file.resolve(info.code, node.func if isinstance(node, ir.Call) else node) in _TASK
        for node in info.node.decorators
    )


def _is_service(module: Module) -> bool:
    return not _SERVICES.isdisjoint(module.name.split("."))


def _is_public(info: FunctionInfo) -> bool:
    """Whether others are meant to call it: a function of the module, or a method of a class in it."""
    owner = info.owner
    return not info.name.startswith("_") and (owner is None or not owner.name.startswith("_"))
