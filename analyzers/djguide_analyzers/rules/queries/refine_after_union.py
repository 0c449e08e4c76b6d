"""A combined queryset is refined."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.certain import origins, probing
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Related, Severity
from djguide_analyzers.rules.queryset_calls import QuerySetCall, queryset_calls
from djguide_analyzers.trace.values import QuerySetValue

RULE = Rule(
    summary="A union, intersection or difference is refined, which raises NotSupportedError",
    severity=Severity.ERROR,
)

_COMBINING = frozenset({"union", "intersection", "difference"})
_REFUSED = (
    "filter", "exclude", "get", "distinct", "annotate", "alias", "only", "defer", "select_related",
    "prefetch_related", "contains", "update", "delete", "dates", "datetimes", "extra", "get_or_create",
    "update_or_create",
)  # fmt: skip


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    attempts = probing(scope)
    for call in queryset_calls(scope, *_REFUSED):
        if file.is_test or (call.code, call.node.at) in attempts:
            continue
        if call.name == "get" and not call.node.args and not call.node.keywords:
            continue
        combined = _combined(scope, call)
        if combined is not None:
            yield Hit(
                file.place(call.code, call.node),
                f"`{call.func.name}()` after `{_name(combined)}()` raises NotSupportedError: refine the parts "
                "before they are combined",
                related=(Related("combined here", file.place(call.code, combined)),),
                data={"model": call.model},
            )


def _name(node: ir.Call) -> str:
    return node.func.name if isinstance(node.func, ir.Attr) else ""


def _combined(scope: Scope, call: QuerySetCall) -> ir.Call | None:
    """The call that combines, if the receiver is its result on every path."""
    for node in origins(scope, call.code, call.func.value):
        if not isinstance(node, ir.Call):
            continue
        if _name(node) in _COMBINING:
            return node if _combines(scope, call, node) else None
        if _name(node) not in ("all", "order_by", "reverse", "using", "values", "values_list"):
            return None
    return None


def _combines(scope: Scope, call: QuerySetCall, node: ir.Call) -> bool:
    """Whether all parts are querysets, none of which may be empty by ``none()``: then the other comes back."""
    assert isinstance(node.func, ir.Attr)
    if not isinstance(scope.value(call.code, node), QuerySetValue) or not node.args:
        return False
    for part in (node.func.value, *node.args):
        value = scope.value(call.code, part)
        if isinstance(part, ir.Star) or not isinstance(value, QuerySetValue):
            return False
        if any(link.name == "none" for link in value.query.chain) or value.query.opaque:
            return False
        if not _is_direct(scope, call, part):
            return False
    return True


def _is_direct(scope: Scope, call: QuerySetCall, node: ir.Expr) -> bool:
    """Whether the way from a manager to `node` has no branches."""
    last = list(origins(scope, call.code, node))[-1]
    return not isinstance(last, (ir.IfExp, ir.Bool)) and (
        not isinstance(last, ir.Name) or not isinstance(scope.value(call.code, last), QuerySetValue)
    )
