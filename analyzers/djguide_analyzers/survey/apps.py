"""Which application a module belongs to."""

from __future__ import annotations

from djguide_analyzers.project.project import Project

_MARKS = ("models", "apps", "migrations")
"""Modules that only applications have."""


def app_of(project: Project, module: str) -> str:
    """Label of the application that the module called `module` is part of; else its top package, or itself."""
    return project.once(_labels).get(module, module.partition(".")[0])


def _labels(project: Project) -> dict[str, str]:
    names = {module.name for module in project.modules.values()}
    listed = {entry.value for entry in project.settings.installed_apps()} if project.settings.found else set()
    packages = {entry.rpartition(".apps.")[0] or entry for entry in listed}
    labels = {
        model.cls.module.name: model.app_label
        for model in project.graph
        if model.cls.module.origin == "project"
    }
    found: dict[str, str] = {}
    for name in names:
        package = name
        while package:
            if package in packages or any(f"{package}.{mark}" in names for mark in _MARKS):
                own = labels.get(f"{package}.models")
                found[name] = own or package.rpartition(".")[2]
                break
            package = package.rpartition(".")[0]
    return found
