"""A module of receivers that nothing imports."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.project.modules import ClassInfo, FunctionInfo, Module
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.module_mentions import importing, saying, saying_below
from djguide_analyzers.rules.places import name_place
from djguide_analyzers.rules.receivers import Receiver, receivers_of
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position

RULE = Rule(
    summary="Nothing imports the module of a receiver, so it is never connected",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)

_APP_CONFIG = "django.apps.config.AppConfig"
_LOADED_BY_NAME = frozenset(
    {"models", "apps", "admin", "tasks", "urls", "wsgi", "asgi", "settings", "celery", "conftest", "routing",
     "__main__", "manage", "translation", "search_indexes", "wagtail_hooks", "documents", "cms_plugins", "plugins"}
)  # fmt: skip
"""Modules that Django or a package imports by convention."""
_LOADED_FOLDERS = frozenset({"commands", "templatetags", "migrations", "models", "settings", "plugins"})


def check(file: FileContext) -> Iterator[Hit]:
    """Looked for from the module, and from the app's configuration, where an import would stand."""
    configuration = _configuration_of(file)
    modules = [file.module]
    if configuration is not None:
        package = file.module.package
        modules += [m for m in file.project.modules.values() if m.name.startswith(f"{package}.")]
    for module in modules:
        other = file.sibling(module)
        if not other.is_test and (found := receivers_of(other)):
            yield from _hits(other, found)


def _hits(file: FileContext, found: list[Receiver]) -> Iterator[Hit]:
    module = file.module
    app = _installed_app(file)
    parts = module.name.split(".")
    if app is None or parts[-1] in _LOADED_BY_NAME or not _LOADED_FOLDERS.isdisjoint(parts[:-1]):
        return
    if module.is_package and module.name == app:
        return
    if _is_loaded(file, module):
        return
    config = _app_config(file, app)
    fixes = (_fix(file, module, config, app),)
    related = ()
    if config is not None:
        home = file.sibling(config.module)
        related = (Related("the app's configuration", name_place(home, config.code, config.node)),)
    seen: set[int] = set()
    for receiver in found:
        if receiver.node.at not in seen:
            seen.add(receiver.node.at)
            yield Hit(
                file.place(receiver.code, receiver.node),
                f"Nothing imports `{module.name}`, so `{receiver.function.name}` is never connected to its signal",
                related=related,
                fixes=fixes,
            )


def _installed_app(file: FileContext) -> str | None:
    """The package of the installed application that the module lies in; None when it certainly is in none."""
    entries = file.project.settings.installed_apps()
    best: str | None = None
    for entry in entries:
        package = entry.value
        symbol = file.project.resolver.dotted(package) if "." in package else None
        if isinstance(symbol, ClassInfo):
            package = symbol.module.package
        if entry.certain and file.module.name.startswith(f"{package}.") and len(package) > len(best or ""):
            best = package
    return best


def _is_loaded(file: FileContext, module: Module) -> bool:
    last = module.name.rpartition(".")[2]
    found = [
        *importing(file, module.name),
        *saying(file, module.name),
        *saying_below(file, module.name),
        *saying(file, f".{last}"),
        *saying(file, last),  # found by a package that looks for modules of this name
    ]
    return any(path != module.path for path in found)


# --- the app's configuration -----------------------------------------------------------------------------


def _configuration_of(file: FileContext) -> ClassInfo | None:
    """The configuration that this file defines."""
    for cls in file.classes():
        if file.project.resolver.is_subclass(cls, _APP_CONFIG):
            return cls
    return None


def _app_config(file: FileContext, app: str) -> ClassInfo | None:
    """The one configuration of the app, in its ``apps`` module."""
    module = file.project.resolver.module(f"{app}.apps")
    if module is None or module.path not in file.project.modules:
        return None
    resolver = file.project.resolver
    found = [cls for cls in module.classes() if resolver.is_subclass(cls, _APP_CONFIG)]
    return found[0] if len(found) == 1 else None


def _fix(file: FileContext, module: Module, config: ClassInfo | None, app: str) -> Fix:
    title = "Import it in the `ready()` of the app's configuration"
    edits = _edits(file.sibling(config.module), module, config) if config is not None else ()
    return Fix(title, Safety.REVIEW if edits else Safety.MANUAL, edits)


def _edits(home: FileContext, module: Module, config: ClassInfo) -> tuple[Edit, ...]:
    parent, _, last = module.name.rpartition(".")
    line = f"from {parent} import {last}  # noqa: F401"
    ready = config.member("ready")
    first = config.code.range(config.node.body[0]).start
    indent = home.lines.line(first.line)[: first.column]
    if indent.strip():
        return ()
    if isinstance(ready, FunctionInfo):
        start = ready.body_code.range(ready.statements[0]).start
        inner = home.lines.line(start.line)[: start.column]
        if inner.strip():
            return ()
        return (insert(home, start, f"{line}\n{inner}"),)
    if ready is not None:
        return ()
    end = config.code.range(config.node.body[-1]).end
    end = Position(end.line, len(home.lines.line(end.line).rstrip("\r\n")))
    return (insert(home, end, f"\n\n{indent}def ready(self):\n{indent}    {line}"),)
