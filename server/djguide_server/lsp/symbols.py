"""References and symbols, in the client's terms."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from lsprotocol import types

from djguide_analyzers.source.positions import LineIndex
from djguide_server.lsp.client import ClientFeatures
from djguide_server.lsp.convert import View
from djguide_server.lsp.questions import Question, location

if TYPE_CHECKING:
    from djguide_analyzers.assist.assistant import Assistant
    from djguide_analyzers.assist.subjects import Subject
    from djguide_analyzers.assist.symbols import Symbol

MAX_SYMBOLS = 500
"""Symbols of the workspace in one answer."""

_KINDS = {
    "model": types.SymbolKind.Class,
    "field": types.SymbolKind.Field,
    "url": types.SymbolKind.Constant,
    "task": types.SymbolKind.Function,
}


def asked_for(question: Question) -> tuple[Subject, list[str]] | None:
    """What is meant at the position, and the files to look in."""
    found = question.assistant.meaning(question.path, question.document.index, question.position)
    return (found.subject, question.assistant.files(question.path)) if found is not None else None


def references_in(question: Question, subject: Subject, path: str) -> list[types.Location]:
    """Where one file means `subject`."""
    document = question.view.documents.get(path)
    text = document.text if document is not None else question.view.read(path)
    if text is None:
        return []
    index = document.index if document is not None else LineIndex(text)
    ranges = question.assistant.references(path, index, subject)
    return [types.Location(question.view.uri(path), question.view.range(path, each)) for each in ranges]


def is_declaration(question: Question, subject: Subject, found: types.Location) -> bool:
    """Whether a reference is where `subject` is declared."""
    from djguide_analyzers.assist.subjects import places

    declared = [location(question.view, place) for place in places(subject)]
    return any(
        each.uri == found.uri
        and _key(each.range.start) <= _key(found.range.start)
        and _key(found.range.end) <= _key(each.range.end)
        for each in declared
    )


def document_symbols(
    question: Question, client: ClientFeatures
) -> list[types.DocumentSymbol] | list[types.SymbolInformation]:
    """What a document declares; a tree where the client can show one."""
    found = question.assistant.symbols(question.path)
    if client.symbol_tree:
        return [_tree(question.view, symbol) for symbol in found]
    return [_flat(question.view, each) for symbol in found for each in (symbol, *symbol.children)]


def workspace_symbols(assistant: Assistant, view: View, query: str) -> list[types.SymbolInformation]:
    """What the projects declare under a name like `query`."""
    return [_flat(view, symbol) for symbol in islice(assistant.symbols_called(query), MAX_SYMBOLS)]


def _key(position: types.Position) -> tuple[int, int]:
    return position.line, position.character


def _tree(view: View, symbol: Symbol) -> types.DocumentSymbol:
    path = symbol.place.path
    return types.DocumentSymbol(
        name=symbol.name,
        kind=_KINDS[symbol.kind],
        range=view.range(path, symbol.extent),
        selection_range=view.range(path, symbol.place.range),
        detail=symbol.detail or None,
        children=[_tree(view, child) for child in symbol.children] or None,
    )


def _flat(view: View, symbol: Symbol) -> types.SymbolInformation:
    return types.SymbolInformation(
        location=location(view, symbol.place),
        name=symbol.name,
        kind=_KINDS[symbol.kind],
        container_name=symbol.detail,
    )
