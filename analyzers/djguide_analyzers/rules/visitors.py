"""Findings about what a visitor sends: where to look, and how they are told."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Related, Safety
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.rules.request_data import RequestData, Sent


def functions_with_data(file: FileContext) -> Iterator[tuple[Scope, Names, RequestData]]:
    """The functions of `file`, with their names and what they take from requests; none of test code."""
    for scope in () if file.is_test else file.scopes:
        if scope.function is not None:
            names = of_scope(file, scope)
            yield scope, names, RequestData(names)


def sent_hit(file: FileContext, code: Code, node: ir.Node, sent: Sent, message: str, advice: str) -> Hit:
    """The finding that `sent` reaches `node`, with its origin as evidence and advice without an edit."""
    return Hit(
        file.place(code, node),
        message,
        related=(Related("taken from the request", file.place(sent.code, sent.source)),),
        fixes=(Fix(advice, Safety.MANUAL),),
    )
