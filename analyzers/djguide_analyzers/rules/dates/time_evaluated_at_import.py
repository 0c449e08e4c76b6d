"""The time is taken while a module is imported, and never again."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.fields import declared_fields
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.loop_writes import is_seeding
from djguide_analyzers.rules.management import in_commands
from djguide_analyzers.rules.scripts import is_script
from djguide_analyzers.rules.setting_files import is_settings_file

RULE = Rule(
    summary="The time is taken once, when the module is imported",
    severity=Severity.WARNING,
    safety=Safety.MANUAL,
)

_CLOCKS = frozenset(
    {
        "datetime.date.today",
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "django.utils.timezone.localdate",
        "django.utils.timezone.localtime",
        "django.utils.timezone.now",
    }
)
_MEANT = re.compile(r"start|boot|launch|begin|began|import|load|built|build|version|release", re.IGNORECASE)


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test or is_seeding(file) or in_commands(file) or is_settings_file(file) or is_script(file):
        return
    in_fields = {
        (field.code, inner.at) for field in declared_fields(file) for inner in walk(field.call)
    }  # another rule speaks of those
    for chunk in file.module.facts.chunks:
        code = Code(file.module, chunk)
        skipped = _skipped(chunk.outline)
        for node in walk(chunk.outline):
            if not isinstance(node, ir.Call) or id(node) in skipped or (code, node.at) in in_fields:
                continue
            if isinstance(node.func, ir.Attr | ir.Name) and file.resolve(code, node.func) in _CLOCKS:
                yield Hit(
                    file.place(code, node),
                    "This is the time at which the module was imported, for as long as the process runs",
                    fixes=(Fix("Take the time where it is needed, in a function", Safety.MANUAL),),
                )


def _skipped(outline: list[ir.Stmt]) -> set[int]:
    """Nodes that run later, or whose name says that the time of the start is meant."""
    found: set[int] = set()
    for node in walk(outline):
        if isinstance(node, ir.Lambda):
            found |= {id(inner) for inner in walk(node.body)}
        elif isinstance(node, ir.Assign):
            names = [t.id if isinstance(t, ir.Name) else getattr(t, "name", "") for t in node.targets]
            if any(_MEANT.search(name) for name in names):
                found |= {id(inner) for inner in walk(node.value)}
        elif isinstance(node, ir.If) and any(
            isinstance(part, ir.Name) and part.id == "__name__" for part in walk(node.test)
        ):
            found |= {id(inner) for inner in walk(node.body)}
    return found
