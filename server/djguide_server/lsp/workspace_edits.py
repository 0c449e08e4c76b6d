"""Edits in the form that the client takes: versioned documents or plain changes, annotated or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lsprotocol import types

from djguide_server.lsp.client import ClientFeatures
from djguide_server.lsp.convert import View
from djguide_server.lsp.documents import Document, uri_of

Edits = Mapping[str, list[types.TextEdit]]
"""Edits by path, in the client's columns."""

_ANNOTATION = "djguide"


@dataclass(frozen=True)
class Annotation:
    """What the client shows of a change before it is made; with `confirm` it asks."""

    label: str
    confirm: bool


def workspace_edit(
    client: ClientFeatures,
    view: View,
    edits: Edits,
    annotation: Annotation | None = None,
    created: Mapping[str, str] | None = None,
) -> types.WorkspaceEdit:
    """One edit for all files of `edits`, valid for the documents of `view`; `created` are texts of new files."""
    if not client.document_changes:
        return types.WorkspaceEdit(changes={view.uri(path): list(changes) for path, changes in edits.items()})
    marked = annotation is not None and client.change_annotations
    changes: list[types.TextDocumentEdit | types.CreateFile | types.RenameFile | types.DeleteFile] = []
    for path, text in (created or {}).items():
        uri, start = uri_of(path), types.Position(0, 0)
        changes.append(types.CreateFile(uri, options=types.CreateFileOptions(ignore_if_exists=False)))
        changes.append(_document_edit(uri, None, [types.TextEdit(types.Range(start, start), text)], marked))
    for path, own in edits.items():
        changes.append(_document_edit(view.uri(path), view.documents.get(path), own, marked))
    return types.WorkspaceEdit(
        document_changes=changes,
        change_annotations={
            _ANNOTATION: types.ChangeAnnotation(annotation.label, needs_confirmation=annotation.confirm)
        }
        if annotation is not None and marked
        else None,
    )


def _document_edit(
    uri: str, document: Document | None, edits: list[types.TextEdit], marked: bool
) -> types.TextDocumentEdit:
    identifier = types.OptionalVersionedTextDocumentIdentifier(uri, document.version if document else None)
    if not marked:
        return types.TextDocumentEdit(identifier, list(edits))
    return types.TextDocumentEdit(
        identifier, [types.AnnotatedTextEdit(_ANNOTATION, edit.range, edit.new_text) for edit in edits]
    )
