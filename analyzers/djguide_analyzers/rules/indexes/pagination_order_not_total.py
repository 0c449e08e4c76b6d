"""The order of pages leaves ties."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.layout import quoted
from djguide_analyzers.rules.meta import append_item, items, text_of
from djguide_analyzers.rules.ordering import Order, fixed_columns, is_total
from djguide_analyzers.rules.pagination import Paged, paged_rows
from djguide_analyzers.rules.queryset_calls import place_of_link
from djguide_analyzers.source.edits import Edit

RULE = Rule(
    summary="The order of paginated rows leaves ties, which may change places between pages",
    severity=Severity.INFO,
    safety=Safety.SAFE,
)

_REDUCING = frozenset({"distinct", "union", "intersection", "difference"})


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    for paged in paged_rows(file):
        order = paged.order
        if not order.known or not order.names or (order.link is None and paged.option is None):
            continue  # the model's own order is not this view's business
        model = file.project.graph.get(paged.model)
        if model is None or _is_reduced(paged):
            continue
        fixed = fixed_columns(file.project.graph, paged.query) if paged.query is not None else frozenset()
        if is_total(file.project.graph, model, order.names, fixed) is False:
            place = _place(file, paged)
            if place is not None:
                yield _hit(file, paged, place)


def _is_reduced(paged: Paged) -> bool:
    """Whether what is paged may be something else than one row per object."""
    return paged.query is not None and (
        paged.query.shape != "instances" or any(link.name in _REDUCING for link in paged.query.chain)
    )


def _place(file: FileContext, paged: Paged) -> Place | None:
    if paged.option is not None:
        return paged.place
    link = paged.order.link
    if link is None or link.site.code.module.path != file.path:
        return None
    return place_of_link(link)


def _hit(file: FileContext, paged: Paged, place: Place) -> Hit:
    last = paged.order.names[-1]
    down = last.startswith("-")
    key = "-pk" if down else "pk"
    edit = _edit(file, paged, paged.order, key)
    title = f'Append "{key}" to the order'
    fix = Fix(title, Safety.MANUAL) if edit is None else Fix(title, Safety.SAFE, (edit,))
    related = ()
    if paged.where is not None and paged.where != place:
        related = (Related("the pages are made here", paged.where),)
    columns = ", ".join(f"`{name.lstrip('-+')}`" for name in paged.order.names)
    return Hit(
        place,
        f"Rows with the same {columns} have no order among themselves and may change places from one page to the "
        f'next: end the order with "{key}"',
        related=related,
        fixes=(fix,),
        data={"model": paged.model},
    )


def _edit(file: FileContext, paged: Paged, order: Order, key: str) -> Edit | None:
    if paged.option is not None:
        code, expr = paged.option
        text = text_of(expr)
        if text is not None:
            return replace(file, code.range(expr), f"[{quoted(file, text)}, {quoted(file, key)}]")
        if not isinstance(expr, ir.Display) or not items(expr):
            return None
        return append_item(file, code, expr, quoted(file, key))
    link = order.link
    if link is None or not link.node.args:
        return None
    code = link.site.code
    argument = code.range(link.node.args[-1])
    before = file.lines.line(argument.start.line)[: argument.start.column]
    gap = ", " if before.strip() else f",\n{before}"
    return insert(file, argument.end, gap + quoted(file, key))
