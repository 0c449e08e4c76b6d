"""The names that URLs can be reversed by."""

from __future__ import annotations

from djguide_analyzers.assist.routes import routes_of
from djguide_analyzers.assist.subjects import Item, TextSubject
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.finding import Place


def url_names(project: Project) -> tuple[Item, ...]:
    """All names, with their namespaces, in order of appearance."""
    found: dict[str, tuple[str, tuple[Place, ...]]] = {}
    for route in routes_of(project):
        if route.name is not None:
            path, places = found.get(route.name, (route.path, ()))
            if route.place is not None and route.place not in places:
                places = (*places, route.place)
            found[route.name] = path, places
    return tuple(
        Item(name, TextSubject("URL", name, path, places), path) for name, (path, places) in found.items()
    )
