"""A sliced queryset is refined."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.certain import origins, probing
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Related, Severity
from djguide_analyzers.rules.ordering import order_of
from djguide_analyzers.rules.queryset_calls import QuerySetCall, queryset_calls
from djguide_analyzers.trace.values import QuerySetValue

RULE = Rule(
    summary="A sliced queryset is filtered, sorted, updated or deleted, which raises TypeError",
    severity=Severity.ERROR,
)

_REFUSED = (
    "filter", "exclude", "complex_filter", "order_by", "reverse", "distinct", "last", "latest", "earliest",
    "in_bulk", "contains", "update", "delete", "dates", "datetimes", "extra", "get_or_create",
    "update_or_create", "get", "first",
)  # fmt: skip


_KEEPING = frozenset(
    {
        "all", "select_related", "prefetch_related", "annotate", "alias", "only", "defer", "values", "values_list",
        "using", "select_for_update",
    }
)  # fmt: skip


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    attempts = probing(scope)
    for call in queryset_calls(scope, *_REFUSED):
        if file.is_test or (call.code, call.node.at) in attempts or not _refuses(file, call):
            continue
        cut = _cut(scope, call)
        if cut is not None:
            yield Hit(
                file.place(call.code, call.node),
                f"`{call.func.name}()` of a sliced queryset raises TypeError: refine first, slice last",
                related=(Related("the slice", file.place(call.code, cut)),),
                data={"model": call.model},
            )


def _refuses(file: FileContext, call: QuerySetCall) -> bool:
    if call.name == "get":
        return bool(call.node.args or call.node.keywords)
    if call.name in ("filter", "exclude"):
        return bool(call.node.args or call.node.keywords)
    if call.name == "first":  # sorts by the key where there is no order
        value = call.receiver
        return isinstance(value, QuerySetValue) and order_of(file.project.graph, value.query).is_none
    return True


def _cut(scope: Scope, call: QuerySetCall) -> ir.Subscript | None:
    """The slice that is refined, if the receiver is one on every path."""
    for node in origins(scope, call.code, call.func.value):
        if isinstance(node, ir.Subscript) and isinstance(node.index, ir.Slice):
            return node if node.index.step is None and _is_queryset(scope, call, node) else None
        if isinstance(node, ir.Call) and not _keeps_slice(scope, call, node):
            return None
    return None


def _is_queryset(scope: Scope, call: QuerySetCall, node: ir.Subscript) -> bool:
    return isinstance(scope.value(call.code, node), QuerySetValue)


def _keeps_slice(scope: Scope, call: QuerySetCall, node: ir.Call) -> bool:
    """Whether a call on the way returns the same rows."""
    name = node.func.name if isinstance(node.func, ir.Attr) else ""
    return name in _KEEPING and isinstance(scope.value(call.code, node), QuerySetValue)
