"""By which columns the project looks rows up: what each file contributes to advice about indexes.

A `Usage` is one query as the code writes it, with the columns that its conditions and its order name. Left out is
whatever no plain index serves: negated conditions, alternatives, text searches, parts of dates, comparisons of
two columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct, structs

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.graph import Field, Model, ModelGraph
from djguide_analyzers.project.modules import Code
from djguide_analyzers.project.roles import is_test
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Place
from djguide_analyzers.rules.lookups import NO_LOOKUPS, follow
from djguide_analyzers.rules.loop_writes import is_seeding
from djguide_analyzers.rules.management import in_commands
from djguide_analyzers.rules.queryset_calls import queryset_calls, shortcut_model
from djguide_analyzers.rules.usage_options import RawIndex, option_usages, raw_indexes
from djguide_analyzers.trace.events import QueryRun
from djguide_analyzers.trace.values import Constant, Link, ManagerValue, Paginator, Query, QuerySetValue, Site

How = Literal["equal", "range", "null", "order"]
_EQUAL = frozenset({"", "exact", "in"})
_RANGE = frozenset({"gt", "gte", "lt", "lte", "range"})
_FILTERING = frozenset({"filter", "complex_filter"})
_TERMINAL = ("get", "get_or_create", "update_or_create", "latest", "earliest")
_SHORTCUTS = frozenset(
    f"django.shortcuts.{prefix}{name}"
    for prefix in ("", "a")
    for name in ("get_object_or_404", "get_list_or_404")
)
_FIRST_ROWS = frozenset({"first", "last", "index", "latest", "earliest"})
_IN_COMMAND = 0.25
_IN_LOOP = 3.0


class ColumnUse(Struct, frozen=True):
    """A column that a query names.

    Attributes:
        model: Label of the model whose table holds it.
        field: Name of its field.
        how: What is asked of it; ``order`` only where no more than the first rows are read.
        constant: Whether it is compared with a value that the code spells out, as flags and states are.
        place: The condition, or the name in an order.
        own: Whether it is a column of the queried model itself.
    """

    model: str
    field: str
    how: How
    constant: bool
    place: Place
    own: bool = True
    descending: bool = False


class Usage(Struct, frozen=True, tag=True):
    """One query: the columns it names, and how much it weighs, 1 for code that answers a request or runs a task.

    `served` is True where something else, that is no column of the models named, already picks the rows.
    """

    model: str
    uses: tuple[ColumnUse, ...]
    place: Place
    weight: float
    served: bool = False


def collect(file: FileContext) -> Iterator[Usage | RawIndex]:
    """The queries written in `file`, and the indexes that its migrations make in SQL."""
    yield from raw_indexes(file)
    if file.is_test or is_seeding(file):
        return
    weight = _IN_COMMAND if in_commands(file) else 1.0
    for scope in file.scopes:
        looped = _looped(scope)
        for usage, site in _written(file, scope):
            yield structs.replace(usage, weight=weight * _IN_LOOP if site in looped else weight)
    for option in option_usages(file):
        use = ColumnUse(option.model, option.field, "equal", False, option.place)
        yield Usage(option.model, (use,), option.place, option.weight)


# --- queries ---------------------------------------------------------------------------------------------


def _written(file: FileContext, scope: Scope) -> Iterator[tuple[Usage, Site]]:
    """The queries that `scope` builds, as far as it builds them, with the call that comes last."""
    chains: list[tuple[Query, Site, bool]] = []
    for node, code in scope.nodes(ir.Call):
        value = scope.value(code, node)
        site = Site(code, node.at)
        if isinstance(value, QuerySetValue) and value.query.chain and value.query.chain[-1].site == site:
            chains.append((value.query, site, _is_served(value)))
    refined = {link.site for query, _, _ in chains for link in query.chain[:-1]}
    first_rows = _first_rows(scope)
    for call in queryset_calls(scope, *_TERMINAL):
        query = _query_of(call.receiver)
        refined |= {link.site for link in query.chain}
        site = Site(call.code, call.node.at)
        ends = query.but(chain=(*query.chain, Link(call.name, site, call.node)))
        if (usage := _usage(file, scope, ends, site, _is_served(call.receiver), first_rows)) is not None:
            yield usage, site
    for query, site, served in chains:
        if (
            site not in refined
            and (usage := _usage(file, scope, query, site, served, first_rows)) is not None
        ):
            yield usage, site
    yield from _shortcuts(file, scope)


def _shortcuts(file: FileContext, scope: Scope) -> Iterator[tuple[Usage, Site]]:
    for node, code in scope.nodes(ir.Call):
        if not node.args or not node.keywords or file.resolve(code, node.func) not in _SHORTCUTS:
            continue
        label = shortcut_model(scope, code, node.args[0], file.project)
        if label is None:
            continue
        value = scope.value(code, node.args[0])
        query = _query_of(value) if isinstance(value, (QuerySetValue, ManagerValue)) else Query(label)
        site = Site(code, node.at)
        inner = ir.Call(node.at, node.func, node.args[1:], node.keywords)
        ends = query.but(chain=(*query.chain, Link("get", site, inner)))
        served = isinstance(value, (QuerySetValue, ManagerValue)) and _is_served(value)
        if (usage := _usage(file, scope, ends, site, served, set())) is not None:
            yield usage, site


def _query_of(value: QuerySetValue | ManagerValue) -> Query:
    """The state of a queryset, or of the one that a manager starts."""
    if isinstance(value, QuerySetValue):
        return value.query
    back = value.related.back if value.related is not None else None
    return Query(value.model, known=frozenset({back}) if back is not None else frozenset())


def _is_served(value: QuerySetValue | ManagerValue) -> bool:
    """Whether a relation with a table of its own, or a prefetch, picks the rows."""
    if isinstance(value, QuerySetValue) and value.cached:
        return True
    return value.related is not None and value.related.back is None


def _usage(
    file: FileContext, scope: Scope, query: Query, site: Site, served: bool, first_rows: set[Site]
) -> Usage | None:
    graph = file.project.graph
    model = graph.get(query.model)
    if model is None or query.combined or any(link.name == "raw" for link in query.chain):
        return None
    uses: list[ColumnUse] = []
    place = Place(site.code.module.path, site.code.range(site.at))
    for back in sorted(query.known):
        if (field := model.fields.get(back)) is not None and field.is_forward_one:
            uses.append(ColumnUse(model.label, back, "equal", False, place))
    for link in query.chain:
        if not is_counted(file, link.site.code):
            continue
        if link.name in _FILTERING or link.name in ("get", "get_or_create", "update_or_create"):
            served = served or not _is_spelled_out(link.node)
            for keyword in _conditions(link.node):
                name = keyword.name or ""
                if name.partition("__")[0] not in query.annotations:
                    uses += _condition_use(graph, scope, model, link.site.code, keyword)
    if any(link.site in first_rows or link.name in ("latest", "earliest") for link in query.chain):
        uses += _order_use(model, query)
    return Usage(model.label, tuple(uses), place, 1.0, served) if uses else None


def _is_spelled_out(call: ir.Call) -> bool:
    """Whether all conditions of a call are written there; others may pick the rows by an index."""
    return all(keyword.name is not None for keyword in call.keywords) and all(map(_is_written, call.args))


def _is_written(condition: ir.Expr) -> bool:
    match condition:
        case ir.Unary(operand=operand):
            return _is_written(operand)
        case ir.Binary(left=left, right=right):
            return _is_written(left) and _is_written(right)
        case ir.Call(func=ir.Name(id="Q" | "Exists") | ir.Attr(name="Q" | "Exists")):
            named = all(keyword.name is not None for keyword in condition.keywords)
            return named and all(isinstance(arg, ir.Call) for arg in condition.args)
    return False


def is_counted(file: FileContext, code: Code) -> bool:
    """Whether queries in the module of `code` say something about how the application is used."""
    path, root = code.module.path, file.project.root
    return code.module.origin == "project" and not is_test(path.removeprefix(f"{root}/"))


def _conditions(call: ir.Call) -> Iterator[ir.Keyword]:
    """The conditions that all have to hold."""
    for keyword in call.keywords:
        if keyword.name is not None and keyword.name not in NO_LOOKUPS:
            yield keyword
    for arg in call.args:
        yield from _in_condition(arg)


def _in_condition(node: ir.Expr) -> Iterator[ir.Keyword]:
    match node:
        case ir.Binary(left=left, op="&", right=right):
            yield from _in_condition(left)
            yield from _in_condition(right)
        case ir.Call(func=ir.Name(id="Q") | ir.Attr(name="Q")):
            if not any(keyword.name is None or keyword.name[0] == "_" for keyword in node.keywords):
                yield from node.keywords
            for arg in node.args:
                yield from _in_condition(arg)


def _condition_use(
    graph: ModelGraph, scope: Scope, model: Model, code: Code, keyword: ir.Keyword
) -> Iterator[ColumnUse]:
    path = follow(graph, model, keyword.name or "")
    ends, rest, own = (path.model, path.field), path.rest, not path.steps
    if path.field is None and path.steps and rest:  # a lookup of the relation itself
        step = path.steps[-1]
        ends, own = (step.model, step.model.fields.get(step.name)), len(path.steps) == 1
    found = column_of(graph, *ends)
    if found is None or path.bad is not None:
        return
    owner, field = found
    how = _how(field, rest, keyword.value)
    if how is None or any(_compares_columns(node) for node in walk(keyword.value)):
        return
    place = Place(code.module.path, code.range(keyword))
    constant = _is_constant(scope, code, keyword.value)
    yield ColumnUse(owner.label, field.name, how, constant, place, own or ends[0] is model)


def column_of(graph: ModelGraph, model: Model | None, field: Field | None) -> tuple[Model, Field] | None:
    """The model whose table holds the column of `field`, and the field there; None when there is none."""
    if model is None or field is None or field.column is None:
        return None
    while model.proxy and (behind := graph.get(model.proxy_for)) is not None:
        model = behind
    if field.local:
        return model, model.fields.get(field.name, field)
    for label in model.parents:
        parent = graph.get(label)
        inherited = parent.fields.get(field.name) if parent is not None else None
        if (found := column_of(graph, parent, inherited)) is not None:
            return found
    return None


def _how(field: Field, rest: tuple[str, ...], value: ir.Expr) -> How | None:
    """What a lookup asks of the column; None for those that no plain index answers."""
    lookup = rest[0] if rest else ""
    if len(rest) > 1:
        in_year = lookup == "year" and rest[1] in _EQUAL | _RANGE
        return "range" if in_year and _is_date(field) and len(rest) == 2 else None
    if lookup == "isnull" or (
        lookup in ("", "exact") and isinstance(value, ir.Const) and value.value is None
    ):
        return "null"
    if lookup in _EQUAL:
        return "equal"
    if lookup in _RANGE or (lookup == "year" and _is_date(field)):
        return "range"
    return None


def _is_date(field: Field) -> bool:
    return field.django_base in ("DateField", "DateTimeField")


def _compares_columns(node: ir.Node) -> bool:
    """Whether a value is computed from columns of the row itself."""
    if not isinstance(node, ir.Call):
        return False
    name = node.func.id if isinstance(node.func, ir.Name) else getattr(node.func, "name", "")
    return name in ("F", "ExpressionWrapper")


def _is_constant(scope: Scope, code: Code, value: ir.Expr) -> bool:
    """Whether the code spells a value out: a literal, or a constant by its name."""
    match value:
        case ir.Const():
            return True
        case ir.Name(id=name) | ir.Attr(name=name) if name.isupper():
            return True
        case ir.Attr(value=inner, name="value"):
            return _is_constant(scope, code, inner)
        case ir.Unary(operand=inner):
            return _is_constant(scope, code, inner)
        case ir.Display(items=items):
            return all(_is_constant(scope, code, item) for item in items)
    return isinstance(scope.value(code, value), Constant)


# --- order and place -------------------------------------------------------------------------------------


def _order_use(model: Model, query: Query) -> Iterator[ColumnUse]:
    """The column that the rows are sorted by first, when the code names it."""
    last = next(
        (link for link in reversed(query.chain) if link.name in ("order_by", "latest", "earliest")), None
    )
    if last is None or not last.node.args:
        return
    first = last.node.args[0]
    if not isinstance(first, ir.Const) or not isinstance(first.value, str):
        return
    field = model.fields.get(first.value.lstrip("-+"))
    if field is None or field.kind != "column" or not field.local:
        return
    code = last.site.code
    down = first.value.startswith("-") != (last.name == "latest")
    yield ColumnUse(
        model.label, field.name, "order", False, Place(code.module.path, code.range(first)), descending=down
    )


def _first_rows(scope: Scope) -> set[Site]:
    """The calls of chains of which no more than the first rows are read."""
    queries = [
        event.query
        for event in scope.trace.events
        if isinstance(event, QueryRun) and (event.query.sliced or event.operation in _FIRST_ROWS)
    ]
    for node, code in scope.nodes(ir.Subscript):
        value = scope.value(code, node)
        if isinstance(value, QuerySetValue) and value.query.sliced:
            queries.append(value.query)
    for node, code in scope.nodes(ir.Call):
        value = scope.value(code, node)
        if isinstance(value, Paginator) and isinstance(value.items, QuerySetValue):
            queries.append(value.items.query)
    return {link.site for query in queries for link in query.chain}


def _looped(scope: Scope) -> set[Site]:
    """Calls that run once in each round of a loop over anything but a few values spelled out."""
    found: set[Site] = set()
    for node, code in scope.nodes(ir.For):
        if not isinstance(node.iter, (ir.Display, ir.Const)):
            found |= {Site(code, inner.at) for inner in walk(node.body) if isinstance(inner, ir.Call)}
    for node, code in scope.nodes(ir.Comp):
        if not isinstance(node.clauses[0].iter, (ir.Display, ir.Const)):
            parts = [node.element, *([node.value] if node.value is not None else [])]
            found |= {Site(code, inner.at) for inner in walk(parts) if isinstance(inner, ir.Call)}
    return found
