"""What was discovered about a project, in a few words and in full."""

from __future__ import annotations

from typing import Any

from djguide_analyzers.engine.report import ProjectSummary
from djguide_analyzers.project.project import Project


def summary(project: Project) -> ProjectSummary:
    """What a report says about a project."""
    version = project.version
    settings = project.settings
    own = [model for model in project.graph if model.cls.module.origin == "project"]
    return ProjectSummary(
        root=project.root,
        settings_module=settings.module,
        django_version=version.minimum if version else None,
        django_version_source=_version_source(project),
        environment=project.environment.root,
        apps=tuple(entry.value for entry in settings.installed_apps()) if settings.found else (),
        model_count=len(own),
    )


def _version_source(project: Project) -> str | None:
    version = project.version
    return None if version is None else f"{version.path}:{version.line + 1}"


def diagnosis(project: Project) -> dict[str, Any]:
    """What ``djguide doctor`` says about a project: JSON-able."""
    discovered, settings, graph = project.discovered, project.settings, project.graph
    short = summary(project)
    return {
        "root": project.root,
        "found": discovered.reason,
        "source_roots": list(discovered.source_roots),
        "files": {"python": len(discovered.python_files), "templates": len(discovered.template_files)},
        "settings": {
            "module": settings.module,
            "read": settings.found,
            "candidates": [{"module": c.module, "reason": c.reason} for c in discovered.settings_modules],
            "missing": [str(item) for item in settings.missing],
        },
        "django": {"version": short.django_version, "source": short.django_version_source},
        "environment": {"root": project.environment.root, "reason": project.environment.reason},
        "apps": list(short.apps),
        "models": {"project": short.model_count, "all": len(graph.models), "user": graph.auth_user},
        "unknown": [
            {"what": item.subject, "why": item.reason, "path": item.path, "line": item.line}
            for item in graph.unknown
        ],
    }
