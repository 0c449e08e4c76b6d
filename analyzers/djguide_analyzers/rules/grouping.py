"""The columns that ``values()`` selects or groups by."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model, ModelGraph
from djguide_analyzers.project.modules import ClassInfo, Code
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.resolve import External
from djguide_analyzers.trace.values import Link, Query

AGGREGATE = "django.db.models.aggregates.Aggregate"
_VALUES = frozenset({"values", "values_list"})
_AGGREGATES = frozenset({"Count", "Sum", "Avg", "Min", "Max", "StdDev", "Variance"})


def values_link(query: Query, *, first: bool = False) -> Link | None:
    """The last ``values`` or ``values_list`` of the chain, or the first."""
    found = [link for link in query.chain if link.name in _VALUES]
    return (found[0] if first else found[-1]) if found else None


def selected(link: Link) -> list[str] | None:
    """The names that ``values()`` selects; None when they are not all literal, or it selects all columns."""
    call = link.node
    names: list[str] = []
    for arg in call.args:
        if not isinstance(arg, ir.Const) or not isinstance(arg.value, str):
            return None
        names.append(arg.value)
    for keyword in call.keywords:
        if keyword.name in ("flat", "named") and link.name == "values_list":
            continue
        if keyword.name is None:
            return None
        names.append(keyword.name)
    return names or None


def aggregates(project: Project, code: Code, node: ir.Expr) -> Iterator[tuple[ir.Call, str]]:
    """The aggregate functions in an expression with their class names, those in subqueries left out."""
    if isinstance(node, ir.Call):
        symbol = project.resolver.expr(code, node.func)
        name = symbol.dotted.rpartition(".")[2] if symbol is not None else ""
        if name in _NESTED:
            return
        if isinstance(symbol, ClassInfo) and project.resolver.is_subclass(symbol, AGGREGATE):
            yield node, name
            return
        if isinstance(symbol, External) and name in _AGGREGATES:
            yield node, name
            return
        inner = [*node.args, *(keyword.value for keyword in node.keywords)]
        if symbol is None and isinstance(node.func, ir.Attr):
            return  # a method call, such as a queryset's
    elif isinstance(node, ir.Binary):
        inner = [node.left, node.right]
    elif isinstance(node, ir.Unary):
        inner = [node.operand]
    else:
        return
    for part in inner:
        yield from aggregates(project, code, part)


_NESTED = frozenset({"Subquery", "Exists", "ArraySubquery", "OuterRef"})


def is_aggregate(project: Project, code: Code, node: ir.Expr) -> bool:
    """Whether an expression contains an aggregate function, subqueries left out."""
    return any(True for _ in aggregates(project, code, node))


def column(model: Model, graph: ModelGraph, name: str) -> str:
    """A name as the path of its column, so that ``author``, ``author_id`` and ``author__pk`` compare equal."""
    parts = name.lstrip("-+").split("__")
    current: Model | None = model
    path: list[str] = []
    for number, part in enumerate(parts):
        if current is None:
            return "__".join([*path, *parts[number:]])
        part = current.pk if part == "pk" else part
        field = current.fields.get(part) or current.field_of_attname(part)
        if field is None:
            return "__".join([*path, *parts[number:]])
        if path and field.name == current.pk and number == len(parts) - 1:
            break
        path.append(field.name)
        current = graph.get(field.target) if field.target else None
    return "__".join(path)
