"""Aggregates over several relations multiply each other's rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert
from djguide_analyzers.rules.fields import is_literal_true, keyword_node
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.grouping import aggregates
from djguide_analyzers.rules.lookups import follow
from djguide_analyzers.rules.queryset_calls import QuerySetCall, query_before, queryset_calls
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.trace.values import Link, Query

RULE = Rule(
    summary="Aggregates over different to-many relations in one query count each other's rows",
    severity=Severity.ERROR,
    safety=Safety.REVIEW,
)

_IMMUNE = frozenset({"Min", "Max"})
_MULTIPLIED = frozenset({"Count", "Sum", "Avg", "StdDev", "Variance", "ArrayAgg", "StringAgg", "JSONBAgg"})


@dataclass(frozen=True, slots=True)
class _Aggregate:
    """One aggregate, with the to-many relations its rows come through, as paths from the model."""

    name: str
    node: ir.Call
    code: Code
    relations: frozenset[str]
    distinct: bool


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    graph = file.project.graph
    if file.is_test:
        return
    for call in queryset_calls(scope, "annotate", "aggregate"):
        model = graph.get(call.model)
        query = query_before(file.project, scope, call)
        if model is None or query is None or query.opaque or query.combined:
            continue
        if any(link.name in ("values", "values_list") for link in query.chain):
            continue
        earlier = [a for link in _annotations(query) for a in _found(file, model, link.site.code, link.node)]
        own = list(_found(file, model, call.code, call.node))
        wrong = _multiplied([*earlier, *own])
        if wrong and _multiplied(earlier) != wrong:
            yield _hit(file, call, [*earlier, *own], wrong)


def _annotations(query: Query) -> list[Link]:
    return [link for link in query.chain if link.name == "annotate"]


def _found(file: FileContext, model: Model, code: Code, call: ir.Call) -> Iterator[_Aggregate]:
    """The aggregates among the arguments of a call that count rows of relations."""
    for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
        for node, name in aggregates(file.project, code, argument):
            path = _path(node)
            if path is None:
                continue
            relations: list[str] = []
            steps: list[str] = []
            for step in follow(file.project.graph, model, path).steps:
                steps.append(step.name)
                if step.to_many:
                    relations.append("__".join(steps))
            distinct = is_literal_true(node.keyword("distinct"))
            yield _Aggregate(name, node, code, frozenset(relations), distinct)


def _path(node: ir.Call) -> str | None:
    match node.args[0] if node.args else node.keyword("expression"):
        case ir.Const(value=str() as path):
            return path
        case ir.Call(func=ir.Name(id="F") | ir.Attr(name="F"), args=[ir.Const(value=str() as path)]):
            return path
        case _:
            return None


def _multiplied(found: list[_Aggregate]) -> list[_Aggregate]:
    """Those whose rows another one's relation repeats."""
    every = frozenset().union(*(aggregate.relations for aggregate in found))
    return [
        aggregate
        for aggregate in found
        if aggregate.name in _MULTIPLIED
        and aggregate.relations
        and not aggregate.distinct
        and every - aggregate.relations
    ]


def _hit(file: FileContext, call: QuerySetCall, found: list[_Aggregate], wrong: list[_Aggregate]) -> Hit:
    first = wrong[0]
    others = sorted(frozenset().union(*(a.relations for a in found)) - first.relations)
    spelled = _path(first.node)
    return Hit(
        file.place(call.code, call.node),
        f'`{first.name}("{spelled}")` is computed over the join with `{others[0]}` as well, which repeats its '
        "rows: the numbers multiply",
        related=tuple(Related("computed over the same join", file.place(a.code, a.node)) for a in wrong[1:]),
        fixes=(_fix(file, wrong),),
        data={"model": call.model},
    )


def _fix(file: FileContext, wrong: list[_Aggregate]) -> Fix:
    """Counting each row once; for anything but `Count` that would drop equal values."""
    edits: list[Edit] = []
    for aggregate in wrong:
        argument = keyword_node(aggregate.node, "distinct")
        own = aggregate.code.module.path == file.path
        if aggregate.name != "Count" or argument is not None or not own or not aggregate.node.args:
            return Fix("Compute each in a subquery of its own", Safety.MANUAL)
        last = [*aggregate.node.args, *aggregate.node.keywords][-1]
        edits.append(insert(file, aggregate.code.range(last).end, ", distinct=True"))
    return Fix("Count each row once: distinct=True", Safety.REVIEW, tuple(edits))
