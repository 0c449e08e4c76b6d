"""The settings module is imported instead of the settings."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, Module
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import bound_name, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.setting_files import is_settings_file, settings_paths

RULE = Rule(
    summary="A settings module is imported, past the settings that are in use",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_TELLING = frozenset({"INSTALLED_APPS", "ROOT_URLCONF", "MIDDLEWARE", "DATABASES"})
"""What only a settings module sets. Others that it takes constants from are there to be imported."""

_STARTING = frozenset({"manage.py", "wsgi.py", "asgi.py", "celery.py", "conftest.py", "setup.py", "urls.py"})
"""Files that start the project, and may look at the module before Django does."""


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test or is_settings_file(file) or file.path.rpartition("/")[2] in _STARTING:
        return
    modules = file.project.once(_settings_modules)
    if not modules or file.module.name in file.project.once(_needed_by_settings):
        return  # the settings need this file, so it cannot ask for them
    for chunk in file.module.facts.chunks:
        code = Code(file.module, chunk)
        for node in chunk.outline:
            if isinstance(node, ir.ImportFrom):
                yield from _check(file, modules, code, node)


def _check(file: FileContext, modules: dict[str, Module], code: Code, node: ir.ImportFrom) -> Iterator[Hit]:
    source = file.module.absolute(node.module, node.level)
    if source is None:
        return
    if source in modules and all(alias.name.isupper() for alias in node.names):
        names = ", ".join(f"`{alias.name}`" for alias in node.names)
        fix = Fix("Read it as an attribute of `django.conf.settings`", Safety.MANUAL)
        yield _hit(file, code, node, f"{names} of `{source}`", fix)
    for alias in node.names:
        if f"{source}.{alias.name}" in modules and _reads_settings_only(file, alias.asname or alias.name):
            yield _hit(file, code, node, f"`{source}.{alias.name}`", _fix(file, code, node))


def _reads_settings_only(file: FileContext, name: str) -> bool:
    """Whether the file reads capital names of the module, and does nothing else with it."""
    read = [node for scope in file.scopes for node, _ in scope.nodes(ir.Attr)]
    owned = {id(node.value) for node in read if isinstance(node.value, ir.Name) and node.name.isupper()}
    used = [node for scope in file.scopes for node, _ in scope.nodes(ir.Name) if node.id == name]
    return bool(used) and all(id(node) in owned for node in used)


def _fix(file: FileContext, code: Code, node: ir.ImportFrom) -> Fix:
    title = "Import `settings` of `django.conf`"
    alias = node.names[0]
    if len(node.names) > 1 or bound_name(file, "django.conf", "settings") is not None:
        return Fix(title, Safety.MANUAL)
    name = alias.asname or alias.name
    text = "from django.conf import settings" + (f" as {name}" if name != "settings" else "")
    return Fix(title, Safety.SAFE, (replace(file, code.range(node), text),))


def _settings_modules(project: Project) -> dict[str, Module]:
    """The modules with settings, by name."""
    paths = settings_paths(project)
    named = {candidate.path for candidate in project.discovered.settings_modules}
    return {
        module.name: module
        for path, module in project.modules.items()
        if path in named or (path in paths and not _TELLING.isdisjoint(module.symbols.names))
    }


def _needed_by_settings(project: Project) -> frozenset[str]:
    """Names of what the modules with settings import, and of what they import it from."""
    found: set[str] = set()
    for module in project.once(_settings_modules).values():
        for node in walk([chunk.outline for chunk in module.facts.chunks]):
            if isinstance(node, ir.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ir.ImportFrom):
                source = module.absolute(node.module, node.level)
                found |= {f"{source}.{alias.name}" for alias in node.names}
                found |= {source} if source is not None else set()
    return frozenset(found)


def _hit(file: FileContext, code: Code, node: ir.ImportFrom, what: str, fix: Fix) -> Hit:
    return Hit(
        file.place(code, node),
        f"{what} is what one file says, not what is in use: another settings module, `override_settings()` and "
        "Django's defaults are passed by",
        fixes=(fix,),
    )
