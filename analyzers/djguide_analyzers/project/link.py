"""Linking: from a discovered project and the facts of its files to a `Project`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

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
from djguide_analyzers.project.settings_values import Missing, Unknown, plain
from djguide_analyzers.project.versions import VersionRange, find_version

MAX_SETTINGS = 6
"""Candidates for the settings module that are evaluated."""

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
    settings, *others = _settings(discovered, resolver, version)
    graph = build_graph(resolver, modules.values(), model_settings(settings, others))
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


def _settings(
    discovered: DiscoveredProject, resolver: Resolver, version: VersionRange | None
) -> list[Settings]:
    """The settings to use, then those of the other candidates that are there."""
    series = version.series if version else None
    candidates = [c for c in discovered.settings_modules[:MAX_SETTINGS] if c.path is not None]
    if not candidates:
        chosen = discovered.settings
        return [evaluate_settings(resolver.module, chosen.module if chosen else None, django=series)]
    return [
        evaluate_settings(resolver.module, c.module, configuration=c.configuration, django=series)
        for c in candidates
    ]


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


def model_settings(settings: Settings, others: Iterable[Settings] = ()) -> ProjectSettings:
    """What the model graph needs of the settings.

    Apps that only the `others` list (development, tests, a sample to be copied) may be installed as well.
    """
    if not settings.found:
        return ProjectSettings()
    apps = {entry.value: AppEntry(entry.value, entry.certain) for entry in settings.installed_apps()}
    for other in others:
        for entry in other.installed_apps():
            apps.setdefault(entry.value, AppEntry(entry.value, certain=False))
    complete = not settings.open and settings.get("INSTALLED_APPS").certain
    return ProjectSettings(list(apps.values()) or None, complete, lambda name: _plain(settings, name))


def _plain(settings: Settings, name: str) -> object:
    """A setting's likeliest value."""
    if not settings.is_set(name):
        return UNKNOWN if settings.open else NOT_SET
    option = settings.get(name).first
    if option is None:
        return UNKNOWN
    if isinstance(option, Missing):
        return NOT_SET
    value = plain(option)
    return UNKNOWN if isinstance(value, Unknown) else value
