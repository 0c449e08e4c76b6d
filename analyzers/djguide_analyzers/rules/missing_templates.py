"""Names of templates that no folder of the project holds."""

from __future__ import annotations

import posixpath
from difflib import get_close_matches
from weakref import WeakKeyDictionary

from djguide_analyzers.project.project import Project

_known: WeakKeyDictionary[Project, dict[str, bool]] = WeakKeyDictionary()
"""The names by project: which files there are is settled when it is linked."""


def is_missing(project: Project, name: str) -> bool:
    """Whether the project certainly has no template of that name.

    It is known for the folder that an application of the project gives its own name, as in
    ``shop/templates/shop/list.html``. Others may hold templates of packages: there a name has to be a slip.
    """
    folder = posixpath.dirname(name)
    if not folder or name.startswith(("/", "./", "../")) or "{" in name or "%" in name:
        return False
    if not name.endswith((".html", ".txt", ".xml")) or project.templates.find(name) is not None:
        return False
    names = _names(project)
    if any(own and posixpath.dirname(other) == folder for other, own in names.items()):
        return True
    return folder.partition("/")[0] not in _package_words(project) and close_name(project, name) is not None


def _package_words(project: Project) -> set[str]:
    """Words in the names of the installed applications that are not the project's own."""
    own = {module.name for module in project.modules.values()}
    settings = project.settings
    installed = [entry.value for entry in settings.installed_apps()] if settings.found else []
    return {word for app in installed if app not in own for word in app.split(".")}


def close_name(project: Project, name: str) -> str | None:
    """The only template whose name `name` is a slip of."""
    close = get_close_matches(name, sorted(_names(project)), 2, 0.9)
    return close[0] if len(close) == 1 else None


def _names(project: Project) -> dict[str, bool]:
    """Names of the project's own templates, with whether they lie in the folder named like their application."""
    known = _known.get(project)
    if known is None:
        known = _known[project] = {}
        for path in project.templates.own_files:
            template = project.templates.at(path)
            if template is not None and template.certain and template.judged:
                app = (template.app or "").rpartition(".")[2]
                known[template.name] = template.name.startswith(f"{app}/") if app else False
    return known
