"""What the client can do, and how it counts columns."""

from __future__ import annotations

from dataclasses import dataclass

from lsprotocol import types
from pygls.capabilities import get_capability

from djguide_analyzers.source.positions import Encoding

_PARAMETERS = ("processId", "rootPath", "rootUri", "workspaceFolders", "initializationOptions")
_DYNAMIC: dict[str, dict | None] = {"dynamicRegistration": None}
_DIAGNOSTIC: dict[str, dict | None] = {
    "relatedInformation": None,
    "codeDescriptionSupport": None,
    "tagSupport": {"valueSet": None},
}
_READ: dict[str, dict | None] = {
    "general": {"positionEncodings": None},
    "window": {"workDoneProgress": None, "showDocument": {"support": None}},
    "textDocument": {
        "publishDiagnostics": _DIAGNOSTIC,
        "diagnostic": _DIAGNOSTIC,
        "codeAction": {
            "isPreferredSupport": None,
            "dataSupport": None,
            "resolveSupport": {"properties": None},
        },
        "hover": {"contentFormat": None},
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": None},
    },
    "workspace": {
        "configuration": None,
        "diagnostics": {"refreshSupport": None},
        "codeLens": {"refreshSupport": None},
        "workspaceEdit": {
            "documentChanges": None,
            "resourceOperations": None,
            "changeAnnotationSupport": {"groupsOnLabel": None},
        },
        "didChangeConfiguration": _DYNAMIC,
        "didChangeWatchedFiles": _DYNAMIC,
    },
    "experimental": None,
}
_ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")


@dataclass(frozen=True)
class ClientFeatures:
    """The announced capabilities that change what the server does.

    Attributes:
        pull_diagnostics: The client asks for diagnostics, and can be told to ask again; the server must then not
            publish any. One that cannot be told would never see what another file does to an open one, so it gets
            its diagnostics published, and the server does not offer to be asked.
        related_information: It shows related locations; else they become lines of the message.
        resolves_edits: It asks for the edit of a code action when the action is chosen.
        change_annotations: It shows what a change is about before it is made.
        creates_files: Edits may create files.
        show_document: It can be told to open a file.
        symbol_tree: It shows the symbols of a document as a tree.
        refreshes_lenses: It can be told to ask for code lenses again.
        status: It takes ``experimental/serverStatus`` notifications.
        overview: It takes ``djguide/overview`` notifications.
    """

    encoding: Encoding = "utf-16"
    pull_diagnostics: bool = False
    related_information: bool = False
    code_description: bool = False
    diagnostic_tags: frozenset[types.DiagnosticTag] = frozenset()
    document_changes: bool = False
    preferred_actions: bool = False
    resolves_edits: bool = False
    change_annotations: bool = False
    creates_files: bool = False
    show_document: bool = False
    symbol_tree: bool = False
    markdown_hover: bool = False
    configuration: bool = False
    configuration_registration: bool = False
    watched_files: bool = False
    progress: bool = False
    refreshes_lenses: bool = False
    status: bool = False
    overview: bool = False

    @classmethod
    def of(cls, capabilities: types.ClientCapabilities) -> ClientFeatures:
        """Read the capabilities of an `initialize` request."""

        def has(name: str) -> bool:
            return bool(get_capability(capabilities, name, False))  # type: ignore[call-overload]

        announced = capabilities.experimental
        experimental = announced if isinstance(announced, dict) else {}
        hover_formats = get_capability(capabilities, "text_document.hover.content_format") or ()
        return cls(
            encoding=_encoding(capabilities),
            pull_diagnostics=get_capability(capabilities, "text_document.diagnostic") is not None
            and has("workspace.diagnostics.refresh_support"),
            related_information=has("text_document.publish_diagnostics.related_information")
            or has("text_document.diagnostic.related_information"),
            code_description=has("text_document.publish_diagnostics.code_description_support")
            or has("text_document.diagnostic.code_description_support"),
            diagnostic_tags=frozenset(
                tag
                for kind in ("publish_diagnostics", "diagnostic")
                for tag in get_capability(capabilities, f"text_document.{kind}.tag_support.value_set") or ()  # type: ignore[call-overload]
            ),
            document_changes=has("workspace.workspace_edit.document_changes"),
            resolves_edits=has("text_document.code_action.data_support")
            and "edit"
            in (get_capability(capabilities, "text_document.code_action.resolve_support.properties") or ()),
            change_annotations=get_capability(
                capabilities, "workspace.workspace_edit.change_annotation_support"
            )
            is not None,
            creates_files=has("workspace.workspace_edit.document_changes")
            and types.ResourceOperationKind.Create
            in (get_capability(capabilities, "workspace.workspace_edit.resource_operations") or ()),
            show_document=has("window.show_document.support"),
            symbol_tree=has("text_document.document_symbol.hierarchical_document_symbol_support"),
            preferred_actions=has("text_document.code_action.is_preferred_support"),
            markdown_hover=types.MarkupKind.Markdown in hover_formats,
            configuration=has("workspace.configuration"),
            configuration_registration=has("workspace.did_change_configuration.dynamic_registration"),
            watched_files=has("workspace.did_change_watched_files.dynamic_registration"),
            progress=has("window.work_done_progress"),
            refreshes_lenses=has("workspace.code_lens.refresh_support"),
            status=bool(experimental.get("serverStatusNotification")),
            overview=bool(experimental.get("djguideOverview")),
        )


def _encoding(capabilities: types.ClientCapabilities) -> Encoding:
    offered = get_capability(capabilities, "general.position_encodings") or ()
    names = {getattr(encoding, "value", encoding) for encoding in offered}
    for encoding in _ENCODINGS:
        if encoding in names:
            return encoding
    return "utf-16"


def essential(params: object) -> object:
    """Parameters of `initialize` reduced to what the server reads.

    For clients that announce something the protocol library has no name for: that must not keep them out.
    """
    if not isinstance(params, dict):
        return params
    kept = {key: params[key] for key in _PARAMETERS if key in params}
    kept["capabilities"] = _pruned(params.get("capabilities"), _READ)
    return kept


def without_foreign_details(params: object) -> object:
    """Parameters of a code action request with only range and code of the diagnostics.

    They may come from any other server, with details that the protocol library rejects.
    """
    if not isinstance(params, dict) or not isinstance(context := params.get("context"), dict):
        return params
    kept = [
        {"range": entry["range"], "message": "", "code": entry["code"]}
        for entry in context.get("diagnostics") or ()
        if isinstance(entry, dict) and "range" in entry and isinstance(entry.get("code"), str)
    ]
    return {**params, "context": {**context, "diagnostics": kept}}


def _pruned(value: object, shape: dict[str, dict | None]) -> dict[str, object]:
    if not isinstance(value, dict):
        return {}
    kept: dict[str, object] = {}
    for key, inner in shape.items():
        if key in value and value[key] is not None:
            kept[key] = value[key] if inner is None else _pruned(value[key], inner)
    return kept
