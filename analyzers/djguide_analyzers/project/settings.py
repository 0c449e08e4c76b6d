"""A project's settings, read statically from its settings module and what that imports.

Every setting is a `Value`: alternatives with certainty and the places where they were written. Nothing is
guessed: what depends on the environment is `Unknown`, beside the default where the module names one.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

from djguide_analyzers.project.settings_eval import Load
from djguide_analyzers.project.settings_exec import Statements
from djguide_analyzers.project.settings_objects import Klass, ancestors
from djguide_analyzers.project.settings_scope import Frame, Opening, State
from djguide_analyzers.project.settings_values import (
    MISSING,
    Const,
    Map,
    Missing,
    PathValue,
    Ref,
    Scalar,
    SettingPlace,
    Unknown,
    Value,
    const,
    from_python,
    union,
    unknown,
)

__all__ = ["Entry", "SettingPlace", "Settings", "TemplateEngine", "Unknown", "Value", "evaluate_settings"]

_BY_VERSION: dict[str, list[tuple[tuple[int, int], Scalar]]] = {
    "USE_TZ": [((0, 0), False), ((5, 0), True)],
    "DEFAULT_AUTO_FIELD": [
        ((0, 0), "django.db.models.AutoField"),
        ((6, 0), "django.db.models.BigAutoField"),
    ],
}
"""Defaults that changed, with the versions since which they hold: for projects whose own Django is not at hand."""


class Entry(NamedTuple):
    """One text in a list setting: whether it is there on every path, and where it was written."""

    value: str
    certain: bool
    place: SettingPlace | None


class TemplateEngine(Struct, frozen=True):
    """One entry of ``TEMPLATES``.

    Attributes:
        backend: Dotted class, None when not known.
        dirs: Folders (absolute where the path starts from ``__file__``), in order.
        open: Whether there may be folders that are not known.
        app_dirs: Whether apps are searched as well, None when not known.
        loaders, builtins, context_processors: Dotted names in ``OPTIONS``, in order.
        libraries: Template tag libraries in ``OPTIONS`` by label.
    """

    backend: str | None
    dirs: tuple[Entry, ...]
    open: bool
    app_dirs: bool | None
    loaders: tuple[Entry, ...]
    builtins: tuple[Entry, ...]
    context_processors: tuple[Entry, ...]
    libraries: dict[str, str]


_RUN_WITH = ("SECRET_KEY", "DATABASES", "ROOT_URLCONF", "MIDDLEWARE", "DEBUG", "REST_FRAMEWORK")


class Settings:
    """What a settings module sets, over Django's defaults.

    Attributes:
        module: Dotted name of the settings module; None for a project without one.
        found: Whether the module's text was at hand.
        missing: Modules of the project that it imports and that are not there, with the places.
        import_path: Folders that it puts on ``sys.path``.
    """

    def __init__(
        self,
        module: str | None,
        state: State,
        defaults: dict[str, Value],
        evaluator: Statements | None = None,
    ) -> None:
        self.module = module
        self.found = evaluator is not None
        self.missing = tuple(evaluator.missing) if evaluator else ()
        self.import_path = tuple(evaluator.import_path) if evaluator else ()
        self._state = state
        self._defaults = defaults
        self._evaluator = evaluator
        self._known: dict[str, Value] = {}

    def get(self, name: str) -> Value:
        """The value of a setting; Django's default, without places, where the module does not set it."""
        value = self._known.get(name)
        if value is None:
            value = self._known[name] = self._get(name)
        return value

    def names(self) -> list[str]:
        """Settings that the module sets, on some path at least."""
        return [name for name in self._state.names if name.isupper()]

    def default_names(self) -> list[str]:
        """Settings that Django has a default for."""
        return [name for name in self._defaults if name.isupper()]

    def is_set(self, name: str) -> bool:
        """Whether the module sets `name`, on some path at least."""
        return name in self._state.names

    @property
    def open(self) -> bool:
        """Whether settings may be set that are not seen: by a module that isn't there, or ``globals()``."""
        return self._state.open

    @property
    def is_part(self) -> bool:
        """Whether the module is a list of defaults for others to import: nothing could be run with it alone."""
        return self.found and not any(map(self.is_set, _RUN_WITH))

    @property
    def openings(self) -> tuple[Opening, ...]:
        """Why settings may be set that are not seen; empty when all are."""
        return self._state.openings

    def covering(self, name: str) -> Opening | None:
        """What cannot be read and may have replaced the value of a setting; None when nothing has."""
        return self._state.covering(name)

    def _get(self, name: str) -> Value:
        default = self._defaults.get(name)
        value = self._state.names.get(name)
        if value is None:
            rest = (unknown("may be set elsewhere"),) if self._state.open else ()
            return (
                union((*((default,) if default is not None else ()), *rest)) if default or rest else MISSING
            )
        if default is not None and any(isinstance(option, Missing) for option in value.options):
            present = tuple(option for option in value.options if not isinstance(option, Missing))
            value = union((Value(present, value.places), default)) if present else default
        return self._evaluator.deep(value) if self._evaluator else value

    # --- the settings that analysis asks for ---

    def entries(self, name: str) -> list[Entry]:
        """The texts in a list setting; `get(name).open` tells whether there may be more."""
        return _entries(self.get(name))

    def installed_apps(self) -> list[Entry]:
        """``INSTALLED_APPS``: dotted packages or app configurations, in order."""
        return self.entries("INSTALLED_APPS")

    def middleware(self) -> list[Entry]:
        """``MIDDLEWARE``: dotted names, in order."""
        return self.entries("MIDDLEWARE")

    def text(self, name: str) -> str | None:
        """A text setting if there is one text that it can be, the default of a variable included."""
        value = self.get(name).likely
        return value if isinstance(value, str) else None

    def flag(self, name: str) -> bool | None:
        """A true-or-false setting; None unless it is certain."""
        value = self.get(name).constant
        return value if isinstance(value, bool) else None

    def auth_user_model(self) -> str | None:
        """``app_label.Model`` of the user."""
        return self.text("AUTH_USER_MODEL")

    def default_auto_field(self) -> str | None:
        """Dotted class of automatic primary keys."""
        return self.text("DEFAULT_AUTO_FIELD")

    def root_urlconf(self) -> str | None:
        """Dotted module of the URL patterns."""
        return self.text("ROOT_URLCONF")

    def use_tz(self) -> bool | None:
        """Whether datetimes are aware."""
        return self.flag("USE_TZ")

    def databases(self) -> dict[str, Value]:
        """Each alias of ``DATABASES`` with its options: ``databases()["default"].item("ENGINE")``."""
        value = self.get("DATABASES")
        return {key: value.item(key) for key in value.keys() if isinstance(key, str)}  # noqa: SIM118

    def templates(self) -> list[TemplateEngine]:
        """The engines of ``TEMPLATES``, in order."""
        value = self.get("TEMPLATES")
        return [_engine(item.value, value.open) for item in value.items()]


def evaluate_settings(
    load: Load,
    module: str | None,
    *,
    configuration: str | None = None,
    django: tuple[int, int] | None = None,
) -> Settings:
    """The settings that the dotted `module` gives.

    `load` gives modules by dotted name, third-party ones included where they are at hand; None for those
    that are not. `configuration` is the class to use when the module is written for django-configurations;
    without it, all leaf classes are alternatives. `django` is the project's version of Django.
    """
    evaluator = Statements(load)
    defaults = _defaults(load, django)
    frame = evaluator.module(module) if module is not None else None
    if frame is None:
        openings = (Opening("its module cannot be read"),) if module is not None else ()
        return Settings(module, State(openings=openings), defaults)
    state = _configured(evaluator, frame, configuration) or frame.state
    return Settings(module, state, defaults, evaluator)


def _defaults(load: Load, django: tuple[int, int] | None) -> dict[str, Value]:
    """Django's own ``global_settings``: the project's Django if it is at hand, else the one of this process."""
    name = "django.conf.global_settings"
    module = load(name)
    if module is not None and module.origin == "environment":
        evaluator = Statements(load)
        frame = evaluator.module(name)
        if frame is not None:
            names = frame.state.names.items()
            return {key: Value(evaluator.deep(value).options) for key, value in names if key.isupper()}
    defaults = dict(_bundled_defaults())
    if django is not None:
        for key, since in _BY_VERSION.items():
            defaults[key] = const([value for version, value in since if version <= django][-1])
    return defaults


@functools.cache
def _bundled_defaults() -> dict[str, Value]:
    from django.conf import global_settings  # the module of plain defaults: nothing is configured

    return {key: from_python(value) for key, value in vars(global_settings).items() if key.isupper()}


# --- django-configurations -------------------------------------------------------------------------------


def _configured(evaluator: Statements, frame: Frame, configuration: str | None) -> State | None:
    """What the chosen class sets, or any leaf class; None for a module without such classes."""
    classes = [klass for klass in _classes(frame) if _is_configuration(evaluator, klass)]
    chosen = [klass for klass in classes if klass.name == configuration]
    if not chosen:
        inherited = {id(a) for klass in classes for a in list(ancestors(evaluator, klass))[1:]}
        chosen = [klass for klass in classes if id(klass) not in inherited]
    if not chosen:
        return None
    names: dict[str, Value] = {}
    for name in dict.fromkeys(name for klass in chosen for name in _members(evaluator, klass)):
        names[name] = union(_members(evaluator, klass).get(name, MISSING) for klass in chosen)
    state = State({**frame.state.names, **names}, frame.state.openings)
    for base in dict.fromkeys(base for klass in chosen for base in _unread_bases(evaluator, klass)):
        state.opened(Opening(f"its class derives from {base}, which cannot be read"))
    return state


def _unread_bases(evaluator: Statements, klass: Klass) -> Iterator[str]:
    """Bases of a configuration that may set anything; the library's own set nothing."""
    for ancestor in ancestors(evaluator, klass):
        if isinstance(ancestor, str) and not ancestor.startswith(("configurations.", "builtins.")):
            yield ancestor


def _classes(frame: Frame) -> Iterator[Klass]:
    for value in frame.state.names.values():
        option = value.only
        if isinstance(option, Ref) and isinstance(option.target, Klass):
            yield option.target


def _is_configuration(evaluator: Statements, klass: Klass) -> bool:
    return any(
        isinstance(ancestor, str) and ancestor.startswith("configurations.")
        for ancestor in ancestors(evaluator, klass)
    )


def _members(evaluator: Statements, klass: Klass) -> dict[str, Value]:
    """Settings of a class with those it inherits; methods are properties that nobody evaluates."""
    names: dict[str, Value] = {}
    for ancestor in ancestors(evaluator, klass):
        if isinstance(ancestor, Klass):
            for name, value in ancestor.names.items():
                if name.isupper():
                    names.setdefault(name, unknown("property") if isinstance(value.only, Ref) else value)
    return names


# --- reading values --------------------------------------------------------------------------------------


def _entries(value: Value) -> list[Entry]:
    result: list[Entry] = []
    for item in value.items():
        places = item.value.places
        for option in item.value.options:
            text = (
                option.value
                if isinstance(option, Const)
                else option.path
                if isinstance(option, PathValue)
                else None
            )
            if isinstance(text, str):
                certain = item.certain and len(item.value.options) == 1
                result.append(Entry(text, certain, places[-1] if places else None))
    return result


def _engine(value: Value, is_open: bool) -> TemplateEngine:
    backend = value.item("BACKEND").likely
    options = value.item("OPTIONS")
    dirs = value.item("DIRS")
    libraries = options.item("libraries")
    app_dirs = value.item("APP_DIRS")
    return TemplateEngine(
        backend=backend if isinstance(backend, str) else None,
        dirs=tuple(_entries(dirs)),
        open=is_open
        or dirs.open
        or any(item.value.open for item in dirs.items())
        or any(not isinstance(option, Map) for option in value.options),
        app_dirs=False if isinstance(app_dirs.only, Missing) else _flag(app_dirs),
        loaders=tuple(_loaders(options.item("loaders"))),
        builtins=tuple(_entries(options.item("builtins"))),
        context_processors=tuple(_entries(options.item("context_processors"))),
        libraries={str(key): text for key in libraries.keys() if (text := _text(libraries.item(key)))},  # noqa: SIM118
    )


def _loaders(value: Value) -> Iterator[Entry]:
    """Loaders, those inside the cached loader included: ``("...cached.Loader", ["...", "..."])``."""
    yield from _entries(value)
    for item in value.items():
        if item.value.items():
            yield from _loaders(item.value)


def _flag(value: Value) -> bool | None:
    return value.constant if isinstance(value.constant, bool) else None


def _text(value: Value) -> str | None:
    return value.likely if isinstance(value.likely, str) else None
