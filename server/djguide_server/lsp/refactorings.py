"""Refactorings as code actions; their edits are made when they are chosen, for clients that can ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lsprotocol import types

from djguide_server.lsp.actions import wanted
from djguide_server.lsp.client import ClientFeatures
from djguide_server.lsp.convert import with_line_breaks
from djguide_server.lsp.questions import Question
from djguide_server.lsp.workspace_edits import Annotation, workspace_edit

if TYPE_CHECKING:
    from djguide_analyzers.assist.refactorings.base import Change, Refactoring
    from djguide_server.lsp.documents import Document

REFACTOR = types.CodeActionKind.Refactor.value


def may_apply(document: Document | None, selected: types.Range) -> bool:
    """Whether it is worth asking: something is selected, or it is the first line of a class."""
    if document is None or selected.start != selected.end:
        return document is not None
    line = selected.start.line
    return line < document.index.line_count and document.index.line(line).startswith("class ")


def offers(
    question: Question, client: ClientFeatures, only: Sequence[str] | None, selected: types.Range
) -> list[types.CodeAction]:
    """What can be made of the selected code, as far as the request asks for it."""
    actions: list[types.CodeAction] = []
    for found in _found(question):
        if not wanted(found.kind, only):
            continue
        action = types.CodeAction(title=found.title, kind=found.kind)
        if client.resolves_edits:
            action.data = {
                "uri": question.document.uri,
                "version": question.document.version,
                "refactor": found.kind,
                "range": [
                    selected.start.line,
                    selected.start.character,
                    selected.end.line,
                    selected.end.character,
                ],
            }
        else:
            action.edit = _edit(question, client, found.make(), found.title)
        if action.data is not None or action.edit is not None:
            actions.append(action)
    return actions


def resolved(question: Question, client: ClientFeatures, kind: str) -> types.WorkspaceEdit | None:
    """The edit of one of them; None when it turns out not to apply."""
    for found in _found(question):
        if found.kind == kind:
            return _edit(question, client, found.make(), found.title)
    return None


def selected_of(data: object) -> types.Range | None:
    """The range that `offers` has put into an action's data."""
    numbers = data.get("range") if isinstance(data, dict) else None
    if not isinstance(numbers, list) or len(numbers) != 4 or not all(isinstance(n, int) for n in numbers):
        return None
    return types.Range(types.Position(*numbers[:2]), types.Position(*numbers[2:]))


def _found(question: Question) -> list[Refactoring]:
    index = question.document.index
    return question.assistant.refactorings(question.path, index, question.selected, question.read)


def _edit(
    question: Question, client: ClientFeatures, change: Change | None, title: str
) -> types.WorkspaceEdit | None:
    """None as well when files must be made and the client cannot."""
    if change is None or (change.created and not client.creates_files):
        return None
    view = question.view
    edits: dict[str, list[types.TextEdit]] = {}
    for edit in change.edits:
        text = with_line_breaks(edit.text, view.documents.get(edit.path))
        edits.setdefault(edit.path, []).append(types.TextEdit(view.range(edit.path, edit.range), text))
    elsewhere = bool(change.created) or set(edits) != {question.path}
    return workspace_edit(
        client, view, edits, Annotation(title, False) if elsewhere else None, change.created
    )
