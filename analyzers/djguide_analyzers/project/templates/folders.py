"""Where Django looks for templates: the folders of each engine in ``TEMPLATES``, in the order of the search."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from djguide_analyzers.project.files import is_inside, join
from djguide_analyzers.project.models.apps import App
from djguide_analyzers.project.modules import ClassInfo, Module
from djguide_analyzers.project.resolve import Resolver
from djguide_analyzers.project.settings import Entry, Settings, TemplateEngine

DJANGO_BACKEND = "django.template.backends.django.DjangoTemplates"
_LOADERS = "django.template.loaders."
_FILESYSTEM = f"{_LOADERS}filesystem.Loader"
_APP_DIRECTORIES = f"{_LOADERS}app_directories.Loader"
_CACHED = f"{_LOADERS}cached.Loader"
_KNOWN_LOADERS = (_CACHED, _APP_DIRECTORIES, _FILESYSTEM)
_INSTALLED = re.compile(r"/(?:site|dist)-packages/")


class SearchFolder(NamedTuple):
    """A folder that templates are loaded from.

    `app` is the package of the application it belongs to, None for one of ``DIRS``; `certain` tells whether it
    is searched, and by Django's own engine first; `judged` whether what lies in it is meant for Django.
    """

    path: str
    app: str | None
    origin: str
    certain: bool
    judged: bool


class DjangoEngines(NamedTuple):
    """The engines that are Django's own.

    `settings` are what ``TEMPLATES`` says of them; none when it says nothing. `assumed`: nothing was said at
    all, so that Django's usual arrangement is taken for granted. `others` are the folders of other engines.
    """

    settings: tuple[TemplateEngine, ...]
    assumed: bool
    others: frozenset[str]


def django_engines(settings: Sequence[Settings], resolver: Resolver, root: str) -> DjangoEngines:
    """The engines of the first of `settings` that has any; relative folders are taken from `root`."""
    chosen = next((found for found in settings if found.is_set("TEMPLATES")), None)
    engines = chosen.templates() if chosen is not None else []
    own = tuple(engine for engine in engines if _is_django(engine.backend, resolver))
    others = {
        join(root, entry.value)
        for engine in engines
        # django-jinja shares folders by design and takes its templates by their suffix.
        if engine not in own and not (engine.backend or "").startswith("django_jinja.")
        for entry in engine.dirs
    }
    return DjangoEngines(own, chosen is None, frozenset(others))


def _is_django(backend: str | None, resolver: Resolver) -> bool:
    if backend is None or backend == DJANGO_BACKEND:
        return backend is not None
    cls = resolver.dotted(backend)
    return isinstance(cls, ClassInfo) and resolver.is_subclass(cls, DJANGO_BACKEND)


class FolderSearch:
    """Lists the folders of all engines."""

    def __init__(
        self,
        engines: DjangoEngines,
        apps: Iterable[App],
        resolver: Resolver,
        *,
        apps_known: bool,
        root: str,
    ) -> None:
        self._engines = engines
        self._apps = list(apps)
        self._apps_known = apps_known
        self._resolver = resolver
        self._root = root

    def folders(self) -> list[SearchFolder]:
        """The folders in the order of the search, each once."""
        found: dict[str, SearchFolder] = {}
        for folder in self._all():
            found.setdefault(folder.path, folder)
        return list(found.values())

    def _all(self) -> Iterator[SearchFolder]:
        yield from self._of_engines()
        # Widgets are rendered with an engine of their own, which has these.
        forms = self._resolver.module("django.forms")
        if forms is not None:
            path = f"{posixpath.dirname(forms.path)}/templates"
            yield SearchFolder(path, "django.forms", forms.origin, certain=False, judged=False)

    def _of_engines(self) -> Iterator[SearchFolder]:
        if self._engines.assumed:
            yield from self._app_folders(certain=False)
        for engine in self._engines.settings:
            if engine.loaders:
                yield from self._by_loaders(engine)
                continue
            yield from self._dirs(engine.dirs, certain=not engine.open)
            if engine.app_dirs is not False:
                yield from self._app_folders(certain=not engine.open and engine.app_dirs is True)

    def _by_loaders(self, engine: TemplateEngine) -> Iterator[SearchFolder]:
        certain = not engine.open
        for number, loader in enumerate(engine.loaders):
            if "/" in loader.value:
                continue  # a folder given to the loader before
            certain = certain and loader.certain and loader.value.startswith(_LOADERS)
            kind = self._kind_of_loader(loader.value)
            if kind == _FILESYSTEM:
                own = _following_folders(engine.loaders, number)
                yield from self._dirs(own or engine.dirs, certain=certain)
            elif kind == _APP_DIRECTORIES:
                yield from self._app_folders(certain=certain)
            elif kind != _CACHED:
                certain = False  # what this loader finds, nobody knows

    def _kind_of_loader(self, loader: str) -> str | None:
        """The loader of Django's that `loader` is or derives from."""
        if loader in _KNOWN_LOADERS:
            return loader
        cls = self._resolver.dotted(loader)
        if not isinstance(cls, ClassInfo):
            return None
        return next((known for known in _KNOWN_LOADERS if self._resolver.is_subclass(cls, known)), None)

    def _dirs(self, entries: Iterable[Entry], *, certain: bool) -> Iterator[SearchFolder]:
        for entry in entries:
            path = join(self._root, entry.value)
            origin = "environment" if _INSTALLED.search(path) else "project"
            # A folder that holds the whole project says nothing about the files in it.
            judged = path not in self._engines.others and not is_inside(self._root, path)
            own = certain and entry.certain and path not in self._engines.others
            yield SearchFolder(path, None, origin, own, judged)

    def _app_folders(self, *, certain: bool) -> Iterator[SearchFolder]:
        certain = certain and self._apps_known
        for app in self._apps:
            module = self._module(app.name)
            if module is not None:
                path = f"{posixpath.dirname(module.path)}/templates"
                own = path not in self._engines.others
                yield SearchFolder(path, app.name, module.origin, certain and app.certain and own, own)

    def _module(self, package: str) -> Module | None:
        """A module that lies in the folder of `package`, which need not have an ``__init__.py``."""
        module = self._resolver.module(package)
        if module is not None and module.is_package:
            return module
        inside = (self._resolver.module(f"{package}.{name}") for name in ("apps", "models"))
        return next((m for m in inside if m is not None and not m.is_package), None)


def _following_folders(loaders: Sequence[Entry], number: int) -> list[Entry]:
    """The folders given to a loader itself: ``("...filesystem.Loader", ["/a", "/b"])``."""
    found: list[Entry] = []
    for entry in loaders[number + 1 :]:
        if "/" not in entry.value:
            break
        found.append(entry)
    return found
