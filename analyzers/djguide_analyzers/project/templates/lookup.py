"""Templates by name, as Django finds them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from djguide_analyzers.facts.template_ir import Extends, Include, TemplateFacts
from djguide_analyzers.project.discovery import DiscoveredProject
from djguide_analyzers.project.files import FileSystem, is_inside, join
from djguide_analyzers.project.models.apps import AppTable
from djguide_analyzers.project.models.evaluation import Interpreter
from djguide_analyzers.project.models.inputs import ProjectSettings
from djguide_analyzers.project.modules import FunctionInfo, Module
from djguide_analyzers.project.resolve import Resolver
from djguide_analyzers.project.settings import Settings
from djguide_analyzers.project.templates.folders import (
    DjangoEngines,
    FolderSearch,
    SearchFolder,
    django_engines,
)
from djguide_analyzers.project.templates.libraries import Library, read_library
from djguide_analyzers.project.templates.scope import TagScope
from djguide_analyzers.project.templates.source import (
    TemplateSource,
    absolute_name,
    is_foreign_name,
    looks_foreign,
    static_name,
)

TemplateFactsOf = Callable[[str], TemplateFacts | None]

_BUILTIN_LIBRARIES = (
    "django.template.defaulttags",
    "django.template.defaultfilters",
    "django.template.loader_tags",
)
_BUILTIN_PROCESSORS = ("django.template.context_processors.csrf",)
_MAX_CHAIN = 50


class Chain(NamedTuple):
    """A template and those it extends, the child first.

    `complete` is False when there are more that could not be found: a name only known at runtime, or no file.
    """

    templates: tuple[TemplateSource, ...]
    complete: bool


class Templates:
    """The templates of one project and of the packages it has installed.

    Nothing is read before it is asked for. Everything follows from the names of files, settings and outlines of
    modules, for which a project is linked anew, and from the texts of templates, for which `forget` is enough:
    what is concluded from a `TemplateSource` holds as long as the file at its `path` stays as it is.
    """

    def __init__(
        self,
        files: FileSystem,
        discovered: DiscoveredProject,
        resolver: Resolver,
        settings: Sequence[Settings],
        apps: ProjectSettings,
        modules: Iterable[Module],
        facts: TemplateFactsOf,
    ) -> None:
        """`settings` are those to use and then those of other candidates; `apps` says what they install."""
        self._files = files
        self._discovered = discovered
        self._resolver = resolver
        self._settings = settings
        self._project_settings = apps
        self._modules = list(modules)
        self._facts = facts
        self._sources: dict[tuple[str, str], TemplateSource | None] = {}
        self._scopes: dict[TemplateSource, TagScope] = {}
        self._libraries: dict[str, Library | None] = {}
        self._listed: dict[str, frozenset[str]] = {}
        self._places: dict[str, SearchFolder | None] = {}
        self._files_named: dict[str, list[tuple[SearchFolder, str]]] = {}
        self._own: list[TemplateSource] | None = None

    def snapshot(self, resolver: Resolver) -> Templates:
        """The same for another thread: templates that were not read yet are not read, and so not there."""
        self.folders  # noqa: B018 -- found here, with the resolver that may read
        twin = copy(self)
        twin._resolver, twin._facts = resolver, lambda path: None
        twin._sources, twin._scopes = dict(self._sources), dict(self._scopes)
        twin._libraries, twin._listed = dict(self._libraries), dict(self._listed)
        twin._places, twin._files_named = dict(self._places), dict(self._files_named)
        return twin

    # --- templates by name and by file -------------------------------------------------------------------

    def find(self, name: str) -> TemplateSource | None:
        """The template that Django loads as `name`; None when no known folder has it."""
        return next(self._found(name), None)

    def meant(self, name: str) -> TemplateSource | None:
        """The template that the project's code has in mind with `name`; None when that cannot be told.

        One that is there once is meant even where applications that nobody knows may have another in its place.
        """
        first, *others = [*islice(self._found(name), 2), None]
        if first is None or first.certain:
            return first
        return first if others == [None] and first.origin == "project" else None

    def files(self, name: str) -> Iterator[str]:
        """Files that Django may load as `name`, in the order of its search; they are not read."""
        for folder, inside in self._named(name):
            yield f"{folder.path}/{inside}"

    def names(self) -> Iterator[tuple[str, str]]:
        """Name and file of everything that Django may load as a template, packages' own included; not read."""
        for folder in self.folders:
            for path in self._below(folder.path):
                yield path[len(folder.path) + 1 :], path

    def at(self, path: str) -> TemplateSource | None:
        """The template whose file is `path`; None when Django loads no template from there."""
        if path not in self._places:
            holding = (f for f in self.folders if is_inside(path, f.path) and path != f.path)
            self._places[path] = next(holding, None)
        folder = self._places[path]
        return self._source(folder, path[len(folder.path) + 1 :]) if folder is not None else None

    @cached_property
    def own_files(self) -> tuple[str, ...]:
        """Files of the workspace that Django may load as templates of this project, in order of path."""
        return tuple(path for path in self._discovered.template_files if self._is_template(path))

    def own(self) -> Iterator[TemplateSource]:
        """The templates in `own_files` that can be read."""
        if self._own is not None:
            yield from self._own
            return
        found: list[TemplateSource] = []
        for path in self.own_files:
            source = self.at(path)
            if source is not None:
                found.append(source)
                yield source  # reading takes its time: whoever asks may report, or stop
        self._own = found

    def forget(self, path: str) -> None:
        """The text of the file at `path` has changed."""
        self._own = None
        for key, source in [(key, source) for key, source in self._sources.items() if key[0] == path]:
            del self._sources[key]
            if source is not None:
                self._scopes.pop(source, None)

    # --- what a template names ---------------------------------------------------------------------------

    def resolve(self, source: TemplateSource, name: str) -> TemplateSource | None:
        """The template that `source` means by `name`, which may start with ``./`` or ``../``."""
        absolute = absolute_name(source.name, name)
        return self.find(absolute) if absolute is not None else None

    def included(self, source: TemplateSource, node: Include) -> TemplateSource | None:
        """The template that an ``{% include %}`` of `source` names; None when it isn't spelled out or not found."""
        name = static_name(node.template)
        return self.resolve(source, name) if name is not None else None

    def parent(
        self, source: TemplateSource, node: Extends, skip: Iterable[TemplateSource] = ()
    ) -> TemplateSource | None:
        """The template that `source` extends; None when it isn't spelled out or not found.

        `skip` are templates further down the chain: one that extends its own name means the next of that name.
        """
        name = static_name(node.template)
        absolute = absolute_name(source.name, name) if name is not None else None
        passed = {source.path, *(child.path for child in skip)}
        found = self._found(absolute) if absolute is not None else iter(())
        return next((template for template in found if template.path not in passed), None)

    def chain(self, source: TemplateSource) -> Chain:
        """`source` and the templates it extends, at any distance."""
        found = [source]
        while (node := found[-1].extends) is not None:
            parent = self.parent(found[-1], node, found)
            if parent is None or len(found) >= _MAX_CHAIN:
                return Chain(tuple(found), complete=False)
            found.append(parent)
        return Chain(tuple(found), complete=True)

    # --- tags, filters, context --------------------------------------------------------------------------

    def scope(self, source: TemplateSource) -> TagScope:
        """The tags and filters that `source` may use."""
        scope = self._scopes.get(source)
        if scope is None:
            scope = self._scopes[source] = TagScope(source.facts, self.builtins(), self.tag_library)
        return scope

    def tag_library(self, name: str) -> Library | None:
        """The library that ``{% load name %}`` loads; None when there is none at hand."""
        if name not in self._libraries:
            self._libraries[name] = self._library(name)
        return self._libraries[name]

    def builtins(self) -> list[Library]:
        """The libraries that every template has: Django's own, then those of ``OPTIONS["builtins"]``."""
        own = [entry.value for engine in self._engines.settings for entry in engine.builtins]
        found = (self._read(module) for module in (*_BUILTIN_LIBRARIES, *own))
        return [library for library in found if library is not None]

    def context_processors(self) -> list[FunctionInfo]:
        """The context processors, as far as their functions can be found, in the order they run."""
        own = [entry.value for engine in self._engines.settings for entry in engine.context_processors]
        names = dict.fromkeys((*_BUILTIN_PROCESSORS, *own))
        symbols = (self._resolver.dotted(name) for name in names)
        return [symbol for symbol in symbols if isinstance(symbol, FunctionInfo)]

    # --- inside ------------------------------------------------------------------------------------------

    @cached_property
    def _engines(self) -> DjangoEngines:
        return django_engines(self._settings, self._resolver, self._discovered.root)

    @cached_property
    def _apps(self) -> AppTable:
        table = AppTable(self._resolver, Interpreter(self._resolver), self._project_settings)
        if not table.closed:
            table.guess(self._modules)
        return table

    @cached_property
    def folders(self) -> list[SearchFolder]:
        """The folders that templates are loaded from, in the order of the search."""
        return FolderSearch(
            self._engines,
            self._apps,
            self._resolver,
            apps_known=self._apps.closed,
            root=self._discovered.root,
        ).folders()

    def _found(self, name: str) -> Iterator[TemplateSource]:
        for folder, inside in self._named(name):
            source = self._source(folder, inside)
            if source is not None:
                yield source

    def _named(self, name: str) -> list[tuple[SearchFolder, str]]:
        """The folders with a file of that name, in the order of the search, each with where it lies in there.

        Looked for once: which files there are is the same as long as the project is linked.
        """
        if name not in self._files_named:
            found = ((folder, self._inside(folder.path, name)) for folder in self.folders)
            self._files_named[name] = [(folder, inside) for folder, inside in found if inside is not None]
        return self._files_named[name]

    def _below(self, folder: str) -> Iterator[str]:
        """All files below `folder`; links to folders are not followed."""
        for entry in self._files.scan(folder):
            path = f"{folder}/{entry.name}"
            if entry.kind == "dir":
                yield from self._below(path)
            elif entry.kind == "file":
                yield path

    def _inside(self, folder: str, name: str) -> str | None:
        """Where a folder has a file of that name; None for most, which one listing of each folder tells."""
        path = join(folder, name)
        if not is_inside(path, folder) or path == folder:
            return None
        inside = path[len(folder) + 1 :]
        if folder not in self._listed:
            self._listed[folder] = frozenset(self._files.list_dir(folder))
        if inside.partition("/")[0] not in self._listed[folder] or not self._files.is_file(path):
            return None
        return inside

    def _source(self, folder: SearchFolder, name: str) -> TemplateSource | None:
        path = f"{folder.path}/{name}"
        key = (path, name)
        if key not in self._sources:
            facts = None if is_foreign_name(name) else self._facts(path)
            self._sources[key] = None if facts is None else self._made(folder, name, path, facts)
        return self._sources[key]

    def _made(self, folder: SearchFolder, name: str, path: str, facts: TemplateFacts) -> TemplateSource:
        inside_other = any(is_inside(path, other) for other in self._engines.others)
        judged = folder.judged and not inside_other and not (facts.problems and looks_foreign(facts))
        return TemplateSource(name, path, folder.origin, folder.app, folder.certain, judged, facts)

    def _is_template(self, path: str) -> bool:
        return not is_foreign_name(path) and any(is_inside(path, folder.path) for folder in self.folders)

    def _library(self, name: str) -> Library | None:
        for engine in self._engines.settings:
            if name in engine.libraries:
                return self._read(engine.libraries[name])
        packages = ["django", *(app.name for app in self._apps)]
        for package in reversed(packages):  # of two libraries of one name, Django takes that of the later app
            library = self._read(f"{package}.templatetags.{name}")
            if library is not None:
                return library
        return None

    def _read(self, dotted: str) -> Library | None:
        module = self._resolver.module(dotted)
        return read_library(self._resolver, module) if module is not None else None
