"""The least that a Python server does: made with pygls, it parses the document after each change."""

import ast

from lsprotocol import types
from pygls.lsp.server import LanguageServer

server = LanguageServer("floor", "1", text_document_sync_kind=types.TextDocumentSyncKind.Incremental)


def _check(ls: LanguageServer, uri: str) -> None:
    document = ls.workspace.get_text_document(uri)
    try:
        ast.parse(document.source)
        found = []
    except SyntaxError as error:
        start = types.Position(max(0, (error.lineno or 1) - 1), 0)
        found = [types.Diagnostic(types.Range(start, start), str(error))]
    ls.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, document.version))


@server.feature(types.TEXT_DOCUMENT_DID_OPEN)
def opened(ls: LanguageServer, params: types.DidOpenTextDocumentParams) -> None:
    _check(ls, params.text_document.uri)


@server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
def changed(ls: LanguageServer, params: types.DidChangeTextDocumentParams) -> None:
    _check(ls, params.text_document.uri)


if __name__ == "__main__":
    server.start_io()
