"""Put selected statements into ``with transaction.atomic():``."""

from __future__ import annotations

from djguide_analyzers.assist.refactorings.base import Change, Refactoring, Region
from djguide_analyzers.assist.refactorings.variables import bound_in
from djguide_analyzers.facts import ir
from djguide_analyzers.rules.edits import import_name
from djguide_analyzers.source.edits import Edit

KIND = "refactor.rewrite.djguide.atomic"


def wrap_in_atomic(region: Region) -> Refactoring | None:
    """None in coroutines, where it has no effect, and in generators, which would keep the transaction open."""
    function = region.function.node
    if function.is_async or function.is_generator or region.holds(ir.Yield, ir.Await):
        return None
    if region.holds(ir.Scope) or "transaction" in bound_in(region.outermost):
        return None
    return Refactoring(KIND, "Wrap in transaction.atomic()", lambda: _change(region))


def _change(region: Region) -> Change | None:
    file = region.source.context()
    imported = import_name(file, "django.db", "transaction") if file is not None else None
    if imported is None:
        return None
    name, edits = imported
    unit = "\t" if region.indent.startswith("\t") else "    "
    lines = [f"{region.indent}with {name}.atomic():", *region.shifted(unit)]
    text = "\n".join(lines) + "\n"
    return region.source.checked(Change((*edits, Edit(region.source.path, region.range, text))))
