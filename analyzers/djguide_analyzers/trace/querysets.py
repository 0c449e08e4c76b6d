"""Querysets and managers: what their methods return and do.

The table of lazy methods maps each to a function that refines a `Query`; methods that run a query emit
`QueryRun`, those that write emit `Write`.
"""

from __future__ import annotations

from msgspec.structs import replace

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.trace import calls, loading, refine, writing
from djguide_analyzers.trace.arguments import Arguments
from djguide_analyzers.trace.events import QueryRun, Write
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.refine import CACHE_SERVED, is_served
from djguide_analyzers.trace.values import (
    SCALAR,
    UNKNOWN,
    AbstractValue,
    ClassValue,
    Constant,
    Link,
    ManagerValue,
    Mapping,
    Query,
    QuerySetValue,
    Related,
    Row,
    RowRoot,
    Sequence,
    Site,
)

ONE_ROW = frozenset({"get", "first", "last", "latest", "earliest"})
SCALAR_READS = frozenset({"count", "exists", "contains", "aggregate", "explain"})
BULK_WRITES = frozenset({"bulk_create", "bulk_update", "update", "delete"})
RELATED_WRITES = frozenset({"add", "remove", "set", "clear"})
_OTHERS = frozenset({"create", "get_or_create", "update_or_create", "in_bulk", "iterator"})
_ASYNC = {f"a{name}": name for name in ONE_ROW | SCALAR_READS | BULK_WRITES | RELATED_WRITES | _OTHERS}

DJANGOS_OWN = frozenset(refine.METHODS) | frozenset(_ASYNC) | frozenset(_ASYNC.values())
"""Methods of querysets and related managers that Django defines, `get_queryset` aside."""


def call_method(
    frame: Frame, node: ir.Call, receiver: AbstractValue, name: str, args: Arguments
) -> AbstractValue:
    """``receiver.name(...)`` for a queryset or manager method that Django defines."""
    name = _ASYNC.get(name, name)
    if isinstance(receiver, ManagerValue) and name == "get_queryset":
        return as_queryset(frame, receiver, own=False) or UNKNOWN
    queryset = as_queryset(frame, receiver)
    if queryset is None:
        return UNKNOWN
    if name in refine.METHODS:
        return _refined(frame, node, queryset, name, args)
    if name in ONE_ROW:
        run_query(frame, _past_cache(frame, queryset, name), name, node)
        return one_row(frame, queryset)
    if name in SCALAR_READS:
        run_query(frame, queryset, name, node)
        return SCALAR
    if name == "in_bulk":
        run_query(frame, queryset, name, node)
        return Mapping((), row_of(frame, queryset), SCALAR)
    if name in ("get_or_create", "update_or_create", "create"):
        return _create(frame, node, queryset, name, args)
    if name in BULK_WRITES or (name in RELATED_WRITES and queryset.related is not None):
        given = writing.of_queryset(frame, node, queryset, args)
        frame.emit(Write(frame.site(node), frame.context, queryset.query.model, name, queryset, given))
        return args.first if name == "bulk_create" and args.first is not None else SCALAR
    return UNKNOWN


def _past_cache(frame: Frame, queryset: QuerySetValue, name: str) -> QuerySetValue:
    """`queryset` as a method that yields one row sees it: only ``first()`` of ordered rows uses the cache."""
    if not queryset.cached:
        return queryset
    model = frame.project.models.get(queryset.query.model)
    ordered = queryset.query.ordered or (
        queryset.query.ordered is None
        and model is not None
        and (model.ordering or not model.sure("ordering"))  # silent where it may be
    )
    return queryset if name == "first" and ordered else replace(queryset, cached=False)


def _refined(
    frame: Frame, node: ir.Call, queryset: QuerySetValue, name: str, args: Arguments
) -> AbstractValue:
    query = refine.METHODS[name](queryset.query, args)
    query = query.but(chain=(*queryset.query.chain, Link(name, frame.site(node), node)))
    cached = queryset.cached and name in CACHE_SERVED
    related = queryset.related
    return QuerySetValue(query, frame.run.new_identity(), related, cached)


def _create(
    frame: Frame, node: ir.Call, queryset: QuerySetValue, name: str, args: Arguments
) -> AbstractValue:
    given = writing.of_queryset(frame, node, queryset, args)
    frame.emit(Write(frame.site(node), frame.context, queryset.query.model, name, queryset, given))
    fetched = None if name == "create" else queryset.query.but(single=True)  # it may have been there before
    row = Row(queryset.query.model, RowRoot(frame.run.new_identity(), fetched, False))
    for keyword, value in args.keywords.items():
        if isinstance(value, Row):
            frame.run.set_loaded(row, keyword, value)
    return row if name == "create" else Sequence(UNKNOWN, (row, SCALAR))


# --- from managers to querysets --------------------------------------------------------------------------


def as_queryset(frame: Frame, value: AbstractValue, *, own: bool = True) -> QuerySetValue | None:
    """The queryset that a manager starts, or the queryset itself; None for anything else.

    With `own`, a ``get_queryset`` of the project's manager class is followed.
    """
    if isinstance(value, QuerySetValue):
        return value
    if not isinstance(value, ManagerValue):
        return None
    query = _manager_query(frame, value, own=own)
    if value.related is None:
        return QuerySetValue(query, frame.run.new_identity())
    known = frozenset({value.related.back}) if value.related.back else frozenset[str]()
    query = query.but(known=query.known | known, own=len(query.chain))
    if value.related.prefetched:
        query = loading.prefetched_query(value.related, query)
    return QuerySetValue(query, frame.run.new_identity(), value.related, value.related.prefetched)


def _manager_query(frame: Frame, manager: ManagerValue, *, own: bool) -> Query:
    info = manager.info
    base = Query(manager.model, manager.site, cls=info.queryset_cls if info else None)
    if info is None or not own:
        return base
    if info.cls is None:
        readable = info.queryset_cls is not None or info.class_name.startswith("django.")
        return base if readable else base.but(assumed=True)
    found = frame.project.resolver.class_attribute(info.cls, "get_queryset")
    if found is None:
        return base.but(assumed=True)
    if not isinstance(found[1], FunctionInfo) or found[0].module.name.startswith("django.db.models."):
        return base
    site = manager.site or Site(frame.code, 0)
    result = calls.enter(frame, found[1], [manager], {}, site, receiver=manager, library=True)
    if isinstance(result, QuerySetValue) and result.query.model == manager.model:
        return result.query.but(origin=manager.site, cls=result.query.cls or base.cls)
    return base.but(opaque=True)


def with_manager(frame: Frame, manager: ManagerValue, related: Related, args: Arguments) -> AbstractValue:
    """``row.accessor(manager="name")``: the same relation through another manager of the model.

    A property of the row's class that does so is a name of its own for the relation, in prefetches as well.
    """
    name = args.keywords.get("manager")
    model = frame.project.models.get(manager.model)
    if model is None or not isinstance(name, Constant) or name.value not in model.managers:
        return UNKNOWN
    if frame.function is not None and frame.receiver == related.row:
        accessor, cache = frame.function.name, related.cache or related.accessor
        related = replace(related, accessor=accessor, cache=cache)
    related = replace(related, prefetched=loading.is_prefetched(frame.project, related))
    return replace(manager, info=model.managers[name.value], related=related)


def constructed(frame: Frame, cls_value: ClassValue, args: Arguments) -> AbstractValue:
    """``SomeQuerySet(model, using=...)``."""
    model_value = args.first if args.first is not None else args.keywords.get("model")
    if isinstance(model_value, ClassValue):
        model = frame.project.graph.of_class(model_value.cls)
        if model is not None:
            return QuerySetValue(Query(model.label, cls=cls_value.cls), frame.run.new_identity())
    return UNKNOWN


# --- running ---------------------------------------------------------------------------------------------


def run_query(frame: Frame, queryset: QuerySetValue, operation: str, node: ir.Expr) -> None:
    """Note that `queryset` is evaluated at `node`."""
    related = queryset.related
    proven = related is None or loading.is_certain_of(frame.project, related)
    frame.emit(
        QueryRun(
            frame.site(node),
            frame.context,
            queryset.query,
            queryset.identity,
            operation,
            related,
            queryset.cached,
            frame.varies(node),
            proven,
        )
    )


def row_of(frame: Frame, queryset: QuerySetValue) -> AbstractValue:
    """What iterating `queryset` yields."""
    query = queryset.query
    match query.shape:
        case "dicts":
            return Mapping((), SCALAR)
        case "tuples":
            return Sequence(SCALAR)
        case "scalars":
            return SCALAR
    many = not (query.single or _is_filtered_to_one(frame, query))
    root = RowRoot(frame.run.rows_identity(queryset.identity), query, many, queryset.related)
    return Row(query.model, root, (), _provenance_known(queryset))


def _is_filtered_to_one(frame: Frame, query: Query) -> bool:
    """Whether the rows are those with one value in a unique column."""
    model = frame.project.models.get(query.model)
    calls = [link.node for link in query.chain if link.name == "filter"] if model is not None else []
    names = {
        keyword.name.removesuffix("__exact") for call in calls for keyword in call.keywords if keyword.name
    }
    fields = [model.fields.get(name) or model.field_of_attname(name) for name in names] if model else []
    return any(field is not None and (field.unique or field.kind == "o2o") for field in fields)


def one_row(frame: Frame, queryset: QuerySetValue) -> AbstractValue:
    """What ``get()``, ``first()`` or ``[0]`` yields."""
    if queryset.query.shape != "instances":
        return row_of(frame, queryset)
    root = RowRoot(frame.run.new_identity(), queryset.query, False, queryset.related)
    return Row(queryset.query.model, root, (), _provenance_known(queryset))


def _provenance_known(queryset: QuerySetValue) -> bool:
    """False when the rows may come from a prefetch cache that somebody else filled."""
    related = queryset.related
    if related is None or queryset.cached or related.row.provenance_known:
        return True
    return not is_served(queryset.query)


def slice_of(frame: Frame, base: AbstractValue, node: ir.Subscript) -> AbstractValue:
    """``base[lower:upper]``."""
    if isinstance(base, Sequence):
        return Sequence(base.element, None, base.rows_of)
    if not isinstance(base, QuerySetValue) or not isinstance(node.index, ir.Slice):
        return UNKNOWN
    if node.index.step is not None:
        run_query(frame, base, "iterate", node)
        return Sequence(row_of(frame, base))
    if _has_result(frame, base):
        return Sequence(row_of(frame, base))  # a part of the list that the queryset keeps
    limit = _length(node.index)
    query = base.query.but(sliced=True, limit=limit, single=base.query.single or limit == 1)
    return QuerySetValue(query, frame.run.new_identity(), base.related, base.cached)


def _has_result(frame: Frame, queryset: QuerySetValue) -> bool:
    """Whether a queryset was evaluated before, and keeps its rows."""
    return any(
        isinstance(event, QueryRun)
        and event.identity == queryset.identity
        and event.operation in ("iterate", "len", "bool")
        for event in frame.run.events
    )


def part_of(frame: Frame, items: AbstractValue) -> AbstractValue:
    """Some of `items`: a queryset sliced at places nobody knows, or a part of a list."""
    match items:
        case QuerySetValue():
            query = items.query.but(sliced=True)
            return QuerySetValue(query, frame.run.new_identity(), items.related, items.cached)
        case Sequence():
            return Sequence(items.element, None, items.rows_of)
        case _:
            return UNKNOWN


def _length(index: ir.Slice) -> int | None:
    """Number of rows that a slice with literal bounds leaves at most."""
    lower = 0 if index.lower is None else _literal(index.lower)
    upper = None if index.upper is None else _literal(index.upper)
    return None if lower is None or upper is None else max(upper - lower, 0)


def _literal(node: ir.Expr) -> int | None:
    return node.value if isinstance(node, ir.Const) and type(node.value) is int else None
