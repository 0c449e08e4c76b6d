"""What a queryset is: its rows, what it loads with them, how many queries that takes, and its SQL."""

from __future__ import annotations

from djguide_analyzers.assist.describe import Description
from djguide_analyzers.assist.evaluation import Traced
from djguide_analyzers.assist.sql import sql_of
from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code
from djguide_analyzers.project.project import Project
from djguide_analyzers.source.positions import Position, Range
from djguide_analyzers.trace.values import ManagerValue, Query, QuerySetValue, Related


def queryset_at(found: Traced, position: Position) -> tuple[Query, Related | None, Range] | None:
    """The queryset that the name at `position` of the document stands for, with the name's range there.

    The name of a method stands for what its call returns, or for what it is called on if that is no queryset.
    """
    at = found.position(position)
    called: dict[tuple[Code, int], ir.Call] = {}
    for code, node in found.nodes():
        if isinstance(node, ir.Call):
            called[code, node.func.at] = node
        if isinstance(node, (ir.Name, ir.Attr)):
            range_ = code.name_range(node) if isinstance(node, ir.Attr) else code.range(node)
            if range_.contains(at):
                value = found.trace.value(code, called.get((code, node.at), node))
                if isinstance(node, ir.Attr) and not isinstance(value, (QuerySetValue, ManagerValue)):
                    value = found.trace.value(code, node.value)
                moved = Range(_back(found, range_.start), _back(found, range_.end))
                match value:
                    case QuerySetValue(query=query, related=related):
                        return query, related, moved
                    case ManagerValue(model=model, related=related):
                        return Query(model), related, moved
    return None


def describe_queryset(project: Project, query: Query, related: Related | None) -> Description:
    """A queryset's state as far as it is known."""
    told = Description(f"QuerySet[{query.model.rpartition('.')[2]}]")
    facts = told.facts
    facts.append(("rows", _rows(query)))
    if query.select_all or query.select:
        facts.append(
            ("select_related", "all foreign keys" if query.select_all else _listed(sorted(query.select)))
        )
    if query.prefetch:
        facts.append(("prefetch_related", _listed([entry.path for entry in query.prefetch])))
    if query.only is not None:
        facts.append(("only", _listed(sorted(query.only))))
    if query.deferred:
        facts.append(("defer", _listed(sorted(query.deferred))))
    if query.annotations:
        facts.append(("annotations", _listed(sorted(query.annotations))))
    facts.append(("ordering", _ordering(project, query)))
    if query.locked:
        facts.append(("locks", "the rows, until the transaction ends"))
    facts.append(("queries when evaluated", _count(query)))
    if query.opaque or query.assumed:
        told.remarks.append("Where it comes from is not fully known: there may be more to it.")
    statement = sql_of(project, query, related)
    if statement is None:
        told.remarks.append("Its SQL cannot be told.")
        return told
    told.sql = statement.text
    if statement.without:
        told.remarks.append(f"The SQL ({statement.dialect}) is without {', '.join(statement.without)}.")
    return told


def _rows(query: Query) -> str:
    shapes = {"dicts": "dictionaries", "tuples": "tuples", "scalars": "single values"}
    shape = shapes.get(query.shape, f"`{query.model}`")
    limit = (
        "at most one of " if query.single else f"at most {query.limit} of " if query.limit is not None else ""
    )
    return f"{limit}{shape}"


def _ordering(project: Project, query: Query) -> str:
    if query.ordered:
        return _listed(list(query.order)) if query.order else "set"
    if query.ordered is False:
        return "none"
    model = project.graph.get(query.model)
    if model is None or not model.ordering:
        return "none"
    return f"{_listed(model.ordering)} (the model's)"


def _count(query: Query) -> str:
    """One, and one for each relation on the way of a prefetched path."""
    paths = {
        "__".join(parts[: number + 1])
        for entry in query.prefetch
        for parts in [entry.path.split("__")]
        for number in range(len(parts))
    }
    return "1" if not paths else f"{1 + len(paths)} (1 and {len(paths)} for what is prefetched)"


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _back(found: Traced, position: Position) -> Position:
    return Position(position.line - found.moved, position.column)
