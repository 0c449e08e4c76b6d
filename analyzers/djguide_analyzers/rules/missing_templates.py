"""Names of templates that no folder of the project holds."""

from __future__ import annotations

import posixpath
from difflib import get_close_matches
from weakref import WeakKeyDictionary

from djguide_analyzers.project.project import Project

_known: WeakKeyDictionary[Project, frozenset[str]] = WeakKeyDictionary()
"""The names by project: which files there are is settled when it is linked."""


def is_missing(project: Project, name: str) -> bool:
    """Whether the project certainly has no template of that name.

    It is known for names in folders that the project's own templates lie in, as in ``shop/list.html``: anything
    else may come with a package that cannot be read.
    """
    folder = posixpath.dirname(name)
    if not folder or name.startswith(("/", "./", "../")) or "{" in name or "%" in name:
        return False
    templates = project.templates
    if templates.find(name) is not None or not name.endswith((".html", ".txt", ".xml")):
        return False
    return any(posixpath.dirname(other) == folder for other in _names(project))


def close_name(project: Project, name: str) -> str | None:
    """The only template whose name `name` is a slip of."""
    close = get_close_matches(name, sorted(_names(project)), 2, 0.9)
    return close[0] if len(close) == 1 else None


def _names(project: Project) -> frozenset[str]:
    """Names of the project's own templates, as far as they lie where they are certainly found."""
    known = _known.get(project)
    if known is None:
        templates = (project.templates.at(path) for path in project.templates.own_files)
        known = _known[project] = frozenset(
            template.name
            for template in templates
            if template is not None and template.certain and template.judged
        )
    return known
