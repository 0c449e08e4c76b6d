"""`iterator()` of a queryset with a prefetch is not told how many rows to load at a time."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import arguments_range, insert
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.queryset_calls import place_of_link, query_before, queryset_calls

RULE = Rule(
    summary="`iterator()` after `prefetch_related()` without `chunk_size` fails, or loses the prefetch",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    for call in queryset_calls(scope, "iterator"):
        if call.func.name != "iterator" or call.node.args or call.node.keywords:
            continue
        query = query_before(file.project, scope, call)
        if query is None or not query.prefetch or query.shape != "instances":
            continue
        edit = insert(file, arguments_range(file, call.code, call.node).end, "chunk_size=2000")
        links = [link for link in query.chain if link.name == "prefetch_related"]
        related = (Related("the prefetch", place_of_link(links[-1])),) if links else ()
        yield Hit(
            file.place(call.code, call.node),
            "`iterator()` cannot prefetch without knowing how many rows to load at a time: since Django 5.0 it "
            "raises ValueError, before it runs a query per row",
            related=related,
            fixes=(Fix("Add chunk_size=2000", Safety.SAFE, (edit,)),),
            data={"model": query.model},
        )
