"""Applications: what ``INSTALLED_APPS`` and the ``AppConfig`` classes say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from djguide_analyzers.project.models.evaluation import Interpreter
from djguide_analyzers.project.models.evaluation.values import UNKNOWN, is_told
from djguide_analyzers.project.models.inputs import AppEntry, Doubt, ProjectSettings
from djguide_analyzers.project.models.reasons import SettingDoubts
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo, Module
from djguide_analyzers.project.resolve import Resolver
from djguide_analyzers.project.roles import is_test

_APP_CONFIG = "django.apps.config.AppConfig"


@dataclass(slots=True)
class App:
    """One application.

    `name` is its package, `label` the first half of its models' labels. `default_auto_field` is the class path
    its configuration sets, None when it leaves that to the settings. `readable` tells whether the package could
    be found; `certain` is False for one that may not be installed, and `doubt` says why. `doubts` are the reasons
    why its configuration's ``label`` or ``default_auto_field`` are not certain. `entry` is that of the settings.
    """

    name: str
    label: str
    config: ClassInfo | None = None
    default_auto_field: str | None = None
    readable: bool = True
    certain: bool = True
    doubt: Doubt | None = None
    doubts: dict[str, str] = field(default_factory=dict)
    entry: AppEntry | None = None


class AppTable:
    """The applications of one project."""

    def __init__(
        self,
        resolver: Resolver,
        interpreter: Interpreter,
        settings: ProjectSettings,
        doubts: SettingDoubts | None = None,
    ) -> None:
        self._resolver = resolver
        self._interpreter = interpreter
        self._doubts = doubts or SettingDoubts(settings.doubt)
        self._open = settings.open
        self._unlisted: dict[str, str] = {}
        self.by_name: dict[str, App] = {}
        self.by_label: dict[str, App] = {}
        self.closed = settings.installed_apps is not None and settings.complete
        """Whether no other application can be installed."""
        self.known = settings.installed_apps is not None
        for entry in settings.installed_apps or ():
            app = self._from_entry(entry.entry)
            app.certain, app.doubt, app.entry = entry.certain, entry.doubt, entry
            self.add(app)

    def __iter__(self) -> Iterator[App]:
        return iter(self.by_name.values())

    def add(self, app: App) -> None:
        """Enter an application; the first of a name or label stays."""
        self.by_name.setdefault(app.name, app)
        self.by_label.setdefault(app.label, app)

    def reopen(self, doubt: Doubt) -> None:
        """Let there be more applications than the settings list, which is not certain because of `doubt`."""
        self.closed, self._open = False, doubt

    def guess(self, modules: Iterable[Module]) -> None:
        """Enter every package of `modules` that looks like an application: with models or an ``AppConfig``."""
        for module in modules:
            head, _, tail = module.name.rpartition(".")
            if tail in ("models", "apps") and head and head not in self.by_name:
                app = self._listed_otherwise(head)
                if app.config is not None or (tail == "models" and not self._is_part(head)):
                    app.certain, app.doubt = False, self._open
                    self.add(app)

    def _is_part(self, package: str) -> bool:
        """Whether the models of a package without a configuration belong to the application around it.

        They have no migrations of their own, and that application is listed. Applications that a test suite brings
        along have none either.
        """
        if is_test(f"{package.replace('.', '/')}/models.py"):
            return False
        outer = self.containing(package.rpartition(".")[0])
        return outer is not None and outer.certain and self._resolver.module(f"{package}.migrations") is None

    def containing(self, module: str) -> App | None:
        """The innermost application that the module called `module` belongs to."""
        name = module
        while name:
            if name in self.by_name:
                return self.by_name[name]
            name = name.rpartition(".")[0]
        return None

    def unlisted_label(self, module: str) -> str:
        """The label of models in the module called `module`, whose application the settings do not list.

        Where they may not list all, it is what the configuration of a package around the module says.
        """
        package = module.split(".models")[0]
        if package not in self._unlisted:
            outer = accumulate(package.split("."), "{}.{}".format) if not self.closed else ()
            apps = [app for name in outer if (app := self._from_package(name)).config is not None]
            self._unlisted[package] = apps[-1].label if apps else package.rpartition(".")[2]
        return self._unlisted[package]

    def is_installed(self, name: str) -> bool | None:
        """Whether the application called `name` is installed; None when that is not known."""
        if name in self.by_name:
            return True if self.by_name[name].certain else None
        return False if self.closed else None

    # --- reading configurations ---

    def _from_entry(self, entry: str) -> App:
        """As Django's ``AppConfig.create`` reads an entry: a package, else the path of a configuration class."""
        if any(
            self._resolver.module(name) is not None for name in (entry, f"{entry}.apps", f"{entry}.models")
        ):
            module = self._resolver.module(entry)  # without an __init__.py it is a namespace package
            return self._from_package(entry if module is None else module.name)
        source, _, name = entry.rpartition(".")
        module = self._resolver.module(source)
        symbol = self._resolver.name(module, name) if module is not None else None
        if isinstance(symbol, ClassInfo):
            return self._from_config(symbol, None)
        if name[:1].isupper() and source:
            package = source.removesuffix(".apps")
            return App(package, package.rpartition(".")[2], readable=False)
        return App(entry, name or entry, readable=False)

    def _from_package(self, package: str) -> App:
        module = self._resolver.module(f"{package}.apps")
        config = self._default_config(module) if module is not None else None
        if config is not None:
            return self._from_config(config, package)
        return App(package, package.rpartition(".")[2])

    def _listed_otherwise(self, package: str) -> App:
        """A package that no entry of the settings names: a configuration in its own module would be named there."""
        app = self._from_package(package)
        module = self._resolver.module(package) if app.config is None else None
        config = self._default_config(module, own=True) if module is not None else None
        return self._from_config(config, package) if config is not None else app

    def _default_config(self, module: Module, *, own: bool = False) -> ClassInfo | None:
        """The configuration class that Django would choose from an ``apps`` module; with `own`, of its own ones."""
        candidates: dict[ClassInfo, Any] = {}
        for name in module.symbols.names:
            symbol = self._resolver.name(module, name)
            if own and (not isinstance(symbol, ClassInfo) or symbol.module is not module):
                continue
            if isinstance(symbol, ClassInfo) and symbol.dotted != _APP_CONFIG and self._is_config(symbol):
                self._announce(symbol)
                default = self._attribute(symbol, "default")[0]
                if default is not False:
                    candidates[symbol] = default
        if len(candidates) == 1:
            return next(iter(candidates))
        chosen = [cls for cls, default in candidates.items() if default is True]
        return chosen[0] if len(chosen) == 1 else None

    def _announce(self, config: ClassInfo) -> None:
        """Execute the ``__init_subclass__`` of its bases: they may change what `config` says of itself."""
        found = self._interpreter.find(config, "__init_subclass__", after=config)
        if found is not None and isinstance(function := found[1], FunctionInfo):
            self._interpreter.bounded(
                lambda: self._interpreter.invoke(function, None, found[0], [config], {})
            )

    def _is_config(self, cls: ClassInfo) -> bool:
        """Whether `cls` is a configuration; one with an unreadable base is when it names its application."""
        if self._resolver.is_subclass(cls, _APP_CONFIG):
            return True
        return not self._resolver.fully_known(cls) and cls.member("name") is not None

    def _from_config(self, config: ClassInfo, package: str | None) -> App:
        name, _ = self._attribute(config, "name")
        if not isinstance(name, str):
            name = package or config.module.name.removesuffix(".apps")
        label, label_doubt = self._attribute(config, "label")
        auto_field, field_doubt = self._attribute(config, "default_auto_field")
        doubts = {"label": label_doubt, "default_auto_field": field_doubt}
        return App(
            name,
            label if isinstance(label, str) and label else name.rpartition(".")[2],
            config,
            auto_field if isinstance(auto_field, str) else None,
            any(self._resolver.module(part) is not None for part in (name, f"{name}.models", f"{name}.apps")),
            doubts={key: reason for key, reason in doubts.items() if reason is not None},
        )

    def _attribute(self, config: ClassInfo, name: str) -> tuple[Any, str | None]:
        """A class attribute that a configuration or one of its bases sets, Django's own excluded.

        The second value says why it is not certain.
        """
        mark = len(self._interpreter.reads)
        found = self._interpreter.find(config, name)
        if found is None:
            reason = f"a base class of {config.dotted} cannot be read"
            return UNKNOWN, None if self._interpreter.readable(config) or name == "label" else reason
        if found[0].dotted == _APP_CONFIG:
            return UNKNOWN, None
        if not is_told(found[1]):
            return UNKNOWN, f"the {name} of {config.dotted} could not be evaluated"
        read = self._interpreter.read_since(mark)
        return found[1], self._doubts.reason(read) if read else None
