"""Code actions, built from what was found and never from what the client says it found.

Clients ask on every movement of the cursor, with ranges that may be older than the text and diagnostics that
may have lost everything but range and code. So an action is offered only while every file it edits is
exactly the one that was analysed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from lsprotocol import types

from djguide_analyzers.rules.finding import Fix, Safety
from djguide_analyzers.source.edits import Edit, merge
from djguide_analyzers.source.positions import Range
from djguide_server.lsp.client import ClientFeatures
from djguide_server.lsp.convert import Shown, ShownFix, View, with_line_breaks
from djguide_server.lsp.documents import Documents, range_from_client
from djguide_server.lsp.events import Result
from djguide_server.lsp.suppress import Insertion, file_suppression, suppression
from djguide_server.lsp.workspace_edits import Annotation, Edits, workspace_edit

FIX_ALL = "source.fixAll.djguide"
QUICK_FIX = types.CodeActionKind.QuickFix.value
SHOW_RULE = "djguide.showRule"
"""The command that opens a rule's page; its argument is the code."""


class ActionBuilder:
    """The actions for one request. `read` gives the text of a file that is not open."""

    def __init__(
        self,
        client: ClientFeatures,
        documents: Documents,
        result: Result,
        read: Callable[[str], str | None] = lambda path: None,
    ) -> None:
        self._client = client
        self._documents = documents
        self._result = result
        self._document = result.document
        self._read = read
        self._view = View(client, result.target.documents, result.roots, lambda path: None)

    def actions(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        """All actions that the request asks for: fixes, the preferred first, then suppressions, then fix-all."""
        only = params.context.only
        invoked = params.context.trigger_kind != types.CodeActionTriggerKind.Automatic
        actions: list[types.CodeAction] = []
        if wanted(QUICK_FIX, only):
            shown = self._selected(params)
            actions += sorted(self._fixes(shown), key=lambda action: not action.is_preferred)
            actions += self._fixes_of_rules(shown)
            actions += self._suppressions(shown)
            if invoked:
                actions += self._wider_suppressions(shown)
            actions += self._pages(shown)
        if wanted(FIX_ALL, only) and (only or invoked) and (fix_all := self._fix_all()):
            actions.append(fix_all)
        if not self._client.preferred_actions:
            for action in actions:
                action.is_preferred = None
        return actions

    def resolved(self, action: types.CodeAction) -> types.CodeAction | None:
        """`action` with its edit; None when the text it was offered for is no longer the one that was analysed."""
        data = action.data if isinstance(action.data, dict) else {}
        if data.get("version") != self._document.version:
            return None
        for shown in self._result.shown:
            number = data.get("fix")
            if (shown.diagnostic.data or {}).get("id") == data.get("id") and isinstance(number, int):
                fix = shown.fixes[number] if 0 <= number < len(shown.fixes) else None
                if fix is not None and fix.edits and self._valid(fix.edits):
                    action.edit = self._edit_of(fix)
                    return action
        return None

    def _selected(self, params: types.CodeActionParams) -> list[Shown]:
        """Findings that touch the range asked for, or that the client names by range and code."""
        range_ = range_from_client(self._document.index, params.range, self._client.encoding)
        named = [(diagnostic.range, diagnostic.code) for diagnostic in params.context.diagnostics]
        return [
            shown
            for shown in self._result.shown
            if _touch(shown.range, range_) or (shown.diagnostic.range, shown.finding.code) in named
        ]

    def _fixes(self, selected: Iterable[Shown]) -> list[types.CodeAction]:
        """One action for each fix, however many of the findings have it."""
        offered: list[tuple[ShownFix, types.CodeAction]] = []
        for shown in selected:
            preferred = _first_safe(shown.fixes)
            for number, fix in enumerate(shown.fixes):
                if not fix.edits or not self._valid(fix.edits):
                    continue
                same = next((a for f, a in offered if (f.title, f.edits) == (fix.title, fix.edits)), None)
                if same is not None:  # one edit for several findings
                    same.diagnostics = [*(same.diagnostics or ()), shown.diagnostic]
                    continue
                action = types.CodeAction(
                    title=_title(fix),
                    kind=QUICK_FIX,
                    diagnostics=[shown.diagnostic],
                    is_preferred=True if fix is preferred else None,
                )
                if self._client.resolves_edits and set(fix.edits) != {self._document.path}:
                    action.data = self._reference(shown, number)
                else:
                    action.edit = self._edit_of(fix)
                offered.append((fix, action))
        self._tell_apart(offered)
        return [action for _, action in offered]

    def _tell_apart(self, offered: Sequence[tuple[ShownFix, types.CodeAction]]) -> None:
        """Say where they edit of those that have one title."""
        titles = Counter(action.title for _, action in offered)
        for fix, action in offered:
            if titles[action.title] > 1:
                path, edits = next(iter(fix.edits.items()))
                place = f"{self._view.name(path)}:{edits[0].range.start.line + 1}"
                action.title = _title(fix, f" at {place}")

    def _reference(self, shown: Shown, number: int) -> dict[str, object]:
        """What finds a fix again when the client wants its edit."""
        return {
            "uri": self._document.uri,
            "version": self._document.version,
            "id": (shown.diagnostic.data or {}).get("id"),
            "fix": number,
        }

    def _fixes_of_rules(self, selected: Iterable[Shown]) -> Iterator[types.CodeAction]:
        """For each rule that is found more than once: the fixes of all its findings in this file."""
        for code in dict.fromkeys(shown.finding.code for shown in selected):
            own = [shown for shown in self._result.shown if shown.finding.code == code]
            fixes = [fix for shown in own if (fix := self._best_here(shown)) is not None]
            groups = merge(fix.edits for fix in fixes)
            edits = self._own_edits(edit for group in groups for edit in group)
            if len(groups) < 2 or not edits:
                continue
            review = any(fix.safety is not Safety.SAFE for fix in fixes)
            yield types.CodeAction(
                title=f"Fix all {code} in this file{' (please review)' if review else ''}",
                kind=QUICK_FIX,
                diagnostics=[shown.diagnostic for shown in own],
                edit=self._workspace_edit(edits),
            )

    def _suppressions(self, selected: Iterable[Shown]) -> Iterator[types.CodeAction]:
        offered: set[tuple[str, int]] = set()
        path = self._document.path
        for shown in selected:
            code, line = shown.finding.code, shown.range.start.line
            if (code, line) in offered or path is None:
                continue
            offered.add((code, line))
            found = suppression(path, self._document.index, line, code)
            yield from self._suppressing(f"Ignore {code} on this line", shown, found)

    def _wider_suppressions(self, selected: Iterable[Shown]) -> Iterator[types.CodeAction]:
        """For each rule: ignoring it in the file, and in the configuration."""
        path = self._document.path
        if path is None:
            return
        by_code = {shown.finding.code: shown for shown in reversed(list(selected))}
        for code, shown in reversed(by_code.items()):
            found = file_suppression(path, self._document.index, code)
            yield from self._suppressing(f"Ignore {code} in this file", shown, found)
            edit = self._configured(path, code)
            if edit is not None:
                name = PurePosixPath(edit.path).name
                yield types.CodeAction(
                    title=f"Ignore {code} in {name}",
                    kind=QUICK_FIX,
                    diagnostics=[shown.diagnostic],
                    edit=self._edit_elsewhere(edit),
                )

    def _configured(self, path: str, code: str) -> Edit | None:
        from djguide_analyzers.engine.config_edits import ignore_rule

        return ignore_rule(Path(path).parent, lambda file: self._present(file.as_posix()), code)

    def _present(self, path: str) -> str | None:
        document = self._documents.by_path(path)
        return document.text if document is not None else self._read(path)

    def _edit_elsewhere(self, edit: Edit) -> types.WorkspaceEdit:
        """An edit of a file as it is now, whether or not it was analysed."""
        view = View(self._client, self._documents.on_disk(), (), self._read)
        text = with_line_breaks(edit.text, view.documents.get(edit.path))
        return workspace_edit(
            self._client, view, {edit.path: [types.TextEdit(view.range(edit.path, edit.range), text)]}
        )

    def _suppressing(self, title: str, shown: Shown, found: Insertion | None) -> Iterator[types.CodeAction]:
        path = self._document.path
        if found is None or path is None:
            return
        yield types.CodeAction(
            title=title,
            kind=QUICK_FIX,
            diagnostics=[shown.diagnostic],
            edit=self._workspace_edit(self._own_edits([Edit(path, *found)])),
        )

    def _pages(self, selected: Iterable[Shown]) -> Iterator[types.CodeAction]:
        """Opening the page of each rule, for clients that can be told to show a document."""
        if not self._client.show_document:
            return
        for code in dict.fromkeys(shown.finding.code for shown in selected):
            title = f"Open the page of {code}"
            yield types.CodeAction(
                title=title, kind=QUICK_FIX, command=types.Command(title, SHOW_RULE, arguments=[code])
            )

    def _fix_all(self) -> types.CodeAction | None:
        """All safe fixes that stay within this document and do not touch the same text."""
        fixes = [fix for shown in self._result.shown if (fix := self._safe_here(shown)) is not None]
        edits = self._own_edits(edit for group in merge(fix.edits for fix in fixes) for edit in group)
        if not edits:
            return None
        return types.CodeAction(
            title="Apply all safe djguide fixes in this file",
            kind=FIX_ALL,
            edit=self._workspace_edit(edits),
        )

    def _safe_here(self, shown: Shown) -> Fix | None:
        """The first safe fix that stays within this document."""
        return next((fix for fix in self._here(shown) if fix.safety is Safety.SAFE), None)

    def _best_here(self, shown: Shown) -> Fix | None:
        """The fix to take within this document: the first safe one, else the only one there is."""
        here = list(self._here(shown))
        return self._safe_here(shown) or (here[0] if len(here) == 1 else None)

    def _here(self, shown: Shown) -> Iterator[Fix]:
        path = self._document.path
        for fix in shown.finding.fixes:
            if fix.edits and all(edit.path == path for edit in fix.edits):
                yield fix

    def _own_edits(self, edits: Iterable[Edit]) -> dict[str, list[types.TextEdit]]:
        """Edits of this document in the client's columns; empty without any."""
        changes = [
            types.TextEdit(
                self._view.range(edit.path, edit.range), with_line_breaks(edit.text, self._document)
            )
            for edit in edits
        ]
        path = self._document.path
        return {path: changes} if changes and path is not None else {}

    def _valid(self, edits: Mapping[str, object]) -> bool:
        """Whether every file to be edited is still the one that was analysed."""
        known = self._result.target.documents
        return all(self._documents.by_path(path) is known.get(path) for path in edits)

    def _edit_of(self, fix: ShownFix) -> types.WorkspaceEdit:
        elsewhere = set(fix.edits) != {self._document.path}
        annotation = Annotation(fix.title, fix.safety is not Safety.SAFE) if elsewhere else None
        return workspace_edit(self._client, self._view, fix.edits, annotation)

    def _workspace_edit(self, edits: Edits) -> types.WorkspaceEdit:
        return workspace_edit(self._client, self._view, edits)


def wanted(kind: str, only: Sequence[str] | None) -> bool:
    """Whether a request limited to the kinds `only` (and what is below them) asks for `kind`."""
    if not only:
        return True
    asked = (getattr(entry, "value", entry) for entry in only)
    return any(entry == "" or kind == entry or kind.startswith(f"{entry}.") for entry in asked)


def may_be_wanted(kind: str, only: Sequence[str] | None) -> bool:
    """Whether a request may ask for `kind` or something below it."""
    below = f"{kind}."
    return wanted(kind, only) or any(getattr(entry, "value", entry).startswith(below) for entry in only or ())


def asks_for_source(only: Sequence[str] | None) -> bool:
    """Whether a request is for source actions alone, as editors send it when a file is saved."""
    return bool(only) and wanted(FIX_ALL, only) and not wanted(QUICK_FIX, only)


def _first_safe(fixes: Iterable[ShownFix]) -> ShownFix | None:
    return next((fix for fix in fixes if fix.safety is Safety.SAFE and fix.edits), None)


def _title(fix: ShownFix, where: str = "") -> str:
    review = "" if fix.safety is Safety.SAFE else " (please review)"
    return f"{fix.title}{where}{review}"


def _touch(one: Range, other: Range) -> bool:
    return one.start <= other.end and other.start <= one.end
