"""Calls that enter code whose effects leave the database, some functions further."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import BODIES_READ, FunctionInfo
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.bodies import Body
from djguide_analyzers.rules.context import Scope
from djguide_analyzers.rules.effects import leaves_database
from djguide_analyzers.trace.tracer import Trace, trace_function
from djguide_analyzers.trace.values import BoundMethod, FunctionValue, Row

_MAX_DEPTH = 2
"""Calls inside one another in which effects are looked for."""


def reaching_out(scope: Scope, body: Body) -> Iterator[int]:
    """The calls of a function, by node, that enter code which queues a task, sends mail or the like."""
    for call in body.calls:
        entered = _entered(body, scope.trace, call, {})
        if entered is not None and _leaves_database(body.project, *entered, depth=1):
            yield call.at


Models = Mapping[str, str]
"""Labels of the models whose rows parameters are."""


def _leaves_database(project: Project, info: FunctionInfo, given: Models, depth: int) -> bool:
    body = Body(project, info)
    if any(leaves_database(body, call) is not None for call in body.calls):
        return True
    if depth >= _MAX_DEPTH:
        return False
    trace = trace_function(project, info)
    if (read := BODIES_READ.get()) is not None:
        read |= trace.modules
    entered = (_entered(body, trace, call, given) for call in body.calls)
    return any(each is not None and _leaves_database(project, *each, depth + 1) for each in entered)


def _entered(body: Body, trace: Trace, call: ir.Call, given: Models) -> tuple[FunctionInfo, Models] | None:
    """The function of the project that a call enters, with the models of the rows it is handed."""
    value = trace.value(body.code, call.func)
    info = value.info if isinstance(value, (BoundMethod, FunctionValue)) else _method(body, call, given)
    if info is None or info.module.origin != "project":
        return None
    params = [param.name for param in info.node.params.items if param.kind in ("pos", "any")]
    positional = params[1:] if isinstance(value, BoundMethod) else params
    pairs = [*zip(positional, call.args, strict=False), *((k.name, k.value) for k in call.keywords)]
    rows = ((name, trace.value(body.code, node)) for name, node in pairs)
    return info, {name: row.model for name, row in rows if name is not None and isinstance(row, Row)}


def _method(body: Body, call: ir.Call, given: Models) -> FunctionInfo | None:
    """The method of a row that the function was handed."""
    match call.func:
        case ir.Attr(value=ir.Name(id=name), name=method) if name in given:
            model = body.project.graph.get(given[name])
            found = body.project.resolver.class_attribute(model.cls, method) if model is not None else None
            return found[1] if found is not None and isinstance(found[1], FunctionInfo) else None
    return None
