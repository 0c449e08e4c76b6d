"""Questions about querysets that several rules ask."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.context import Scope
from djguide_analyzers.trace.events import QueryRun, QuerySetUse
from djguide_analyzers.trace.refine import is_served
from djguide_analyzers.trace.values import ManagerValue, QuerySetValue, Site


def answers_from_cache(scope: Scope, code: Code, node: ir.Expr, value: QuerySetValue | ManagerValue) -> bool:
    """Whether a prefetch may hold the rows of `value`, so that asking them costs nothing.

    So it is for a relation that is prefetched, and possibly for one of a row that came from outside.
    """
    related = value.related
    if related is None:
        return False
    if isinstance(value, QuerySetValue) and not is_served(value.query):
        return False
    return related.prefetched or not related.row.provenance_known


FEW = 20
"""Rows that cost no more to load than to count."""


def is_shared(scope: Scope, node: ir.Expr) -> bool:
    """Whether the queryset object at `node` may be read from elsewhere: an attribute, or a name of the module."""
    if not isinstance(node, ir.Name):
        return isinstance(node, ir.Attr)
    info = scope.function
    while info is not None:
        if any(param.name == node.id for param in info.node.params.items):
            return False
        if node.id in _assigned(info.statements):
            return False
        info = info.parent
    return True


def _assigned(statements: list[ir.Stmt]) -> set[str]:
    """Names that a function binds for itself by assignment."""
    names: set[str] = set()
    elsewhere: set[str] = set()
    for node in walk(statements):
        match node:
            case ir.Assign(targets=targets):
                names.update(target.id for target in targets if isinstance(target, ir.Name))
            case ir.Walrus(target=target):
                names.add(target)
            case ir.Scope(kind="global", names=declared):
                elsewhere.update(declared)
    return names - elsewhere


def is_read_later(scope: Scope, code: Code, node: ir.Expr) -> bool:
    """Whether the variable at `node` is mentioned again behind it, with whatever it may hold by then."""
    if not isinstance(node, ir.Name):
        return False
    end = code.range(node).end
    return any(
        other.id == node.id and where == code and code.range(other).start >= end
        for other, where in scope.nodes(ir.Name)
    )


def is_only_use(scope: Scope, code: Code, at: int, argument: ir.Expr, operation: str) -> bool:
    """Whether `operation`, at node `at`, is all that ever looks at the rows of the queryset object `argument`."""
    events = scope.trace.events
    site = Site(code, at)
    ran = [e for e in events if isinstance(e, QueryRun) and e.site == site and e.operation == operation]
    if not ran:
        return False
    mine = {event.identity for event in ran}
    argument_site = Site(code, argument.at)
    for event in events:
        if isinstance(event, QuerySetUse) and event.queryset.identity in mine:
            if not event.harmless and event.site != argument_site:
                return False
        elif isinstance(event, QueryRun) and event.identity in mine and event not in ran:
            return False
    return True
