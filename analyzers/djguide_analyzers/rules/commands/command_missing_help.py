"""A management command says nothing about itself."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, Value
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.management import COMMAND, in_commands, is_command_class
from djguide_analyzers.rules.places import name_place

RULE = Rule(
    summary="A management command has no `help` text",
    severity=Severity.INFO,
    safety=Safety.MANUAL,
)

_DESCRIBES = ("help", "description")


def check(file: FileContext) -> Iterator[Hit]:
    if not in_commands(file):
        return
    command = file.module.symbols.get("Command")
    if not isinstance(command, ClassInfo) or not is_command_class(file, command):
        return
    if not _has_no_text(file, command) or _describes_itself(file, command) or _is_another(file, command):
        return
    yield Hit(
        name_place(file, command.code, command.node),
        "`manage.py help` has nothing to say about this command: it has no `help` text",
        fixes=(Fix("Say in `help` what the command does", Safety.MANUAL),),
    )


def _has_no_text(file: FileContext, command: ClassInfo) -> bool:
    """Whether ``help`` is certainly Django's own empty text, or another empty one."""
    found = file.project.resolver.class_attribute(command, "help")
    if found is None:
        return False
    owner, binding = found
    if owner.dotted == COMMAND:
        return True
    return (
        isinstance(binding, Value) and isinstance(binding.expr, ir.Const) and binding.expr.value in ("", None)
    )


def _is_another(file: FileContext, command: ClassInfo) -> bool:
    """Whether it is made from another command of the project, which has no text either and is told so."""
    bases = file.project.resolver.mro(command)[1:]
    return any(
        isinstance(base, ClassInfo) and base.name == "Command" and in_commands(file.sibling(base.module))
        for base in bases
        if isinstance(base, ClassInfo) and base.module.origin == "project"
    )


def _describes_itself(file: FileContext, command: ClassInfo) -> bool:
    """Whether a method of the hierarchy sets a text: ``self.help = ...`` or ``parser.description = ...``."""
    for cls in file.project.resolver.mro(command):
        if not isinstance(cls, ClassInfo) or cls.dotted == COMMAND:
            continue
        for method in cls.methods():
            for node in walk(method.statements):
                if isinstance(node, ir.Assign):
                    targets = node.targets
                    if any(isinstance(target, ir.Attr) and target.name in _DESCRIBES for target in targets):
                        return True
                elif isinstance(node, ir.Keyword) and node.name == "description":
                    return True
    return False
