"""Linking: from a discovered project and the facts of its files to a `Project`."""

from __future__ import annotations

from collections.abc import Callable

from djguide_analyzers.facts import ir
from djguide_analyzers.project.discovery import DiscoveredProject
from djguide_analyzers.project.environment import Environment, find_environment
from djguide_analyzers.project.files import FileSystem
from djguide_analyzers.project.finder import Finder
from djguide_analyzers.project.models import NOT_SET, UNKNOWN, AppEntry, ProjectSettings, build_graph
from djguide_analyzers.project.modules import Module
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.resolve import Resolver
from djguide_analyzers.project.settings import Settings, evaluate_settings
from djguide_analyzers.project.versions import find_version

FactsOf = Callable[[str], ir.PyFacts | None]


def link(
    files: FileSystem,
    discovered: DiscoveredProject,
    facts: FactsOf,
    *,
    workspace: str,
    environment: str | None = None,
) -> Project:
    """Link the files of `discovered`.

    `facts` gives the facts of any file; `environment` is the configuration's.
    """
    found = find_environment(files, discovered.root, workspace=workspace, configured=environment)
    version = find_version(files, "django", discovered.root, workspace=workspace, environment=found)
    modules = _modules(discovered, facts)
    resolver = Resolver(_finder(files, modules, found, facts))
    candidate = discovered.settings
    settings = evaluate_settings(
        resolver.module,
        candidate.module if candidate else None,
        configuration=candidate.configuration if candidate else None,
        django=version.series if version else None,
    )
    graph = build_graph(resolver, modules.values(), model_settings(settings))
    return Project(
        discovered.root,
        resolver,
        {m.path: m for m in modules.values()},
        graph,
        settings,
        version,
        found,
        discovered,
    )


def _modules(discovered: DiscoveredProject, facts: FactsOf) -> dict[str, Module]:
    """The project's own modules by import name; a file that no import reaches goes by its path."""
    modules: dict[str, Module] = {}
    for path in discovered.python_files:
        known = facts(path)
        if known is not None:
            name = discovered.module_of(path) or path
            modules.setdefault(name, Module(name, path, known, "project"))
    return modules


def _finder(
    files: FileSystem, modules: dict[str, Module], environment: Environment, facts: FactsOf
) -> Callable[[str], Module | None]:
    own = {name: module.path for name, module in modules.items()}
    finder = Finder(files, own, environment.packages, dict(environment.mapped), facts)
    return lambda dotted: modules.get(dotted) or finder(dotted)


def model_settings(settings: Settings) -> ProjectSettings:
    """What the model graph needs of the settings."""
    if not settings.found:
        return ProjectSettings()
    apps = [AppEntry(entry.value, entry.certain) for entry in settings.installed_apps()]
    complete = not settings.open and settings.get("INSTALLED_APPS").certain
    return ProjectSettings(apps or None, complete, lambda name: _plain(settings, name))


def _plain(settings: Settings, name: str) -> object:
    if not settings.is_set(name):
        return UNKNOWN if settings.open else NOT_SET
    likely = settings.get(name).likely
    return UNKNOWN if likely is None else likely
