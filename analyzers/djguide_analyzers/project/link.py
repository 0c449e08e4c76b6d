"""Linking: from a discovered project and the facts of its files to a `Project`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from djguide_analyzers.facts import ir
from djguide_analyzers.project.discovery import DiscoveredProject, other_names
from djguide_analyzers.project.environment import Environment, find_environment
from djguide_analyzers.project.files import FileSystem
from djguide_analyzers.project.finder import Finder
from djguide_analyzers.project.model_settings import model_settings
from djguide_analyzers.project.models import build_graph
from djguide_analyzers.project.modules import Module
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.resolve import Resolver
from djguide_analyzers.project.settings import Settings, evaluate_settings
from djguide_analyzers.project.templates import Templates
from djguide_analyzers.project.templates.lookup import TemplateFactsOf
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
    template_facts: TemplateFactsOf = lambda path: None,
) -> Project:
    """Link the files of `discovered`.

    `facts` gives the facts of any Python file, `template_facts` those of any template; `environment` is the
    configuration's.
    """
    found = find_environment(files, discovered.root, workspace=workspace, configured=environment)
    versions = partial(find_version, files, project=discovered.root, workspace=workspace, environment=found)
    version = versions("django")
    modules = _modules(discovered, facts)
    resolver = Resolver(_finder(files, discovered, modules, found, facts))
    settings, *others = _settings(discovered, resolver, version)
    installed = model_settings(settings, others)
    graph = build_graph(resolver, modules.values(), installed, versions)
    templates = Templates(
        files, discovered, resolver, [settings, *others], installed, modules.values(), template_facts
    )
    return Project(
        discovered.root,
        resolver,
        {m.path: m for m in modules.values()},
        graph,
        settings,
        version,
        found,
        discovered,
        templates,
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
    files: FileSystem,
    discovered: DiscoveredProject,
    modules: dict[str, Module],
    environment: Environment,
    facts: FactsOf,
) -> Callable[[str], Module | None]:
    own = {name: module.path for name, module in modules.items()}
    finder = Finder(files, own, environment.packages, dict(environment.mapped), facts)
    by_path = {module.path: module for module in modules.values()}
    aliases = {name: by_path[path] for name, path in other_names(discovered) if path in by_path}
    return lambda dotted: modules.get(dotted) or aliases.get(dotted) or finder(dotted)
