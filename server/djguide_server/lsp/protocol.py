"""The protocol layer of pygls, made strict about order and tolerant of content.

Every request gets an answer whatever it holds, notifications that make no sense are dropped quietly, and the
documents are djguide's own (pygls' split lines at characters that do not end a line in the protocol).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.json_rpc import JsonRPCNotification

from djguide_server.lsp.client import essential, without_foreign_details
from djguide_server.lsp.framing import Malformed

if TYPE_CHECKING:
    from cattrs import Converter
    from pygls.lsp.server import LanguageServer

_OWN = (
    types.INITIALIZE,
    types.INITIALIZED,
    types.EXIT,
    types.TEXT_DOCUMENT_DID_OPEN,
    types.TEXT_DOCUMENT_DID_CHANGE,
    types.TEXT_DOCUMENT_DID_CLOSE,
    types.NOTEBOOK_DOCUMENT_DID_OPEN,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE,
    types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS,
)
"""Methods of which pygls' own handling is not wanted."""

_REDUCE = {types.INITIALIZE: essential, types.TEXT_DOCUMENT_CODE_ACTION: without_foreign_details}
"""For parameters that hold what others made: how to reduce them to what is needed if they are odd."""

logger = logging.getLogger(__name__)


class Protocol(LanguageServerProtocol):
    """One connection."""

    def __init__(self, server: LanguageServer, converter: Converter) -> None:
        super().__init__(server, converter)
        for method in _OWN:
            self.fm.builtin_features.pop(method, None)
        self._initialized = False

    @property
    def was_shut_down(self) -> bool:
        """Whether the client sent `shutdown`."""
        return self._shutdown

    def receive(self, message: object) -> None:
        """Handle one decoded message of the client."""
        if isinstance(message, Malformed):
            self._refuse(None, types.ErrorCodes.ParseError, str(message))
        elif not isinstance(message, dict) or message.get("jsonrpc") != self.VERSION:
            self._refuse(None, types.ErrorCodes.InvalidRequest, "not a JSON-RPC 2.0 message")
        elif "method" not in message:
            self._receive_response(message)
        elif not isinstance(message["method"], str):
            self._refuse(_id(message), types.ErrorCodes.InvalidRequest, "the method is not a string")
        elif "id" in message:
            self._receive_request(message, message["method"])
        else:
            self._receive_notification(message, message["method"])

    def _receive_request(self, message: dict[str, Any], method: str) -> None:
        request_id = _id(message)
        if request_id is None:
            self._refuse(None, types.ErrorCodes.InvalidRequest, "the id is neither a number nor a string")
        elif self._shutdown:
            self._refuse(request_id, types.ErrorCodes.InvalidRequest, "the server was shut down")
        elif not self._initialized and method != types.INITIALIZE:
            self._refuse(request_id, types.ErrorCodes.ServerNotInitialized, "not initialized yet")
        elif self._initialized and method == types.INITIALIZE:
            self._refuse(request_id, types.ErrorCodes.InvalidRequest, "initialized already")
        elif not self._known(method):
            self._refuse(request_id, types.ErrorCodes.MethodNotFound, f"unknown method {method}")
        else:
            try:
                structured = self._structured(message, method)
            except Exception as error:
                self._refuse(request_id, types.ErrorCodes.InvalidParams, f"invalid parameters: {error!r}")
                return
            self._initialized = True
            self.handle_message(structured)

    def _receive_notification(self, message: dict[str, Any], method: str) -> None:
        if method != types.EXIT and (self._shutdown or not self._initialized):
            return
        if method != types.CANCEL_REQUEST and not self._known(method):
            return
        try:
            structured = self._structured(message, method)
        except Exception as error:
            logger.warning("Ignoring %s with invalid parameters: %r", method, error)
            return
        self.handle_message(structured)

    def _receive_response(self, message: dict[str, Any]) -> None:
        request_id = _id(message)
        future = self._request_futures.get(request_id) if request_id is not None else None
        if future is None or future.cancelled():
            return
        try:
            structured: Any = self.structure_message(message)
        except Exception as error:
            self._request_futures.pop(message["id"])
            future.set_exception(error)
            return
        self.handle_message(structured)

    def _known(self, method: str) -> bool:
        return method in self.fm.builtin_features or method in self.fm.features

    def _structured(self, message: dict[str, Any], method: str) -> Any:
        if method == types.INITIALIZED and message.get("params") is None:
            message["params"] = {}
        kind = self.get_message_type(method) or JsonRPCNotification
        reduce = _REDUCE.get(method)
        try:
            return self._converter.structure(message, kind)
        except Exception:
            if reduce is None:
                raise
        return self._converter.structure({**message, "params": reduce(message.get("params"))}, kind)

    def _refuse(self, request_id: int | str | None, code: types.ErrorCodes, reason: str) -> None:
        """Answer with an error. Written by hand: the library leaves out an id that is null."""
        error = {"code": code.value, "message": f"djguide: {reason}"}
        self._send_data({"jsonrpc": self.VERSION, "id": request_id, "error": error})


def _id(message: dict[str, Any]) -> int | str | None:
    found = message.get("id")
    return found if isinstance(found, int | str) and not isinstance(found, bool) else None
