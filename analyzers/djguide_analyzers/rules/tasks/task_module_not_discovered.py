"""A module with tasks that no worker loads."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, Module
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.roles import is_test
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.celery_tasks import app_call, apps_of, tasks_of
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.module_mentions import (
    importing,
    importing_below,
    saying,
    saying_at_end,
)

RULE = Rule(
    summary="A module with tasks that no worker loads",
    severity=Severity.WARNING,
    safety=Safety.MANUAL,
)

_AUTODISCOVER = "autodiscover_tasks"

_FOR_SHOW = frozenset({"examples", "example", "docs"})
"""Folders whose modules are there to be copied."""


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test or file.module.origin != "project" or not _FOR_SHOW.isdisjoint(file.path.split("/")):
        return
    tasks = list(tasks_of(file.project.resolver, file.module))
    if not tasks:
        return
    names = file.project.once(_discovered_names)
    if not _is_in_application(file.project, file.module):
        return
    if names is None or _is_found_by_name(file.project, file.module, names):
        return
    if _is_application(file.project, file.module) or _is_mentioned(file, names):
        return
    for task in tasks:
        yield Hit(
            file.place(task.function.code, task.decorator),
            f"No worker knows `{task.function.name}`: nothing imports this module, and autodiscovery looks for "
            + " and ".join(f"`{name}`" for name in sorted(names)),
            fixes=(Fix("Import the module in the application's `tasks` module", Safety.MANUAL),),
        )


def _is_in_application(project: Project, module: Module) -> bool:
    """Whether a module lies in an installed application: others are examples, scripts and the like."""
    for entry in project.settings.installed_apps():
        name = entry.value
        while name:
            if module.name.startswith(f"{name}."):
                return True
            found = project.resolver.module(name)
            if found is not None and found.is_package:
                break  # an application's own package, not that of its configuration class
            name = name.rpartition(".")[0]
    return False


def _discovered_names(project: Project) -> set[str] | None:
    """Names of the modules that autodiscovery imports in each application; None when that is not known."""
    names: set[str] = set()
    for module in project.modules.values():
        if is_test(module.path[len(project.root) + 1 :]):
            continue
        for call, code in _calls(module):
            if not isinstance(call.func, ir.Attr) or call.func.name != _AUTODISCOVER:
                continue
            if app_call(project.resolver, code, call.func.value) is None:
                return None
            found = _related_name(call)
            if found is None:
                return None
            names.add(found)
    return names or None


def _calls(module: Module) -> Iterator[tuple[ir.Call, Code]]:
    for chunk in module.facts.chunks:
        for node in walk(chunk.outline):
            if isinstance(node, ir.Call):
                yield node, Code(module, chunk)


def _related_name(call: ir.Call) -> str | None:
    """The module that one call looks for in all applications; None when it looks elsewhere."""
    packages = call.args[0] if call.args else call.keyword("packages")
    if packages is not None and not _is_installed_apps(packages):
        return None
    name = call.args[1] if len(call.args) > 1 else call.keyword("related_name")
    if name is None:
        return "tasks"
    return name.value if isinstance(name, ir.Const) and isinstance(name.value, str) else None


def _is_installed_apps(node: ir.Expr) -> bool:
    """Whether packages are those of the settings: ``lambda: settings.INSTALLED_APPS`` or None."""
    if isinstance(node, ir.Const):
        return node.value is None
    return any(isinstance(part, ir.Attr) and part.name == "INSTALLED_APPS" for part in walk(node))


def _is_found_by_name(project: Project, module: Module, names: set[str]) -> bool:
    """Whether autodiscovery imports a module itself: it lies in an application, under one of the names."""
    package, _, last = module.name.rpartition(".")
    if last not in names:
        return False
    return bool(package)


def _is_application(project: Project, module: Module) -> bool:
    """Whether the module makes the Celery application, or is a package around it."""
    return any(app is module or app.name.startswith(f"{module.name}.") for app, _, _ in project.once(apps_of))


def _is_mentioned(file: FileContext, names: set[str]) -> bool:
    """Whether some other module imports this one, or names it in a text. Those with tests do not count."""
    project = file.project
    seen = {file.module.name}
    queue = [file.module.name]
    while queue:
        for path in dict.fromkeys(_mentioning(file, queue.pop())):
            other = project.modules[path]
            if other.name in seen:
                continue
            seen.add(other.name)
            is_task_module = any(tasks_of(project.resolver, other))
            if (
                not is_task_module
                or _is_found_by_name(project, other, names)
                or _is_application(project, other)
            ):
                return True
            queue.append(other.name)
    return False


def _mentioning(file: FileContext, name: str) -> Iterator[str]:
    """Paths of the files that import a module, or have its name as a text: ``import_module(".jobs", ...)``."""
    last = name.rpartition(".")[2]
    yield from importing(file, name)
    yield from importing_below(file, name)
    yield from saying(file, name)
    yield from saying_at_end(file, name)
    yield from saying(file, f".{last}")
    if len(last) > 3:
        yield from saying(file, last)
