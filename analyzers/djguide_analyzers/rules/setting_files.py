"""Settings as they are written: which files hold them, and their assignments."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.bodies import functions_of
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


@dataclass(frozen=True, slots=True)
class Reading:
    """A file that reads a name in capitals: as an attribute or a text, or, when `bare`, just by the name."""

    path: str
    bare: bool


def is_read(file: FileContext, name: str) -> bool:
    """Whether anything in the project reads the setting `name`: by name, as an attribute, or through a text."""
    siblings = (file.sibling(module) for module in file.project.modules.values())
    tests = (reading for other in siblings if other.is_test for reading in readings_in(other).get(name, ()))
    found = chain(file.everywhere_about(name, readings_in), tests)
    return any(not reading.bare or reading.path == file.path for reading in found)


def readings_in(file: FileContext) -> dict[str, list[Reading]]:
    """What code of `file` reads of all that may be settings, which are in capitals."""
    outlines = (_read_in(chunk.outline) for chunk in file.module.facts.chunks)
    found = set[tuple[str, bool]]().union(*outlines, *file.of_functions(_read_by))
    by_name: dict[str, list[Reading]] = {}
    for name, bare in sorted(found):
        by_name.setdefault(name, []).append(Reading(file.path, bare))
    return by_name


def _read_by(_: FileContext, info: FunctionInfo) -> set[tuple[str, bool]]:
    return set[tuple[str, bool]]().union(*(_read_in(function.statements) for function in functions_of(info)))


def _read_in(block: list[ir.Stmt]) -> set[tuple[str, bool]]:
    found: set[tuple[str, bool]] = set()
    targets: set[int] = set()
    for node in walk(block):
        match node:
            case ir.Assign():
                targets |= {id(target) for target in node.targets}
            case ir.Name(id=name) if name.isupper() and id(node) not in targets:
                found.add((name, True))
            case ir.Attr(name=name) if name.isupper():
                found.add((name, False))
            case ir.Const(value=str() as text) if text.isupper() and text.isidentifier():
                found.add((text, False))
    return found
