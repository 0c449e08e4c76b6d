"""The first rows of a queryset that has no order."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.layout import quoted
from djguide_analyzers.rules.ordering import order_of
from djguide_analyzers.rules.queryset_calls import append_call
from djguide_analyzers.trace.events import QueryRun, Write
from djguide_analyzers.trace.values import Query, QuerySetValue

RULE = Rule(
    summary="A slice of a queryset without an order takes any rows",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)

_PROBES = frozenset({"count", "exists", "contains", "len", "bool", "aggregate", "delete", "update"})
_PROBING_CALLS = frozenset({"len", "bool", "any", "Exists", "Subquery", "exists"})
_REDUCING = frozenset({"distinct", "union", "intersection", "difference"})


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    skipped = _in_probes(scope)
    for node, code in scope.nodes(ir.Subscript):
        base, result = scope.value(code, node.value), scope.value(code, node)
        if not isinstance(node.index, ir.Slice) or (code, node.at) in skipped:
            continue
        if not isinstance(base, QuerySetValue) or not isinstance(result, QuerySetValue):
            continue
        if result.query.limit is not None and result.query.limit == 2:
            continue  # looks whether there is more than one
        if "sample" in file.text(code, node.index).lower():
            continue
        if _takes_any_rows(file, base.query) and not _is_batch(scope, base.query, result):
            yield _hit(file, code, node, base.query)


def _takes_any_rows(file: FileContext, query: Query) -> bool:
    names = [link.name for link in query.chain]
    if query.single or query.sliced or "none" in names or _is_grouped(names):
        return False
    if any(
        isinstance(node, ir.Call) and _called(node) == "OuterRef"
        for link in query.chain
        for node in walk(link.node)
    ):
        return False  # a subquery for one value, mostly of the only row there is
    return order_of(file.project.graph, query).is_none


def _is_grouped(names: list[str]) -> bool:
    """Whether each row stands for a group of rows, which an order by key would take apart."""
    values = [number for number, name in enumerate(names) if name in ("values", "values_list")]
    return bool(values) and "annotate" in names[values[0] :]


def _in_probes(scope: Scope) -> set[tuple[Code, int]]:
    """Slices of which the number of rows matters, or whether there is one; and those a drain loop takes."""
    found: set[tuple[Code, int]] = {(code, test.at) for test, code in scope.tests()}
    for node, code in scope.nodes(ir.Call):
        if _called(node) in _PROBING_CALLS:
            found |= {(code, arg.at) for arg in node.args}
    measured = {
        arg.id
        for node, _ in scope.nodes(ir.Call)
        if _called(node) == "len"
        for arg in node.args
        if isinstance(arg, ir.Name)
    }
    for node, code in scope.nodes(ir.Assign):
        kept = any(isinstance(target, ir.Name) and target.id in measured for target in node.targets)
        if kept and isinstance(node.value, ir.Call) and _called(node.value) in ("list", "tuple", "set"):
            found |= {(code, arg.at) for arg in node.value.args}
    for kind in (ir.While, ir.Keyword):
        for node, code in scope.nodes(kind):
            if isinstance(node, ir.Keyword) and not (node.name or "").endswith("__in"):
                continue
            found |= {(code, inner.at) for inner in walk(node) if isinstance(inner, ir.Subscript)}
    return found


def _called(node: ir.Call) -> str:
    return node.func.id if isinstance(node.func, ir.Name) else getattr(node.func, "name", "")


def _is_batch(scope: Scope, query: Query, result: QuerySetValue) -> bool:
    """Whether the rows are only counted, or one portion of rows that are all worked off."""
    operations = {
        event.operation
        for event in scope.trace.events
        if isinstance(event, QueryRun) and event.identity == result.identity
    }
    if operations and operations <= _PROBES:
        return True
    return any(
        isinstance(event, Write) and event.model == query.model and event.operation in ("delete", "update")
        for event in scope.trace.events
    )


def _hit(file: FileContext, code: Code, node: ir.Subscript, query: Query) -> Hit:
    title = 'Order by the key: order_by("pk")'
    edit = None
    if not any(link.name in _REDUCING for link in query.chain):
        grouped = any(link.name == "annotate" for link in query.chain) and query.shape != "instances"
        edit = (
            None
            if grouped
            else append_call(file, query, f"order_by({quoted(file, 'pk')})", (code, node.value))
        )
    fix = Fix(title, Safety.MANUAL) if edit is None else Fix(title, Safety.REVIEW, (edit,))
    model = query.model.rpartition(".")[2]
    return Hit(
        file.place(code, node),
        f"The rows of {model} come in no particular order, so this slice takes any of them, and other ones "
        "tomorrow: say which come first",
        fixes=(fix,),
        data={"model": query.model},
    )
