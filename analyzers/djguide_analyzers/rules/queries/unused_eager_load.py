"""A relation is loaded along with rows that nobody reads it of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.source.positions import Range
from djguide_analyzers.trace.values import QuerySetValue

RULE = Rule(
    summary="A queryset loads a relation that the loop over its rows does not read",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
    default=False,
)

_LOADING = frozenset({"select_related", "prefetch_related"})


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    for scope in file.scopes:
        if scope.function is None:
            continue
        for loop, code in scope.nodes(ir.For):
            yield from _check(file, scope, code, loop.iter, loop.target, loop.body)
        for comp, code in scope.nodes(ir.Comp):
            if len(comp.clauses) == 1:
                clause = comp.clauses[0]
                parts = [comp.element, *clause.ifs]
                yield from _check(file, scope, code, clause.iter, clause.target, parts)


def _check(
    file: FileContext,
    scope: Scope,
    code: Code,
    source: ir.Expr,
    target: ir.Expr,
    body: Sequence[ir.Node],
) -> Iterator[Hit]:
    """For a loop whose rows nobody but its body sees."""
    rows = scope.value(code, source)
    if (
        not isinstance(target, ir.Name)
        or not isinstance(rows, QuerySetValue)
        or rows.query.shape != "instances"
    ):
        return
    model = file.project.graph.get(rows.query.model)
    calls = list(_loading_calls(source))
    if model is None or not calls or rows.query.opaque or not _is_only_here(scope, target.id, body):
        return
    read = _columns_read(model, target.id, body)
    for call in calls if read is not None else ():
        for argument in call.args:
            path = argument.value if isinstance(argument, ir.Const) else None
            if isinstance(path, str) and read is not None and path.partition("__")[0] not in read:
                yield _hit(file, code, call, argument, path)


def _loading_calls(node: ir.Expr) -> Iterator[ir.Call]:
    """The calls in a chain that name relations to be loaded, with nothing but texts."""
    while isinstance(node, ir.Call) and isinstance(node.func, ir.Attr):
        texts = all(isinstance(argument, ir.Const) for argument in node.args)
        if node.func.name in _LOADING and texts and not node.keywords:
            yield node
        node = node.func.value


def _is_only_here(scope: Scope, name: str, body: Sequence[ir.Node]) -> bool:
    """Whether the loop's variable is not used anywhere else in the function."""
    inside = {
        node.at for part in body for node in walk(part) if isinstance(node, ir.Name) and node.id == name
    }
    everywhere = [node for node, _ in scope.nodes(ir.Name) if node.id == name and node.at not in inside]
    nested = any(isinstance(node, (ir.FunctionDef, ir.Lambda)) for part in body for node in walk(part))
    return len(everywhere) == 1 and not nested  # the target itself


def _columns_read(model: Model, name: str, body: Sequence[ir.Node]) -> set[str] | None:
    """The relations and columns that the body reads of its row; None where the row goes elsewhere."""
    read: set[str] = set()
    owned: set[int] = set()
    for part in body:
        for node in walk(part):
            if isinstance(node, ir.Attr) and isinstance(node.value, ir.Name) and node.value.id == name:
                if (
                    node.name not in model.fields
                    and model.field_of_attname(node.name) is None
                    and node.name != "pk"
                ):
                    return None  # a method, a property, an annotation: it may read anything
                read.add(node.name)
                owned.add(node.value.at)
    names = {node.at for part in body for node in walk(part) if isinstance(node, ir.Name) and node.id == name}
    return read if names == owned else None


def _hit(file: FileContext, code: Code, call: ir.Call, argument: ir.Expr, path: str) -> Hit:
    assert isinstance(call.func, ir.Attr)
    cost = "a join" if call.func.name == "select_related" else "a query"
    return Hit(
        file.place(code, argument),
        f"`{path}` is loaded, for {cost}, but the loop reads nothing of it",
        fixes=(_fix(file, code, call, argument),),
        data={"relation": path},
    )


def _fix(file: FileContext, code: Code, call: ir.Call, argument: ir.Expr) -> Fix:
    """Leave the path out, with the call where it is the only one."""
    title = "Do not load it"
    assert isinstance(call.func, ir.Attr)
    if len(call.args) == 1:
        whole = Range(code.range(call.func.value).end, code.range(call).end)
        return (
            Fix(title, Safety.MANUAL)
            if "#" in file.slice(whole)
            else Fix(title, Safety.REVIEW, (replace(file, whole, ""),))
        )
    number = call.args.index(argument)
    if number:
        own = Range(code.range(call.args[number - 1]).end, code.range(argument).end)
    else:
        own = Range(code.range(argument).start, code.range(call.args[1]).start)
    return (
        Fix(title, Safety.MANUAL)
        if "#" in file.slice(own)
        else Fix(title, Safety.REVIEW, (replace(file, own, ""),))
    )
