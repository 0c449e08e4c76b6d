"""Management commands: which classes and functions are part of one."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.rules.context import FileContext, Scope

COMMAND = "django.core.management.base.BaseCommand"
_FOLDER = "/management/commands/"


def in_commands(file: FileContext) -> bool:
    """Whether `file` is one that ``manage.py`` looks into for a command."""
    folder, _, name = file.path.rpartition("/")
    return f"{folder}/".endswith(_FOLDER) and not name.startswith("_")


def is_command_class(file: FileContext, cls: ClassInfo) -> bool:
    return file.project.resolver.is_subclass(cls, COMMAND)


def is_runnable(file: FileContext, cls: ClassInfo) -> bool:
    """Whether ``manage.py`` finds command class `cls`, or one that is made from it."""
    if in_commands(file):
        return True
    modules = file.project.modules.values()
    commands = (file.sibling(module) for module in modules if _FOLDER in module.path)
    found = (other.module.symbols.get("Command") for other in commands if in_commands(other))
    return any(isinstance(each, ClassInfo) and cls in file.project.resolver.mro(each) for each in found)


def command_of(file: FileContext, info: FunctionInfo) -> ClassInfo | None:
    """The command class whose method `info` is, or is nested in."""
    while info.parent is not None:
        info = info.parent
    owner = info.owner
    return owner if owner is not None and is_command_class(file, owner) else None


def command_scopes(file: FileContext) -> Iterator[tuple[Scope, FunctionInfo]]:
    """Methods of commands, and the functions beside a command in its module."""
    inside = in_commands(file)
    for scope in file.scopes:
        info = scope.function
        if info is not None and (inside or command_of(file, info) is not None):
            yield scope, info


def argument_calls(cls: ClassInfo) -> Iterator[tuple[ir.Call, Code, FunctionInfo]]:
    """The ``parser.add_argument(...)`` calls in the methods of `cls` itself."""
    for method in cls.methods():
        for node in walk(method.statements):
            if (
                isinstance(node, ir.Call)
                and isinstance(node.func, ir.Attr)
                and node.func.name == "add_argument"
            ):
                yield node, method.body_code, method


def destination(call: ir.Call) -> str | None:
    """Under which name the parsed value of an ``add_argument`` call is found."""
    given = call.keyword("dest")
    if given is not None:
        return given.value if isinstance(given, ir.Const) and isinstance(given.value, str) else None
    names = [arg.value for arg in call.args if isinstance(arg, ir.Const) and isinstance(arg.value, str)]
    if len(names) != len(call.args) or not names:
        return None
    long = [name for name in names if name.startswith("--")] or names
    return long[0].lstrip("-").replace("-", "_")
