"""Coupled writes that no transaction holds together: what the rules about them share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.project.serializers import is_serializer
from djguide_analyzers.rules.atomicity import Atomic, Regions, regions_of
from djguide_analyzers.rules.base import Hit
from djguide_analyzers.rules.bodies import Body
from djguide_analyzers.rules.callers import Coverage, callers_of
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.coupling import Coupling, couplings, separate
from djguide_analyzers.rules.entry_points import MODEL_ADMIN, is_admin_action
from djguide_analyzers.rules.finding import Place, Related, Safety, Severity
from djguide_analyzers.rules.loop_writes import is_seeding
from djguide_analyzers.rules.reaching_out import reaching_out
from djguide_analyzers.rules.step_by_step import is_step_by_step
from djguide_analyzers.rules.wrapping import in_transaction
from djguide_analyzers.rules.write_units import Unit, units
from djguide_analyzers.trace.events import Called, Event, Write

Role = Literal["serializer", "admin action", "unrelated"]
_ONCE = re.compile(
    r"sample|demo|seed|populate|fixture|testdata|test_data|create_test|dummy|fake|initial|load_data|benchmark"
)
"""Code that fills a database for trial, and is started again when it fails."""


@dataclass(frozen=True, slots=True)
class Unprotected:
    """Writes of one function that may stay half done.

    `coverage` is what its callers do about it. `reaching_out` are its calls, by node, that do something which no
    rollback takes back.

    `role` tells those that a rule of their own is about: in serializers, where all writes count, in admin actions,
    and writes that have nothing to do with each other. None for coupled ones elsewhere.
    """

    body: Body
    coupling: Coupling
    last: Unit
    coverage: Coverage
    reaching_out: frozenset[int]
    role: Role | None


def unprotected(file: FileContext, scope: Scope) -> Unprotected | None:
    """The several writes of a function, if it has some, that may run outside of any transaction."""
    if file.is_test or is_seeding(file) or _ONCE.search(file.path[len(file.project.root) :]):
        return None
    return file.during_check((unprotected, scope), lambda: _found(file, scope))


def _found(file: FileContext, scope: Scope) -> Unprotected | None:
    info = scope.function
    if info is None or info.parent is not None or _ONCE.search(info.name):
        return None
    if sum(1 for event in scope.trace.events if _writes(event)) < 2:
        return None  # all that follows costs more
    found = units(file, scope)
    if len({unit.node.at for unit in found}) < 2:
        return None
    regions, role = regions_of(file.project, info), role_of(file, info)
    body = regions.body
    pairs = [c for c in couplings(file.project, body, found) if _is_split(regions, c, found)]
    if not pairs:
        pairs = [c for c in separate(body, found) if _is_split(regions, c, found)]
        role = role if role == "serializer" else "unrelated"
        role = role if role == "serializer" else "unrelated"
    if not pairs:
        return None
    coverage = callers_of(file).coverage(info)
    if coverage.answer in ("all", "unknown"):
        return None
    first = pairs[0]
    related = [pair for pair in pairs if pair.first.node is first.first.node]
    last = max(related, key=lambda pair: _position(body, pair.second)).second
    return Unprotected(body, first, last, coverage, frozenset(reaching_out(scope, body)), role)


def _writes(event: Event) -> bool:
    return isinstance(event, Write) or (isinstance(event, Called) and event.summary.writes)


def _position(body: Body, unit: Unit) -> tuple[int, int]:
    start = body.code.range(unit.node).start
    return start.line, start.column


def _is_split(regions: Regions, coupling: Coupling, found: list[Unit]) -> bool:
    return not is_together(regions, coupling) and not is_step_by_step(regions, coupling, found)


def is_together(regions: Regions, coupling: Coupling) -> bool:
    """Whether a transaction holds both writes, or may; or somebody has given each one of its own."""
    one, other = _open(regions, coupling.first), _open(regions, coupling.second)
    if any(not atomic.certain for atomic in (*one, *other)):
        return True
    return bool(one) and bool(other)


def _open(regions: Regions, unit: Unit) -> list[Atomic]:
    using = alias_of(unit.node)
    return [atomic for atomic in regions.at(unit.node) if atomic.protects(using)]


def alias_of(node: ir.Call) -> str | None:
    """The alias of the database that a write names: ``save(using=...)``, ``objects.using(...)``."""
    given = node.keyword("using")
    current: ir.Expr = node.func
    while given is None and isinstance(current, (ir.Attr, ir.Call)):
        if (
            isinstance(current, ir.Call)
            and isinstance(current.func, ir.Attr)
            and current.func.name == "using"
        ):
            given = current.args[0] if current.args else current.keyword("alias")
        current = current.func if isinstance(current, ir.Call) else current.value
    if given is None:
        return None
    return given.value if isinstance(given, ir.Const) and isinstance(given.value, str) else "?"


def role_of(file: FileContext, info: FunctionInfo) -> Role | None:
    """What kind of function a rule of its own is about."""
    cls = info.owner
    if cls is None:
        return "admin action" if is_admin_action(info) and info.node.params.items[0].name != "self" else None
    if info.name in ("create", "update") and is_serializer(file.project, cls):
        return "serializer"
    if is_admin_action(info) and file.project.resolver.is_subclass(cls, MODEL_ADMIN):
        return "admin action" if info.name != "delete_queryset" else None
    return None


def hit(
    file: FileContext, found: Unprotected, place: Place | None = None, safety: Safety = Safety.REVIEW
) -> Hit:
    """The finding, at the first of the writes where no `place` is given; `safety` is that of its fix."""
    coupling, code = found.coupling, found.body.code
    some = found.coverage.answer == "some"
    related = [Related("belongs to it", file.place(code, coupling.second.node))]
    calls = found.coverage.unprotected[:3] if some else []
    related += [Related("called without a transaction", file.place(call.code, call.node)) for call in calls]
    where = "not all callers open a transaction" if some else "there is no transaction"
    aliases = {alias_of(unit.node) for unit in (coupling.first, coupling.second)}
    using = next(iter(aliases)) if len(aliases) == 1 else "?"
    fix = in_transaction(
        file, found.body, coupling.first.node, found.last.node, using, safety, found.reaching_out
    )
    return Hit(
        place or file.place(code, coupling.first.node),
        f"When a later step fails, {coupling.reason}: {where} around the two writes",
        related=tuple(related),
        fixes=(fix,),
        severity=Severity.INFO if some else None,
    )
