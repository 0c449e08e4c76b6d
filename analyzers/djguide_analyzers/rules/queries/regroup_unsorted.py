"""A template groups rows by something that they are not sorted by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.template_ir import Regroup, Variable, walk
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.templates import TemplateSource
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.lookups import field_called
from djguide_analyzers.rules.ordering import order_of
from djguide_analyzers.rules.queryset_calls import place_of_query
from djguide_analyzers.trace.templates.code import TemplateCode
from djguide_analyzers.trace.tracer import Trace
from djguide_analyzers.trace.values import QuerySetValue

RULE = Rule(
    summary="`{% regroup %}` groups rows by something that they are not sorted by",
    severity=Severity.INFO,
    safety=Safety.MANUAL,
    default=False,
)


def check_trace(file: FileContext, trace: Trace) -> Iterator[Hit]:
    if file.is_test:
        return
    for path in sorted(trace.modules):
        source = file.project.templates.at(path) if path not in file.project.modules else None
        if source is not None and source.origin == "project":
            yield from _in_template(file, trace, source)


def _in_template(file: FileContext, trace: Trace, source: TemplateSource) -> Iterator[Hit]:
    code = TemplateCode(source)
    for node in walk(source.facts.nodes):
        if not isinstance(node, Regroup) or node.key.filters or not isinstance(node.key.base, Variable):
            continue
        value = trace.value(code, ir.Opaque(node.target.at))
        model = file.project.graph.get(value.query.model) if isinstance(value, QuerySetValue) else None
        if model is None or not isinstance(value, QuerySetValue) or value.query.shape != "instances":
            continue
        order = order_of(file.project.graph, value.query)
        key = node.key.base.lookups
        if not order.known or _is_sorted(model, key, order.names):
            continue
        built = place_of_query(file, value.query)
        path = "__".join(key)
        yield Hit(
            Place(source.path, source.range(node)),
            f"The rows are not sorted by `{'.'.join(key)}`: a group comes once for each stretch of rows, not once",
            related=(Related("the queryset", built),) if built is not None else (),
            fixes=(Fix(f'Sort the rows by it first: order_by("{path}", ...)', Safety.MANUAL),),
            data={"model": model.label, "relation": path},
        )


def _is_sorted(model: Model, key: list[str], order: Iterable[str]) -> bool:
    """Whether rows in that order may have those of one `key` together, or it is not known.

    Behind other columns in the order it may be one that decides them, as a name decides a severity.
    """
    field = field_called(model, key[0])
    if field is None or (len(key) > 1 and not field.is_forward_one):
        return True  # what a method returns may well follow the order
    sorted_by = [field_called(model, name.lstrip("-+").split("__")[0]) for name in order]
    return any(each is None or each is field for each in sorted_by)
