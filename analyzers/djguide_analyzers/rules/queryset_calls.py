"""Calls of queryset and manager methods, and what a queryset's chain of calls says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import contains, walk
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Place
from djguide_analyzers.rules.flow import enclosing
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Range
from djguide_analyzers.trace.events import QueryRun
from djguide_analyzers.trace.refine import METHODS
from djguide_analyzers.trace.values import (
    BuiltinMethod,
    ClassValue,
    Link,
    ManagerValue,
    Query,
    QuerySetValue,
    Site,
)


@dataclass(frozen=True, slots=True)
class QuerySetCall:
    """A call of a method that Django defines, on a queryset or manager; `name` is without an ``a`` for async."""

    name: str
    node: ir.Call
    func: ir.Attr
    code: Code
    receiver: QuerySetValue | ManagerValue

    @property
    def model(self) -> str:
        """Label of the model whose rows it is about."""
        value = self.receiver
        return value.query.model if isinstance(value, QuerySetValue) else value.model


def queryset_calls(scope: Scope, *names: str) -> Iterator[QuerySetCall]:
    """Calls of the methods called `names` in `scope`, their async forms included; all when none is given."""
    for node, code in scope.nodes(ir.Call):
        func = node.func
        if not isinstance(func, ir.Attr):
            continue
        name = func.name[1:] if func.name[1:] in names and func.name not in names else func.name
        if names and name not in names:
            continue
        method = scope.value(code, func)
        if isinstance(method, BuiltinMethod) and isinstance(method.receiver, (QuerySetValue, ManagerValue)):
            yield QuerySetCall(name, node, func, code, method.receiver)


def query_before(project: Project, scope: Scope, call: QuerySetCall) -> Query | None:
    """The queryset that a call is made on; None where it is not fully known.

    Nothing is known of a manager with a ``get_queryset`` of its own but from what its call returns or runs.
    """
    if isinstance(call.receiver, QuerySetValue):
        return call.receiver.query
    if call.name in METHODS:
        result = scope.value(call.code, call.node)
        if isinstance(result, QuerySetValue):
            return without_last(result.query)
        return None
    site = Site(call.code, call.node.at)
    ran = [event.query for event in scope.trace.events if isinstance(event, QueryRun) and event.site == site]
    if ran:
        return ran[0]
    return Query(call.receiver.model) if has_plain_rows(project, call.receiver) else None


def without_last(query: Query) -> Query:
    """`query` with the chain before its last call; what that call has changed besides stays."""
    return query.but(chain=query.chain[:-1])


def has_plain_rows(project: Project, manager: ManagerValue) -> bool:
    """Whether the queryset a manager starts is Django's own: all rows, as they are."""
    info = manager.info
    if info is None:
        return manager.related is not None
    if info.cls is None:
        return info.class_name.startswith("django.")
    found = project.resolver.class_attribute(info.cls, "get_queryset")
    return (
        found is not None
        and isinstance(found[1], FunctionInfo)
        and found[0].module.name.startswith("django.db.models.")
    )


def place_of_link(link: Link) -> Place:
    """Where a call of a chain stands."""
    return Place(link.site.code.module.path, link.site.code.range(link.node))


def place_of_query(file: FileContext, query: Query) -> Place | None:
    """Where a queryset is built: its last call, else where it starts."""
    if query.chain:
        return place_of_link(query.chain[-1])
    return file.place_of(query.origin) if query.origin is not None else None


def append_call(
    file: FileContext, query: Query, call: str, use: tuple[Code, ir.Expr] | None = None
) -> Edit | None:
    """Add ``.call`` to the end of the chain that builds `query`, in place of an ``all()`` or a bare ``order_by()``.

    Where that end is just one of those that a variable may get, the call goes to `use`, an expression that holds
    the queryset, instead. None when neither lies in `file`, or nothing can be added to it.
    """
    if query.chain and is_one_of_several(file, query.chain[-1]):
        return _append_to(file, *use, call) if use is not None and not query.sliced else None
    if not query.chain:
        origin = query.origin
        if origin is None or origin.code.module.path != file.path:
            return None
        return insert(file, origin.code.range(origin.at).end, "." + call)
    last = query.chain[-1]
    code, func = last.site.code, last.node.func
    if code.module.path != file.path or not isinstance(func, ir.Attr) or query.sliced:
        return None
    replaced = last.name == "all" or (last.name == "order_by" and call.startswith("order_by("))
    if replaced and not last.node.args and not last.node.keywords:
        return replace(file, Range(code.name_range(func).start, code.range(last.node).end), call)
    start = code.name_range(func).start
    before = file.lines.line(start.line)[: start.column]
    separator = "\n" + before if before.strip() == "." else "."
    return insert(file, code.range(last.node).end, separator + call)


def _append_to(file: FileContext, code: Code, node: ir.Expr, call: str) -> Edit | None:
    if code.module.path != file.path or not isinstance(node, (ir.Name, ir.Attr, ir.Call)):
        return None
    return insert(file, code.range(node).end, "." + call)


def is_one_of_several(file: FileContext, link: Link) -> bool:
    """Whether a call of a chain stands in a branch, and its variable gets another queryset elsewhere."""
    scope = file.scope_of(link.site.code) if link.site.code.module.path == file.path else None
    block = next((block for block, code in scope.blocks if code == link.site.code), None) if scope else None
    if block is None:
        return False
    bound = [node for node in walk(block) if isinstance(node, ir.Assign) and node.value is not None]
    for node in bound:
        if node.value is None or not contains(node.value, link.node):
            continue
        if any(
            isinstance(part, (ir.IfExp, ir.Bool)) and contains(part, link.node) for part in walk(node.value)
        ):
            return True
        names = {target.id for target in node.targets if isinstance(target, ir.Name)}
        others = [each for each in bound if each is not node and any(_binds(each, name) for name in names)]
        branches = (ir.If, ir.Try, ir.Match, ir.For, ir.While)
        return bool(others) and any(isinstance(each, branches) for each in enclosing(block, node))
    return False


def _binds(node: ir.Assign, name: str) -> bool:
    """Whether an assignment sets the variable `name`."""
    return any(isinstance(target, ir.Name) and target.id == name for target in node.targets)


def literal_strings(call: ir.Call) -> list[ir.Const]:
    """The positional arguments that are literal strings."""
    return [arg for arg in call.args if isinstance(arg, ir.Const) and isinstance(arg.value, str)]


def has_star(call: ir.Call) -> bool:
    """Whether ``*args`` or ``**kwargs`` may add arguments."""
    return any(isinstance(arg, ir.Star) for arg in call.args) or any(k.name is None for k in call.keywords)


def shortcut_model(scope: Scope, code: Code, node: ir.Expr, project: Project) -> str | None:
    """Label of the model when `node` is a model class, manager or queryset, as Django's shortcuts accept it."""
    match scope.value(code, node):
        case ClassValue(cls=cls):
            model = project.graph.of_class(cls)
            return model.label if model is not None else None
        case ManagerValue(model=label):
            return label
        case QuerySetValue(query=query):
            return query.model
        case _:
            return None


@dataclass(frozen=True, slots=True)
class Built:
    """A queryset as an expression leaves it, with nothing added to it later: what runs, or is handed on."""

    node: ir.Call
    code: Code
    query: Query
    identity: int


ORDER_DOES_NOT_MATTER = frozenset(
    {"count", "exists", "contains", "aggregate", "delete", "update", "in_bulk", "bool", "get"}
)
"""Operations for which Django drops the order of a queryset, or that do not show it."""


def built_querysets(scope: Scope) -> Iterator[Built]:
    """The chains of calls written in `scope` whose result is used as rows in their order.

    Left out are those that are only refined, counted or probed, or that stand in another query's ``__in``.
    """
    values = [
        (node, code, value)
        for node, code in scope.nodes(ir.Call)
        if isinstance(value := scope.value(code, node), QuerySetValue)
        and value.query.chain
        and value.query.chain[-1].site == Site(code, node.at)
    ]
    runs = [event for event in scope.trace.events if isinstance(event, QueryRun)]
    refined: set[Site] = set()
    for query in (*(value.query for _, _, value in values), *(run.query for run in runs)):
        refined |= {link.site for link in query.chain[:-1]}
    inner = _subqueries(scope)
    for node, code, value in values:
        site = Site(code, node.at)
        mine = {run.operation for run in runs if run.query.chain and run.query.chain[-1].site == site}
        if site in refined and "iterate" not in mine:
            continue
        if (mine and mine <= ORDER_DOES_NOT_MATTER) or value.identity in inner:
            continue
        yield Built(node, code, value.query, value.identity)


def _subqueries(scope: Scope) -> set[int]:
    """Identities of the querysets that another query looks values up in."""
    found: set[int] = set()
    for node, code in scope.nodes(ir.Keyword):
        if node.name is not None and node.name.endswith("__in"):
            value = scope.value(code, node.value)
            if isinstance(value, QuerySetValue):
                found.add(value.identity)
    for node, code in scope.nodes(ir.Call):
        name = node.func.id if isinstance(node.func, ir.Name) else getattr(node.func, "name", "")
        if name in ("Exists", "Subquery"):
            for arg in node.args:
                value = scope.value(code, arg)
                if isinstance(value, QuerySetValue):
                    found.add(value.identity)
    return found
