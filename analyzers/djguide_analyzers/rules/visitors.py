"""Findings about what a visitor sends: where to look, and how they are told."""

from __future__ import annotations

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Related, Safety
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.rules.request_data import RequestData, Sent


def data_of(file: FileContext, scope: Scope) -> tuple[Names, RequestData] | None:
    """The names of a function and what it takes from requests; None for a top level and for test code.

    Made once for all rules: what is kept of it rests on the function alone, as the scope does.
    """
    if file.is_test or scope.function is None:
        return None
    names = of_scope(file, scope)
    return names, scope.once(RequestData, lambda: RequestData(names))


def sent_hit(file: FileContext, code: Code, node: ir.Node, sent: Sent, message: str, advice: str) -> Hit:
    """The finding that `sent` reaches `node`, with its origin as evidence and advice without an edit."""
    return Hit(
        file.place(code, node),
        message,
        related=(Related("taken from the request", file.place(sent.code, sent.source)),),
        fixes=(Fix(advice, Safety.MANUAL),),
    )
