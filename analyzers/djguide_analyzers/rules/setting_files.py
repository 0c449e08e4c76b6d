"""Settings as they are written: which files hold them, and their assignments."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.context import FileContext

_DEVELOPMENT = re.compile(
    r"(?:^|[_\-.])(?:dev|devel|develop|development|local|test|tests|testing|testutils|ci|debug|demo|sample|example|"
    r"examples|sandbox|docs|doc|build|docker|bench|benchmark|migration|migrations|e2e|stubs?|sqlite|mysql|postgresql|"
    r"postgres|playground|template)(?:$|[_\-.])"
)
_PRODUCTION = re.compile(r"(?:^|[_\-.])(?:prod|production|live|deploy|deployment|staging|stage)(?:$|[_\-.])")


@dataclass(frozen=True, slots=True)
class Assignment:
    """``NAME = value`` in a settings module, or in a class that holds settings.

    `block` is the list of statements it stands in; `conditional` tells whether it stands under an ``if``.
    """

    name: str
    node: ir.Assign
    code: Code
    block: list[ir.Stmt]
    conditional: bool

    @property
    def value(self) -> ir.Expr:
        assert self.node.value is not None
        return self.node.value


def is_settings_file(file: FileContext) -> bool:
    """Whether `file` is a settings module, or one that the settings in use come from."""
    paths, folders = file.project.once(_settings_paths)
    return file.path in paths or posixpath.dirname(file.path) in folders


def settings_paths(project: Project) -> frozenset[str]:
    """The files that settings come from."""
    return project.once(_settings_paths)[0]


def _settings_paths(project: Project) -> tuple[frozenset[str], frozenset[str]]:
    """The files that settings come from, and packages all of whose modules are settings."""
    paths = {
        candidate.path for candidate in project.discovered.settings_modules if candidate.path is not None
    }
    settings = project.settings
    for name in settings.names():
        paths |= {place.path for place in settings.get(name).places}
    folders = {
        posixpath.dirname(path) for path in paths if posixpath.basename(posixpath.dirname(path)) == "settings"
    }
    return frozenset(paths), frozenset(folders)


def role(file: FileContext) -> str:
    """``development``, ``production`` or empty, by the name of the module and its folders in the project."""
    relative = posixpath.relpath(file.path, file.project.root).removesuffix(".py").lower()
    parts = relative.split("/")
    if file.is_test or any(_DEVELOPMENT.search(part) for part in parts):
        return "development"
    return "production" if _PRODUCTION.search(parts[-1]) else ""


def assignments(file: FileContext, *names: str) -> Iterator[Assignment]:
    """Assignments of capital names, or of those given, outside of functions."""
    for chunk in file.module.facts.chunks:
        yield from _of_block(chunk.outline, Code(file.module, chunk), frozenset(names), conditional=False)


def _of_block(
    block: list[ir.Stmt], code: Code, names: frozenset[str], *, conditional: bool
) -> Iterator[Assignment]:
    for node in block:
        match node:
            case ir.Assign(targets=targets, value=value) if value is not None:
                for target in targets:
                    if isinstance(target, ir.Name) and (target.id in names if names else target.id.isupper()):
                        yield Assignment(target.id, node, code, block, conditional)
            case ir.If(body=body, orelse=orelse):
                yield from _of_block(body, code, names, conditional=True)
                yield from _of_block(orelse, code, names, conditional=True)
            case ir.Try():
                for part in (node.body, *(h.body for h in node.handlers), node.orelse, node.final):
                    yield from _of_block(part, code, names, conditional=True)
            case ir.ClassDef(body=body):
                yield from _of_block(body, code, names, conditional=conditional)


def is_read(file: FileContext, name: str) -> bool:
    """Whether anything in the project reads the setting `name`: by name, as an attribute, or through a text."""
    for module in file.project.modules.values():
        own = module.path == file.path
        for chunk in module.facts.chunks:
            if _reads(chunk.outline, name, own=own):
                return True
        for function in module.functions():
            if _reads(function.statements, name, own=own):
                return True
    return False


def _reads(block: list[ir.Stmt], name: str, *, own: bool) -> bool:
    targets: set[int] = set()
    for node in walk(block):
        if isinstance(node, ir.Assign):
            targets |= {id(target) for target in node.targets}
        elif isinstance(node, ir.Name):
            if own and node.id == name and id(node) not in targets:
                return True
        elif isinstance(node, ir.Attr):
            if node.name == name:
                return True
        elif isinstance(node, ir.Const) and node.value == name:
            return True
    return False
