"""Importing a module queries the database."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Place, Severity
from djguide_analyzers.rules.scripts import is_script
from djguide_analyzers.trace.events import QueryRun

RULE = Rule(
    summary="A query runs when the module is imported",
    severity=Severity.ERROR,
)

_RUNNING = frozenset(
    {
        "get",
        "first",
        "last",
        "count",
        "exists",
        "latest",
        "earliest",
        "aggregate",
        "in_bulk",
        "create",
        "get_or_create",
    }
)
_CONSUMING = frozenset(
    {"list", "tuple", "set", "dict", "len", "sorted", "sum", "max", "min", "bool", "frozenset"}
)
_MESSAGE = (
    "This queries the database when the module is imported: the answer grows stale, and without the table (a first "
    "`migrate`) the import fails"
)


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test or is_script(file):
        return
    top = file.top
    later = _runs_later(top)
    seen: set[Place] = set()
    for event in top.trace.everything():
        if not isinstance(event, QueryRun) or event.cached:
            continue
        if len(event.context.stack) > 1 or not all(_runs_at_once(s.callee) for s in event.context.stack):
            continue
        site = event.context.stack[0].site if event.context.stack else event.site
        if not file.is_own(site) or site.code.body >= 0 or (site.code, site.at) in later:
            continue
        if (place := file.place_of(site)) not in seen:
            seen.add(place)
            yield Hit(place, _MESSAGE, data={"model": event.query.model})
    for info in file.module.functions():
        for param in info.node.params.items:
            if param.default is not None and _runs(file, info, param.default):
                yield Hit(file.place(info.code, param.default), _MESSAGE)


def _runs_at_once(info: FunctionInfo) -> bool:
    """Whether calling a plain function runs all of it: no generator, and no function that it only makes."""
    if info.module.origin != "project" or info.owner is not None or info.parent is not None:
        return False
    if info.node.is_generator or info.node.is_async:
        return False
    return not any(isinstance(node, (ir.FunctionDef, ir.Lambda)) for node in walk(info.statements))


def _runs_later(top: Scope) -> set[tuple[Code, int]]:
    """Nodes at the top level that importing does not run: lambdas, and what stands below ``if __name__``."""
    found: set[tuple[Code, int]] = set()
    for node, code in top.nodes(ir.Lambda):
        found |= {(code, inner.at) for inner in walk(node.body)}
    for node, code in top.nodes(ir.If):
        names = {inner.id for inner in walk(node.test) if isinstance(inner, ir.Name)}
        if names & {"__name__", "TYPE_CHECKING"}:
            found |= {(code, inner.at) for inner in walk(node.body)}
    for node, code in top.nodes(ir.Comp):
        if node.kind == "generator":  # made now, run by whoever asks
            found |= {(code, inner.at) for inner in walk(node.element)}
    return found


def _runs(file: FileContext, info: FunctionInfo, node: ir.Expr) -> bool:
    """Whether a default value, which the trace of the top level does not enter, runs a query."""
    match node:
        case ir.Call(func=ir.Name(id=name), args=[first, *_]) if name in _CONSUMING:
            return _is_rows(file, info, first) or _runs(file, info, first)
        case ir.Call(func=ir.Attr(value=receiver, name=name)) if name in _RUNNING:
            return _is_rows(file, info, receiver)
        case ir.Subscript(value=value, index=index) if not isinstance(index, ir.Slice):
            return _is_rows(file, info, value)
        case ir.Attr(value=value):
            return _runs(file, info, value)
        case ir.Comp(kind="list" | "set" | "dict", clauses=[ir.Clause(iter=rows), *_]):
            return _is_rows(file, info, rows)
        case _:
            return False


def _is_rows(file: FileContext, info: FunctionInfo, node: ir.Expr) -> bool:
    """Whether an expression is a chain of calls on a manager of one of the project's models."""
    while isinstance(node, ir.Call) and isinstance(node.func, ir.Attr):
        if node.func.name in _RUNNING:
            return False
        node = node.func.value
    if not isinstance(node, ir.Attr):
        return False
    cls = file.project.resolver.expr(info.code, node.value, info.owner)
    model = file.project.graph.of_class(cls) if isinstance(cls, ClassInfo) else None
    return model is not None and node.name in model.managers
