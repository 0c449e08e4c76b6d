"""Code actions, built from what was found and never from what the client says it found.

Clients ask on every movement of the cursor, with ranges that may be older than the text and diagnostics that
may have lost everything but range and code. So an action is offered only while every file it edits is
exactly the one that was analysed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from lsprotocol import types

from djguide_analyzers.rules.finding import Fix, Safety
from djguide_analyzers.source.edits import merge
from djguide_analyzers.source.positions import Range
from djguide_server.lsp.client import ClientFeatures
from djguide_server.lsp.convert import Shown, ShownFix, View, with_line_breaks
from djguide_server.lsp.documents import Documents, range_from_client
from djguide_server.lsp.scheduler import Result
from djguide_server.lsp.suppress import suppression

FIX_ALL = "source.fixAll.djguide"
QUICK_FIX = types.CodeActionKind.QuickFix.value


class ActionBuilder:
    """The actions for one request."""

    def __init__(self, client: ClientFeatures, documents: Documents, result: Result) -> None:
        self._client = client
        self._documents = documents
        self._result = result
        self._document = result.document
        self._view = View(client, result.target.documents, (), lambda path: None)

    def actions(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        """All actions that the request asks for: fixes, the preferred first, then suppressions, then fix-all."""
        only = params.context.only
        actions: list[types.CodeAction] = []
        if wanted(QUICK_FIX, only):
            shown = self._selected(params)
            actions += sorted(self._fixes(shown), key=lambda action: not action.is_preferred)
            actions += self._suppressions(shown)
        invoked = params.context.trigger_kind != types.CodeActionTriggerKind.Automatic
        if wanted(FIX_ALL, only) and (only or invoked) and (fix_all := self._fix_all()):
            actions.append(fix_all)
        if not self._client.preferred_actions:
            for action in actions:
                action.is_preferred = None
        return actions

    def _selected(self, params: types.CodeActionParams) -> list[Shown]:
        """Findings that touch the range asked for, or that the client names by range and code."""
        range_ = range_from_client(self._document.index, params.range, self._client.encoding)
        named = [(diagnostic.range, diagnostic.code) for diagnostic in params.context.diagnostics]
        return [
            shown
            for shown in self._result.shown
            if _touch(shown.range, range_) or (shown.diagnostic.range, shown.finding.code) in named
        ]

    def _fixes(self, selected: Iterable[Shown]) -> Iterator[types.CodeAction]:
        offered: list[object] = []
        for shown in selected:
            preferred = _first_safe(shown.fixes)
            for fix in shown.fixes:
                if not fix.edits or not self._valid(fix.edits) or (same := (fix.title, fix.edits)) in offered:
                    continue
                offered.append(same)
                yield types.CodeAction(
                    title=_title(fix),
                    kind=QUICK_FIX,
                    diagnostics=[shown.diagnostic],
                    is_preferred=True if fix is preferred else None,
                    edit=self._workspace_edit(fix.edits),
                )

    def _suppressions(self, selected: Iterable[Shown]) -> Iterator[types.CodeAction]:
        offered: set[tuple[str, int]] = set()
        path = self._document.path
        for shown in selected:
            code, line = shown.finding.code, shown.range.start.line
            if (code, line) in offered:
                continue
            offered.add((code, line))
            if (
                path is not None
                and (found := suppression(path, self._document.index, line, code)) is not None
            ):
                edit = types.TextEdit(
                    self._view.range(path, found.range), with_line_breaks(found.text, self._document)
                )
                yield types.CodeAction(
                    title=f"Ignore {code} on this line",
                    kind=QUICK_FIX,
                    diagnostics=[shown.diagnostic],
                    edit=self._workspace_edit({path: [edit]}),
                )

    def _fix_all(self) -> types.CodeAction | None:
        """All safe fixes that stay within this document and do not touch the same text."""
        fixes = [fix for shown in self._result.shown if (fix := self._safe_here(shown)) is not None]
        edits = [edit for group in merge(fix.edits for fix in fixes) for edit in group]
        path = self._document.path
        if not edits or path is None:
            return None
        changes = [
            types.TextEdit(self._view.range(path, edit.range), with_line_breaks(edit.text, self._document))
            for edit in edits
        ]
        return types.CodeAction(
            title="Apply all safe djguide fixes in this file",
            kind=FIX_ALL,
            edit=self._workspace_edit({path: changes}),
        )

    def _safe_here(self, shown: Shown) -> Fix | None:
        path = self._document.path
        for fix in shown.finding.fixes:
            if fix.safety is Safety.SAFE and fix.edits and all(edit.path == path for edit in fix.edits):
                return fix
        return None

    def _valid(self, edits: Mapping[str, object]) -> bool:
        """Whether every file to be edited is still the one that was analysed."""
        known = self._result.target.documents
        return all(self._documents.by_path(path) is known.get(path) for path in edits)

    def _workspace_edit(self, edits: Mapping[str, list[types.TextEdit]]) -> types.WorkspaceEdit:
        if not self._client.document_changes:
            return types.WorkspaceEdit(changes={self._view.uri(path): list(e) for path, e in edits.items()})
        known = self._result.target.documents
        return types.WorkspaceEdit(
            document_changes=[
                types.TextDocumentEdit(
                    types.OptionalVersionedTextDocumentIdentifier(
                        self._view.uri(path), document.version if (document := known.get(path)) else None
                    ),
                    list(changes),
                )
                for path, changes in edits.items()
            ]
        )


def wanted(kind: str, only: Sequence[str] | None) -> bool:
    """Whether a request limited to the kinds `only` (and what is below them) asks for `kind`."""
    if not only:
        return True
    asked = (getattr(entry, "value", entry) for entry in only)
    return any(entry == "" or kind == entry or kind.startswith(f"{entry}.") for entry in asked)


def asks_for_source(only: Sequence[str] | None) -> bool:
    """Whether a request is for source actions alone, as editors send it when a file is saved."""
    return bool(only) and wanted(FIX_ALL, only) and not wanted(QUICK_FIX, only)


def _first_safe(fixes: Iterable[ShownFix]) -> ShownFix | None:
    return next((fix for fix in fixes if fix.safety is Safety.SAFE and fix.edits), None)


def _title(fix: ShownFix) -> str:
    return fix.title if fix.safety is Safety.SAFE else f"{fix.title} (please review)"


def _touch(one: Range, other: Range) -> bool:
    return one.start <= other.end and other.start <= one.end
