"""A condition on a to-many relation returns rows more than once."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.lookups import Path, follow, lookups
from djguide_analyzers.rules.queryset_calls import append_call, built_querysets, place_of_link
from djguide_analyzers.trace.values import Link, Query

RULE = Rule(
    summary="A filter across a to-many relation lists a row once per match",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
    default=False,
)

_REDUCING = frozenset(
    {"distinct", "aggregate", "values", "values_list", "annotate", "union", "none", "dates", "first"}
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    graph = file.project.graph
    if file.is_test:
        return
    for built in built_querysets(scope):
        query = built.query
        model = graph.get(query.model)
        if model is None or query.opaque or query.single or query.combined or query.shape != "instances":
            continue
        if any(link.name in _REDUCING for link in query.chain):
            continue
        found = _crossing(file, model, query)
        if found is not None:
            link, keyword, path = found
            edit = append_call(file, query, "distinct()")
            fix = Fix(
                "Add distinct()",
                Safety.MANUAL if edit is None else Safety.REVIEW,
                (edit,) if edit else (),
            )
            yield Hit(
                file.place(built.code, built.node),
                f"`{keyword.name}` joins `{path.steps[0].name}`: a {model.name} with several matching rows is "
                "listed, counted and paged several times",
                related=(Related("the condition", place_of_link(link)),),
                fixes=(fix,),
                data={"model": model.label},
            )


def _crossing(file: FileContext, model: Model, query: Query) -> tuple[Link, ir.Keyword, Path] | None:
    """A condition that several rows of a relation can meet."""
    for link in query.chain:
        if link.name != "filter":
            continue
        for keyword in lookups(link.node):
            path = follow(file.project.graph, model, keyword.name or "")
            if not path.crosses_to_many or path.bad is not None or _is_bounded(path, keyword):
                continue
            return link, keyword, path
    return None


def _is_bounded(path: Path, keyword: ir.Keyword) -> bool:
    """Whether at most one row of the relation can meet a condition."""
    if path.rest and path.rest[-1] not in ("exact", "iexact"):
        return (
            path.rest[-1] == "isnull" and isinstance(keyword.value, ir.Const) and keyword.value.value is True
        )
    if path.field is None or path.field.kind in ("m2m", "fk", "o2o", "generic"):
        return True  # one object of the relation
    return path.field.primary_key or path.field.unique
