"""Questions about querysets that several rules ask."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.context import Scope
from djguide_analyzers.trace.refine import CACHE_SERVED
from djguide_analyzers.trace.values import ManagerValue, QuerySetValue


def answers_from_cache(scope: Scope, code: Code, node: ir.Expr, value: QuerySetValue | ManagerValue) -> bool:
    """Whether a prefetch may hold the rows of `value`, so that asking them costs nothing.

    So it is for a relation that is prefetched, and possibly for one of a row that came from outside.
    """
    related = value.related
    if related is None:
        return False
    if isinstance(value, QuerySetValue) and any(link.name not in CACHE_SERVED for link in value.query.chain):
        return False
    return related.prefetched or not related.row.provenance_known
