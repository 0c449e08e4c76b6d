"""Every form of a formset, or of an admin inline, fetches the choices of its selects anew."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.admin_formsets import Repeated, factories, inlines
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Safety, Severity

RULE = Rule(
    summary="Each form of a formset fetches the choices of its selects anew",
    severity=Severity.INFO,
    safety=Safety.MANUAL,
)


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    for cls in file.classes():
        if (found := inlines(file, cls)) is not None:
            yield _hit(found, "inline", "name them in autocomplete_fields or raw_id_fields")


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    for node, code in scope.nodes(ir.Call):
        if (found := factories(file, node, code)) is not None:
            yield _hit(
                found, "formset", "set its choices once for all forms, or use a widget that lists none"
            )


def _hit(found: Repeated, what: str, advice: str) -> Hit:
    listed = ", ".join(f"`{name}`" for name in found.names)
    several = len(found.names) > 1
    return Hit(
        found.place,
        f"Every form of this {what} has {'selects' if several else 'a select'} for {listed}: "
        f"{'each runs' if several else 'it runs'} a query of its own and makes a label of every row",
        fixes=(Fix(advice[0].upper() + advice[1:], Safety.MANUAL),),
        data={"relation": ",".join(found.names)},
    )
