"""Where rows are divided into pages: paginators, list views, and list endpoints of the REST framework."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Value
from djguide_analyzers.project.resolve import External
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Place
from djguide_analyzers.rules.meta import class_place, text_of, texts
from djguide_analyzers.rules.ordering import UNKNOWN_ORDER, Order, default_order, order_of
from djguide_analyzers.rules.queryset_calls import place_of_query
from djguide_analyzers.trace.values import ManagerValue, Paginator, Query, QuerySetValue

_LIST = "django.views.generic.list.MultipleObjectMixin"
_REST_LIST = frozenset(
    {
        "rest_framework.mixins.ListModelMixin", "rest_framework.generics.ListAPIView",
        "rest_framework.generics.ListCreateAPIView", "rest_framework.viewsets.ModelViewSet",
        "rest_framework.viewsets.ReadOnlyModelViewSet",
    }
)  # fmt: skip
_REST_NUMBERED = frozenset(
    {"rest_framework.pagination.PageNumberPagination", "rest_framework.pagination.LimitOffsetPagination"}
)


@dataclass(frozen=True, slots=True)
class Paged:
    """Rows that are divided into pages.

    Attributes:
        model: Label of their model.
        order: In which order they come.
        place: Where to speak of it: the end of the queryset, else the view.
        query: The queryset; None where a view has just a model.
        where: Where the pages are made, when that is elsewhere.
        option: The view's ``ordering``, when that sets the order: its expression and table.
        view: The view.
        use: What holds the queryset where it is divided into pages, or handed to who does that.
    """

    model: str
    order: Order
    place: Place
    query: Query | None = None
    where: Place | None = None
    option: tuple[Code, ir.Expr] | None = None
    view: ClassInfo | None = None
    use: tuple[Code, ir.Expr] | None = None


def paged_rows(file: FileContext) -> Iterator[Paged]:
    """All places of `file` that make pages."""
    yield from _paginators(file)
    for cls in file.classes():
        resolver = file.project.resolver
        if resolver.is_subclass(cls, _LIST):
            if _sets(file, cls, "paginate_by") and not _overrides(file, cls, "get_paginate_by"):
                yield from _view(file, cls, _overrides(file, cls, "get_ordering"))
        elif any(base.dotted in _REST_LIST for base in resolver.mro(cls)) and _is_numbered(file, cls):
            yield from _view(file, cls, computed=_has_ordering_filter(file, cls), rest=True)


def listed_models(file: FileContext) -> Iterator[Paged]:
    """What `paged_rows` yields, and list views without pages."""
    yield from paged_rows(file)
    for cls in file.classes():
        if file.project.resolver.is_subclass(cls, _LIST) and not _sets(file, cls, "paginate_by"):
            yield from _view(file, cls, _overrides(file, cls, "get_ordering"))


def _paginators(file: FileContext) -> Iterator[Paged]:
    graph = file.project.graph
    for scope in file.scopes:
        for node, code in scope.nodes(ir.Call):
            value = scope.value(code, node)
            if not isinstance(value, Paginator) or not isinstance(value.items, QuerySetValue):
                continue
            query = value.items.query
            place = place_of_query(file, query)
            where = file.place(code, node)
            if place is None or place.path != file.path:
                place = where
            given = node.args[0] if node.args else node.keyword("object_list")
            use = (code, given) if given is not None else None
            yield Paged(query.model, order_of(graph, query), place, query, where, use=use)


# --- views -----------------------------------------------------------------------------------------------


def _attribute(file: FileContext, cls: ClassInfo, name: str) -> tuple[ClassInfo, Value] | None:
    """The assignment of `name` in the body of `cls` or one of its bases."""
    found = file.project.resolver.class_attribute(cls, name)
    if found is None or not isinstance(found[1], Value) or found[1].expr is None:
        return None
    return found[0], found[1]


def _sets(file: FileContext, cls: ClassInfo, name: str) -> bool:
    found = _attribute(file, cls, name)
    return found is not None and not (isinstance(found[1].expr, ir.Const) and not found[1].expr.value)


def _overrides(file: FileContext, cls: ClassInfo, name: str) -> bool:
    found = file.project.resolver.class_attribute(cls, name)
    return found is None or not found[0].module.name.startswith(("django.", "rest_framework."))


def _view(file: FileContext, cls: ClassInfo, computed: bool, *, rest: bool = False) -> Iterator[Paged]:
    """What a view lists; nothing where that is decided at run time, and where it answers no GET."""
    if rest and not _answers_get(file, cls):
        return
    ordering = _view_order(file, cls) if not rest else None
    method = file.project.resolver.class_attribute(cls, "get_queryset")
    if method is not None and isinstance(method[1], FunctionInfo):
        if not method[0].module.name.startswith(("django.", "rest_framework.")):
            if method[0] is cls and not (rest and computed):
                yield from _returned(file, cls, method[1], ordering, computed)
            return
    elif not rest or method is not None:
        return
    if computed:
        return
    own = class_place(file, cls)
    for name in ("queryset", "model"):
        found = _attribute(file, cls, name)
        if found is None or (isinstance(found[1].expr, ir.Const) and found[1].expr.value is None):
            continue
        paged = _declared(file, cls, name, found[1], ordering, own)
        if paged is not None:
            yield paged
        return


def _answers_get(file: FileContext, cls: ClassInfo) -> bool:
    """Whether a view may be asked for its list: ``http_method_names = ["post"]`` says no."""
    found = _attribute(file, cls, "http_method_names")
    names = texts(found[1].expr) if found is not None and found[1].expr is not None else None
    return names is None or "get" in names


def _declared(
    file: FileContext, cls: ClassInfo, name: str, value: Value, ordering: Paged | Order | None, own: Place
) -> Paged | None:
    graph = file.project.graph
    home = file if value.code.module is file.module else file.sibling(value.code.module)
    assert value.expr is not None
    query: Query | None = None
    if name == "queryset":
        found = home.top.value(value.code, value.expr)
        if isinstance(found, QuerySetValue):
            query = found.query
            label, order = query.model, order_of(graph, query)
        elif isinstance(found, ManagerValue) and found.related is None:
            label, order = found.model, _model_order(file, found.model)
        else:
            return None
    else:
        symbol = home.project.resolver.expr(value.code, value.expr)
        model = graph.of_class(symbol) if isinstance(symbol, ClassInfo) else None
        if model is None:
            return None
        label, order = model.label, _model_order(file, model.label)
    inside = cls.code if value.code == cls.code else None
    place = file.place(value.code, value.at) if inside is not None and query is not None else own
    if query is not None and inside is not None:
        place = place_of_query(file, query) or place
        if place.path != file.path:
            place = own
    return _with_option(Paged(label, order, place, query, own, None, cls), ordering)


def _with_option(paged: Paged, ordering: Paged | Order | None) -> Paged | None:
    """`paged` in the order that the view's own option sets."""
    if ordering is None:
        return paged
    if isinstance(ordering, Order):
        return Paged(paged.model, ordering, paged.place, paged.query, paged.where, None, paged.view)
    return Paged(paged.model, ordering.order, ordering.place, None, paged.where, ordering.option, paged.view)


def _model_order(file: FileContext, label: str) -> Order:
    """The order of all rows of a model, as its default manager gives them."""
    model = file.project.graph.get(label)
    if model is None or not model.complete:
        return UNKNOWN_ORDER
    manager = model.managers.get(model.default_manager)
    if manager is not None and not manager.class_name.startswith("django."):
        found = file.project.resolver.class_attribute(manager.cls, "get_queryset") if manager.cls else None
        if found is None or not found[0].module.name.startswith("django.db.models."):
            return UNKNOWN_ORDER
    return default_order(model)


def _view_order(file: FileContext, cls: ClassInfo) -> Paged | Order | None:
    """What the ``ordering`` of a list view sets; None where it sets nothing."""
    found = _attribute(file, cls, "ordering")
    if found is None or found[1].expr is None:
        return None
    expr, code = found[1].expr, found[1].code
    if isinstance(expr, ir.Const) and not expr.value:
        return None
    text = text_of(expr)
    names = [text] if text is not None else texts(expr)
    if names is None:
        return UNKNOWN_ORDER
    order = Order(tuple(names))
    if code.module is not file.module:
        return order
    return Paged("", order, file.place(code, found[1].at), option=(code, expr))


def _returned(
    file: FileContext, cls: ClassInfo, info: FunctionInfo, ordering: Paged | Order | None, computed: bool
) -> Iterator[Paged]:
    """The querysets that a view's own ``get_queryset`` returns."""
    calls_super = any(
        isinstance(node, ir.Call) and isinstance(node.func, ir.Name) and node.func.id == "super"
        for node in walk(info.statements)
    )
    if calls_super and (ordering is not None or computed):
        return  # the order is set somewhere inside
    graph = file.project.graph
    for scope in file.scopes:
        if scope.function is not info:
            continue
        for node, code in scope.nodes(ir.Return):
            value = scope.value(code, node.value) if node.value is not None else None
            if isinstance(value, QuerySetValue):
                query = value.query
                place = place_of_query(file, query)
                if place is None or place.path != file.path:
                    place = file.place(code, node)
                if any(link.name == "none" for link in query.chain):
                    continue
                where, use = class_place(file, cls), (code, node.value) if node.value is not None else None
                yield Paged(query.model, order_of(graph, query), place, query, where, view=cls, use=use)


# --- REST framework --------------------------------------------------------------------------------------


def _is_numbered(file: FileContext, cls: ClassInfo) -> bool:
    """Whether an endpoint has pages by number or offset; cursors bring an order of their own."""
    if _mentions(file, cls, "paginate_queryset") or _mentions(file, cls, "paginator"):
        return False
    value = _own_value(file, cls, "pagination_class")
    if value is not None:
        assert value.expr is not None
        symbol = file.project.resolver.expr(value.code, value.expr)
        return _is_numbering(file, symbol)
    setting = file.project.settings.get("REST_FRAMEWORK")
    default = setting.item("DEFAULT_PAGINATION_CLASS").constant
    if not isinstance(default, str) or setting.item("PAGE_SIZE").constant is None:
        return False
    return _is_numbering(file, file.project.resolver.dotted(default))


def _is_numbering(file: FileContext, symbol: object) -> bool:
    if isinstance(symbol, External):
        return symbol.dotted in _REST_NUMBERED
    if not isinstance(symbol, ClassInfo) or not file.project.resolver.is_subclass(symbol, *_REST_NUMBERED):
        return False
    method = file.project.resolver.class_attribute(symbol, "paginate_queryset")
    return method is None or method[0].module.name.startswith("rest_framework.")


def _own_value(file: FileContext, cls: ClassInfo, name: str) -> Value | None:
    """What the project's classes in the hierarchy of `cls` assign to `name`."""
    for base in file.project.resolver.mro(cls):
        if isinstance(base, ClassInfo) and not base.module.name.startswith("rest_framework."):
            binding = base.member(name)
            if isinstance(binding, Value) and binding.expr is not None:
                return binding
    return None


def _mentions(file: FileContext, cls: ClassInfo, name: str) -> bool:
    return any(
        isinstance(base, ClassInfo)
        and not base.module.name.startswith("rest_framework.")
        and base.member(name) is not None
        for base in file.project.resolver.mro(cls)
    )


def _has_ordering_filter(file: FileContext, cls: ClassInfo) -> bool:
    """Whether filter backends may sort: those named on the view with an ``ordering``, or any not seen here."""
    value = _own_value(file, cls, "filter_backends")
    if value is None:
        backends = file.project.settings.get("REST_FRAMEWORK").item("DEFAULT_FILTER_BACKENDS")
        names = [name for item in backends.items() if isinstance(name := item.value.constant, str)]
        sorts = any(not name.startswith("django_filters.") for name in names)
    else:
        assert value.expr is not None
        listed = value.expr.items if isinstance(value.expr, ir.Display) else None
        if listed is None:
            return True
        symbols = [file.project.resolver.expr(value.code, item) for item in listed]
        sorts = any(
            symbol is None
            or not symbol.dotted.startswith(("django_filters.", "rest_framework.filters.SearchFilter"))
            for symbol in symbols
        )
    return sorts and (_mentions(file, cls, "ordering") or not _only_rest_filters(file, value))


def _only_rest_filters(file: FileContext, value: Value | None) -> bool:
    """Whether all filters named on the view are those of the REST framework and its companion."""
    if value is None or not isinstance(value.expr, ir.Display):
        return False
    for item in value.expr.items:
        symbol = file.project.resolver.expr(value.code, item)
        if symbol is None or not symbol.dotted.startswith(("rest_framework.filters.", "django_filters.")):
            return False
    return True
