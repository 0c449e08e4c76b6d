"""What the client may ask and tell, one function each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from djguide_analyzers.project.files import DiskFiles
from djguide_analyzers.rules import plugins
from djguide_server.lsp import lenses, questions, refactorings, settings, symbols
from djguide_server.lsp.actions import (
    FIX_ALL,
    QUICK_FIX,
    SHOW_RULE,
    ActionBuilder,
    asks_for_source,
    may_be_wanted,
)
from djguide_server.lsp.client import ClientFeatures
from djguide_server.lsp.convert import View
from djguide_server.lsp.diagnostics import PullChannel
from djguide_server.lsp.documents import path_of, position_from_client, uri_of
from djguide_server.lsp.hover import both, code_hover, hover, with_description
from djguide_server.lsp.lifecycle import watch_parent
from djguide_server.lsp.roots import client_roots, folder_paths

if TYPE_CHECKING:
    from djguide_server.lsp.server import DjguideServer

T = TypeVar("T")
SHOW_REPORT = "djguide.showReport"
LENS_SECONDS = 2.0
"""How long a request for lenses waits for the analysis; the client is told when it is asked too early."""
FIX_ALL_SECONDS = 1.0
"""How long a fix-all at saving waits for the analysis of the text that is saved."""
_WATCHED = (
    "**/*.{py,pyi,html,htm,djhtml,txt,xml,jinja,jinja2,j2}",
    "**/templates/**",  # templates may have any suffix; and whole folders come and go
    "**/{pyproject,djguide}.toml",
    "**/*baseline*.json",
)


def register(server: DjguideServer) -> None:
    """Connect all handlers to `server`."""
    for method, handler in _HANDLERS.items():
        server.feature(method)(handler)
    server.command(SHOW_REPORT)(show_report)
    server.command(SHOW_RULE)(show_rule)


def initialize(ls: DjguideServer, params: types.InitializeParams) -> types.InitializeResult:
    """Say what the server can do. Neither files nor settings are looked at before `initialized`."""
    ls.protocol.client_capabilities = params.capabilities
    ls.configure_client(ClientFeatures.of(params.capabilities))
    ls.roots = client_roots(params)
    ls.settings = settings.initial_settings(params.initialization_options)
    plugins.use_folders(settings.rule_folders(params.initialization_options))
    watch_parent(asyncio.get_running_loop(), params.process_id, lambda: ls.stop(1))
    capabilities = _capabilities(ls.client)
    if lenses.wanted(params.initialization_options):
        capabilities.code_lens_provider = types.CodeLensOptions()
    return types.InitializeResult(capabilities=capabilities, server_info=ls.protocol.server_info)


def _capabilities(client: ClientFeatures) -> types.ServerCapabilities:
    pull = types.DiagnosticOptions(
        inter_file_dependencies=True, workspace_diagnostics=True, identifier="djguide"
    )
    return types.ServerCapabilities(
        position_encoding=client.encoding,
        text_document_sync=types.TextDocumentSyncOptions(
            open_close=True, change=types.TextDocumentSyncKind.Incremental, save=types.SaveOptions(False)
        ),
        hover_provider=True,
        completion_provider=types.CompletionOptions(trigger_characters=questions.TRIGGERS),
        definition_provider=True,
        references_provider=True,
        document_symbol_provider=types.DocumentSymbolOptions(label="djguide"),
        workspace_symbol_provider=True,
        code_action_provider=types.CodeActionOptions(
            code_action_kinds=[QUICK_FIX, FIX_ALL, refactorings.REFACTOR],
            resolve_provider=client.resolves_edits or None,
        ),
        execute_command_provider=types.ExecuteCommandOptions(commands=[SHOW_REPORT, SHOW_RULE]),
        diagnostic_provider=pull if client.pull_diagnostics else None,
        workspace=types.WorkspaceOptions(
            workspace_folders=types.WorkspaceFoldersServerCapabilities(
                supported=True, change_notifications=True
            )
        ),
    )


async def initialized(ls: DjguideServer, params: types.InitializedParams) -> None:
    """Begin to work: subscribe to changes, get the settings, analyse."""
    registrations: list[types.Registration] = []
    if ls.client.watched_files:
        watchers = [types.FileSystemWatcher(glob_pattern=pattern) for pattern in _WATCHED]
        registrations.append(
            types.Registration(
                "djguide-files",
                types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
                types.DidChangeWatchedFilesRegistrationOptions(watchers=watchers),
            )
        )
    if ls.client.configuration_registration:
        registrations.append(
            types.Registration(
                "djguide-settings",
                types.WORKSPACE_DID_CHANGE_CONFIGURATION,
                types.DidChangeConfigurationRegistrationOptions(section=settings.SECTION),
            )
        )
    if registrations:
        ls.client_register_capability(types.RegistrationParams(registrations))
    await ls.start_working()


def leave(ls: DjguideServer, params: object) -> None:
    """End the process, in order only after `shutdown`."""
    ls.stop(0 if ls.protocol.was_shut_down else 1)


def did_open(ls: DjguideServer, params: types.DidOpenTextDocumentParams) -> None:
    """A document is the client's from now on."""
    document = ls.documents.open(params.text_document)
    if document.path is not None:
        ls.deleted.discard(document.path)
        ls.submit()


def did_change(ls: DjguideServer, params: types.DidChangeTextDocumentParams) -> None:
    """A document has a new version."""
    document = ls.documents.change(params, ls.client.encoding)
    if document is not None and document.path is not None:
        ls.deleted.discard(document.path)
        ls.submit()


def did_save(ls: DjguideServer, params: types.DidSaveTextDocumentParams) -> None:
    """The disk has a new version; not every client watches files."""
    path = path_of(params.text_document.uri)
    if path is not None:
        ls.deleted.discard(path)
        ls.submit([path])


def did_close(ls: DjguideServer, params: types.DidCloseTextDocumentParams) -> None:
    """The disk has the last word on a document again."""
    document = ls.documents.close(params.text_document.uri)
    if document is None:
        return
    ls.forget(document)
    if document.path is not None:
        ls.deleted.discard(document.path)
        ls.submit([document.path])


def did_change_watched_files(ls: DjguideServer, params: types.DidChangeWatchedFilesParams) -> None:
    """Files were changed by someone else, or by the client itself."""
    paths: list[str] = []
    for change in params.changes:
        if (path := path_of(change.uri)) is None:
            continue
        paths.append(path)
        if change.type != types.FileChangeType.Deleted:
            ls.deleted.discard(path)
        elif (document := ls.documents.by_path(path)) is not None:
            ls.deleted.add(path)
            ls.forget(document, deleted=True)
    if paths:
        ls.submit(paths)


def did_change_workspace_folders(ls: DjguideServer, params: types.DidChangeWorkspaceFoldersParams) -> None:
    """The client works on other folders."""
    for uri in folder_paths(params.event.removed):
        ls.roots.pop(uri, None)
    ls.roots.update(folder_paths(params.event.added))
    ls.submit()


async def did_change_configuration(ls: DjguideServer, params: types.DidChangeConfigurationParams) -> None:
    """Settings changed: ask for them, or take those that came along."""
    if ls.client.configuration:
        await ls.fetch_settings()
    elif (found := settings.pushed_settings(params.settings)) is not None:
        ls.use_settings(found)


async def pull_diagnostics(ls: DjguideServer, params: types.DocumentDiagnosticParams) -> Any:
    """The diagnostics of a document, once they are current."""
    if not isinstance(ls.channel, PullChannel):
        return types.RelatedFullDocumentDiagnosticReport(items=[])
    document = ls.documents.get(params.text_document.uri)
    if document is not None and document.path in ls.deleted:
        document = None
    return await ls.channel.answer(document, params.previous_result_id)


async def workspace_diagnostics(
    ls: DjguideServer, params: types.WorkspaceDiagnosticParams
) -> types.WorkspaceDiagnosticReport:
    """The diagnostics of files that are not open, once they are other than the client has them."""
    if not isinstance(ls.channel, PullChannel):
        return types.WorkspaceDiagnosticReport(items=[])
    return await ls.closed_files(params)


async def code_action(ls: DjguideServer, params: types.CodeActionParams) -> list[types.CodeAction]:
    """What can be done about the findings in a range of the present text, and what can be made of selected code."""
    uri, only = params.text_document.uri, params.context.only
    result = ls.current_result(uri)
    if result is None and asks_for_source(only):
        result = await ls.awaited_result(uri, FIX_ALL_SECONDS)
    actions: list[types.CodeAction] = []
    if result is not None:
        actions += ActionBuilder(ls.client, ls.documents, result, DiskFiles().read_text).actions(params)
    document = ls.documents.get(uri)
    if may_be_wanted(refactorings.REFACTOR, only) and refactorings.may_apply(document, params.range):
        ask = partial(refactorings.offers, client=ls.client, only=only, selected=params.range)
        actions += await _ask(ls, ask, params.text_document, params.range) or []
    return actions


async def resolve_code_action(ls: DjguideServer, action: types.CodeAction) -> types.CodeAction:
    """The edit of an action that was offered without."""
    # Some clients ask for any action.
    if action.edit is not None or action.command is not None:
        return action
    data = action.data if isinstance(action.data, dict) else {}
    uri, selected = data.get("uri"), refactorings.selected_of(data)
    document = ls.documents.get(uri) if isinstance(uri, str) else None
    if document is not None and document.version == data.get("version"):
        if selected is not None:
            ask = partial(refactorings.resolved, client=ls.client, kind=str(data.get("refactor")))
            action.edit = await _ask(ls, ask, types.TextDocumentIdentifier(document.uri), selected)
            if action.edit is not None:
                return action
            raise JsonRpcException("This cannot be done here.", types.LSPErrorCodes.RequestFailed)
        if (result := ls.current_result(document.uri)) is not None:
            resolved = ActionBuilder(ls.client, ls.documents, result).resolved(action)
            if resolved is not None:
                return resolved
    raise JsonRpcException("The file was changed since; ask again.", types.LSPErrorCodes.ContentModified)


async def code_lens(ls: DjguideServer, params: types.CodeLensParams) -> list[types.CodeLens]:
    """What the rows of the querysets in a document cost."""
    uri = params.text_document.uri
    result = await ls.awaited_result(uri, LENS_SECONDS)
    ls.lenses[uri] = found = lenses.lenses(result) if result is not None else []
    return found


async def show_hover(ls: DjguideServer, params: types.HoverParams) -> types.Hover | None:
    """What is known about a position: findings there, the rule of a code, or the model, field or queryset."""
    document = ls.documents.get(params.text_document.uri)
    if document is None:
        return None
    markdown = ls.client.markdown_hover
    position = position_from_client(document.index, params.position, ls.client.encoding)
    result = ls.current_result(params.text_document.uri)
    found = None
    if result is not None:
        view = View(ls.client, result.target.documents, result.roots, lambda path: None)
        found = hover(result, position, view.name, markdown=markdown)
    found = both(found, code_hover(document, position, ls.client))
    about = await _ask(ls, questions.about, params.text_document, params.position)
    return with_description(found, about, markdown=markdown)


async def complete(ls: DjguideServer, params: types.CompletionParams) -> types.CompletionList | None:
    """Names that Django knows at a position."""
    return await _ask(ls, questions.completions, params.text_document, params.position)


async def go_to_definition(ls: DjguideServer, params: types.DefinitionParams) -> list[types.Location] | None:
    """Where the field, model, template, URL or setting at a position is defined."""
    return await _ask(ls, questions.definitions, params.text_document, params.position)


async def find_references(ls: DjguideServer, params: types.ReferenceParams) -> list[types.Location] | None:
    """Where the project means the same as the position; other questions have their turn between its files."""
    document = ls.documents.get(params.text_document.uri)
    question = ls.questions.question(document, params.position, ls.client, ls.documents.on_disk())
    if question is None or (asked := await ls.questions.run(partial(symbols.asked_for, question))) is None:
        return None
    subject, paths = asked
    found: list[types.Location] = []
    for path in paths:
        found += await ls.questions.run(partial(symbols.references_in, question, subject, path))
    if not params.context.include_declaration:
        found = [each for each in found if not symbols.is_declaration(question, subject, each)]
    return found


async def document_symbols(ls: DjguideServer, params: types.DocumentSymbolParams) -> Any:
    """Models with their fields, URL names and tasks of a document."""
    answer = partial(symbols.document_symbols, client=ls.client)
    return await _ask(ls, answer, params.text_document, types.Position(0, 0))


async def workspace_symbols(ls: DjguideServer, params: types.WorkspaceSymbolParams) -> Any:
    """Models, fields, URL names and tasks of the projects."""
    assistant = ls.questions.assistant
    if assistant is None:
        return None
    view = View(ls.client, ls.documents.on_disk(), (), DiskFiles().read_text)
    return await ls.questions.run(partial(symbols.workspace_symbols, assistant, view, params.query))


async def _ask(
    ls: DjguideServer,
    answer: Callable[[questions.Question], T],
    identifier: types.TextDocumentIdentifier,
    place: types.Position | types.Range,
) -> T | None:
    document = ls.documents.get(identifier.uri)
    return await ls.questions.ask(answer, document, place, ls.client, ls.documents.on_disk())


def ignore(ls: DjguideServer, params: object) -> None:
    """A notification that needs no answer, registered so that it is not taken for an unknown one."""


async def show_rule(ls: Any, code: Any = None) -> None:
    """Open the page of a rule in the client.

    The library evaluates the annotations of commands with arguments, where the server's class is not known.
    """
    from djguide_analyzers.rules import registry

    entry = registry.get(str(code))
    if entry is not None and ls.client.show_document:
        params = types.ShowDocumentParams(uri_of(entry.page_path.as_posix()), take_focus=True)
        await ls.window_show_document_async(params)


async def show_report(ls: DjguideServer, *_arguments: object) -> dict[str, object]:
    """What was discovered in the workspace and why, as ``djguide doctor`` tells it."""
    if ls.worker is None:
        return {}
    return await asyncio.wrap_future(ls.worker.call(lambda workspace: workspace.doctor()))


_HANDLERS = {
    types.INITIALIZE: initialize,
    types.INITIALIZED: initialized,
    types.EXIT: leave,
    types.TEXT_DOCUMENT_DID_OPEN: did_open,
    types.TEXT_DOCUMENT_DID_CHANGE: did_change,
    types.TEXT_DOCUMENT_DID_SAVE: did_save,
    types.TEXT_DOCUMENT_DID_CLOSE: did_close,
    types.TEXT_DOCUMENT_DIAGNOSTIC: pull_diagnostics,
    types.WORKSPACE_DIAGNOSTIC: workspace_diagnostics,
    types.TEXT_DOCUMENT_CODE_ACTION: code_action,
    types.CODE_ACTION_RESOLVE: resolve_code_action,
    types.TEXT_DOCUMENT_CODE_LENS: code_lens,
    types.TEXT_DOCUMENT_HOVER: show_hover,
    types.TEXT_DOCUMENT_COMPLETION: complete,
    types.TEXT_DOCUMENT_DEFINITION: go_to_definition,
    types.TEXT_DOCUMENT_REFERENCES: find_references,
    types.TEXT_DOCUMENT_DOCUMENT_SYMBOL: document_symbols,
    types.WORKSPACE_SYMBOL: workspace_symbols,
    types.WORKSPACE_DID_CHANGE_WATCHED_FILES: did_change_watched_files,
    types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: did_change_workspace_folders,
    types.WORKSPACE_DID_CHANGE_CONFIGURATION: did_change_configuration,
    types.WINDOW_WORK_DONE_PROGRESS_CANCEL: ignore,
}
