"""The settings module is imported instead of the settings."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, Module
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
    paths = settings_paths(file.project)
    named = {candidate.path for candidate in file.project.discovered.settings_modules}
    modules = {
        module.name: module
        for path, module in file.project.modules.items()
        if path in named or (path in paths and not _TELLING.isdisjoint(module.symbols.names))
    }
    if not modules or any(_imports(module, file.module.name) for module in modules.values()):
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


def _imports(module: Module, name: str) -> bool:
    """Whether a module imports the one called `name`, or something of it."""
    for chunk in module.facts.chunks:
        for node in walk(chunk.outline):
            if isinstance(node, ir.Import) and any(alias.name == name for alias in node.names):
                return True
            if isinstance(node, ir.ImportFrom):
                source = module.absolute(node.module, node.level)
                if source == name or any(f"{source}.{alias.name}" == name for alias in node.names):
                    return True
    return False


def _hit(file: FileContext, code: Code, node: ir.ImportFrom, what: str, fix: Fix) -> Hit:
    return Hit(
        file.place(code, node),
        f"{what} is what one file says, not what is in use: another settings module, `override_settings()` and "
        "Django's defaults are passed by",
        fixes=(fix,),
    )
