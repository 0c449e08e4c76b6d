"""Rows without an order are divided into pages."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.project.modules import Value
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import arguments_range, insert
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.layout import quoted
from djguide_analyzers.rules.pagination import Paged, paged_rows
from djguide_analyzers.rules.queryset_calls import append_call, is_one_of_several
from djguide_analyzers.source.edits import Edit

RULE = Rule(
    summary="Pages of a queryset without an order repeat and skip rows",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    for paged in paged_rows(file):
        if paged.order.is_none and not (paged.query is not None and paged.query.single):
            yield _hit(file, paged)


def _hit(file: FileContext, paged: Paged) -> Hit:
    title, edit = 'Order by the key: order_by("pk")', _edit(file, paged)
    fix = Fix(title, Safety.MANUAL) if edit is None else Fix(title, Safety.REVIEW, (edit,))
    related = ()
    if paged.where is not None and paged.where != paged.place:
        related = (Related("the pages are made here", paged.where),)
    return Hit(
        paged.place,
        f"The rows of {paged.model.rpartition('.')[2]} come in no particular order, and each page is a query of "
        "its own: rows may be on two pages or on none",
        related=related,
        fixes=(fix,),
        data={"model": paged.model},
    )


def _edit(file: FileContext, paged: Paged) -> Edit | None:
    query, last = paged.query, paged.order.link
    if query is not None:
        ends = last is not None and query.chain and query.chain[-1] is last
        if last is not None and ends and not is_one_of_several(file, last):
            if last.site.code.module.path != file.path or last.node.args:
                return None
            return insert(file, arguments_range(file, last.site.code, last.node).end, quoted(file, "pk"))
        return append_call(file, query, f"order_by({quoted(file, 'pk')})", paged.use)
    model = paged.view.member("model") if paged.view is not None else None
    if not isinstance(model, Value):
        return None
    whole = model.code.range(model.at)
    if model.code.module.path != file.path or whole.start.line != whole.end.line:
        return None
    indent = file.lines.line(whole.start.line)[: whole.start.column]
    return (
        insert(file, whole.end, f"\n{indent}ordering = [{quoted(file, 'pk')}]")
        if not indent.strip()
        else None
    )
