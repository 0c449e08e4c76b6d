"""The tags and filters that one template may use."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from djguide_analyzers.facts.template_ir import Load, TemplateFacts, walk
from djguide_analyzers.project.templates.libraries import FilterFunction, Library, TagFunction


class TagScope:
    """Tags and filters by name: those that are built in, then what the template loads, the latest winning.

    Libraries of the templates it extends or is included by do not count, as in Django. A ``{% load %}`` is
    taken to hold for the whole template.

    Attributes:
        missing: Names of libraries that it loads and that could not be found.
    """

    def __init__(
        self, facts: TemplateFacts, builtins: Iterable[Library], library: Callable[[str], Library | None]
    ) -> None:
        self.tags: dict[str, TagFunction] = {}
        self.filters: dict[str, FilterFunction] = {}
        self.missing: list[str] = []
        for found in builtins:
            self._add(found)
        for node in walk(facts.nodes):
            if isinstance(node, Load):
                self._load(node, library)

    def tag(self, name: str) -> TagFunction | None:
        """The tag called `name`; None when no library at hand has it."""
        return self.tags.get(name)

    def filter(self, name: str) -> FilterFunction | None:
        """The filter called `name`; None when no library at hand has it."""
        return self.filters.get(name)

    def _load(self, node: Load, library: Callable[[str], Library | None]) -> None:
        names = {name.id for name in node.names} or None
        for label in node.libraries:
            found = library(label.id)
            if found is None:
                self.missing.append(label.id)
            else:
                self._add(found, names)

    def _add(self, library: Library, names: set[str] | None = None) -> None:
        self.tags |= {n: tag for n, tag in library.tags.items() if names is None or n in names}
        self.filters |= {n: found for n, found in library.filters.items() if names is None or n in names}
