"""Which modules define models: those of the project, and what the installed packages bring."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.models.apps import AppTable
from djguide_analyzers.project.models.evaluation import Interpreter
from djguide_analyzers.project.models.evaluation.values import truth
from djguide_analyzers.project.modules import Code, Module
from djguide_analyzers.project.roles import is_test

_ADMIN = "django.contrib.admin"


def reachable(
    x: Interpreter, starts: Iterable[str], wanted: Callable[[str], bool], seen: set[str] | None = None
) -> dict[str, Module]:
    """The modules called `starts` and what they import at their top level, at any distance.

    Only modules whose name is `wanted` are followed. A package counts as imported with each of its modules. What is
    in `seen` has been followed before and is left out; what is followed now is added.
    """
    found: dict[str, Module] = {}
    seen = set() if seen is None else seen
    pending = list(starts)[::-1]
    while pending:
        name = pending.pop()
        if name in seen or not wanted(name):
            continue
        seen.add(name)
        module = x.resolver.module(name)
        if "." in name:
            pending.append(name.rpartition(".")[0])
        if module is not None:
            found[module.name] = module
            pending += [other for other in imported_modules(x, module) if other not in seen]
    return found


def imported_modules(x: Interpreter, module: Module) -> Iterator[str]:
    """Names of modules that the top level of `module` imports, or may (a name imported from a package).

    Branches that are certainly not executed are left out.
    """
    for chunk in module.facts.chunks:
        yield from imported_by(x, Code(module, chunk), chunk.outline)


def imported_by(x: Interpreter, code: Code, statements: list[ir.Stmt]) -> Iterator[str]:
    """Names of modules that `statements` of `code` import, or may."""
    for node in statements:
        if isinstance(node, ir.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ir.ImportFrom):
            source = code.module.absolute(node.module, node.level)
            if source is not None:
                yield source
                yield from (f"{source}.{alias.name}" for alias in node.names if alias.name != "*")
        elif isinstance(node, ir.If):
            if _has_imports(node.body) or _has_imports(node.orelse):
                known = truth(x.evaluate(node.test, x.module_frame(code)))
                yield from imported_by(x, code, node.body) if known is not False else ()
                yield from imported_by(x, code, node.orelse) if known is not True else ()
        elif isinstance(node, ir.Try):
            handled = [inner for handler in node.handlers for inner in handler.body]
            yield from imported_by(x, code, [*node.body, *handled, *node.orelse, *node.final])
        elif isinstance(node, (ir.With, ir.ClassDef)):
            yield from imported_by(x, code, node.body)


def _has_imports(statements: list[ir.Stmt]) -> bool:
    return any(isinstance(node, (ir.Import, ir.ImportFrom, ir.If, ir.Try, ir.With)) for node in statements)


class Loaded:
    """The modules that matter for models.

    Attributes:
        definitions: Modules that are imported when Django loads the models, the project's first; Django's own,
            which change no models, left out.
        own: Names of the project's modules.
        packages: Modules of installed packages that may define models.
    """

    def __init__(self, modules: list[Module], apps: AppTable, x: Interpreter) -> None:
        own = {module.name for module in modules}
        starts: list[str] = []
        for app in apps:
            if app.readable:
                starts += [app.name, f"{app.name}.models", f"{app.name}.apps"]
        project = reachable(x, starts, own.__contains__)
        foreign = [app.name for app in apps if app.readable and app.name not in own]
        folders = {name.partition(".")[0] for name in foreign}

        def is_foreign(name: str) -> bool:
            # Django itself defines no models, and imports nothing that does: only what it brings along may.
            is_core = name.startswith("django.") and not name.startswith("django.contrib.")
            return name not in own and name.partition(".")[0] in folders and not is_core

        named = [f"{name}.models" for name in foreign]
        for module in project.values():  # models are registered by whoever imports them
            named += [n for n in imported_modules(x, module) if "models" in n.split(".") and is_foreign(n)]
        packages = reachable(x, named, is_foreign)
        self.packages = list(packages.values())
        self.definitions = [
            *project.values(),
            *(m for m in self.packages if not m.name.startswith("django.")),
        ]
        self.own = own
        self._imported = set(project)
        if _ADMIN in apps.by_name:  # it imports the admin modules of all applications
            pages = [f"{app.name}.admin" for app in apps if app.name in own]
            self._imported.update(reachable(x, pages, own.__contains__))
        self._apps = apps

    def only_in_tests(self, module: Module) -> bool:
        """Whether a project's module is test code that nothing imports when the models load."""
        is_own = module.name in self.own and module.name not in self._imported
        return is_own and is_test(f"{module.name.replace('.', '/')}.py")

    def is_loaded(self, module: Module) -> bool:
        """Whether the classes of a project's module can be registered.

        A module that nothing imports when the models load may still be imported later; one of an application
        that is not installed is not.
        """
        if module.name in self._imported or module.name not in self.own or not self._apps.closed:
            return True
        package = (
            module.package if module.is_package or not module.package else module.name.rpartition(".")[0]
        )
        while package:
            if package in self._apps.by_name:
                return True
            if f"{package}.models" in self.own or f"{package}.apps" in self.own:
                return False
            package = package.rpartition(".")[0]
        return True
