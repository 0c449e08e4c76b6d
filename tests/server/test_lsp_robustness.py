"""A client that says anything at all, at any time, and stops anywhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lsp_client import Client, Message, lsp_range

_REQUESTS = (
    "initialize", "textDocument/hover", "textDocument/completion", "textDocument/definition",
    "textDocument/references", "textDocument/documentSymbol", "textDocument/codeAction", "codeAction/resolve",
    "textDocument/codeLens", "textDocument/diagnostic", "workspace/symbol", "workspace/executeCommand",
)  # fmt: skip
_NOTIFICATIONS = (
    "initialized", "textDocument/didOpen", "textDocument/didChange", "textDocument/didSave",
    "textDocument/didClose", "workspace/didChangeConfiguration", "workspace/didChangeWatchedFiles",
    "workspace/didChangeWorkspaceFolders", "window/workDoneProgress/cancel", "$/setTrace", "$/cancelRequest",
    "$/progress",
)  # fmt: skip


def _odd(uri: str) -> list[Any]:
    """Parameters that fit no method, or nearly fit some."""
    document = {"uri": uri, "version": "newest"}
    far = {"line": 2**40, "character": -1}
    return [
        4, "x", [], {}, {"textDocument": None}, {"textDocument": {"uri": 4}}, {"textDocument": document},
        {"textDocument": document, "position": far, "context": 1},
        {"textDocument": document, "range": {"start": far}, "contentChanges": [{"text": None}, 7]},
        {"changes": [{"uri": [], "type": 99}], "event": {"added": 1}, "settings": [[]], "value": 0, "id": {}},
    ]  # fmt: skip


def test_every_message_malformed_in_turn(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path)
    uri = client.open(tmp_path / "a.py", "teh")
    client.published(uri, 1)
    odd = _odd(uri)
    asked = [client.send_request(method, params) for method in _REQUESTS for params in odd]
    for method in _NOTIFICATIONS:
        for params in odd:
            client.notify(method, params)
    assert all(("result" in answer) != ("error" in answer) for answer in map(client.response, asked))
    client.close(uri)
    client.open(uri, "teh and teh", 2)
    assert len(client.published(uri, 2)) == 2
    assert client.shutdown() == 0


def test_messages_twice_late_and_beyond_the_end(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path)
    uri = client.open(tmp_path / "a.py", "teh")
    client.open(uri, "teh", 1)
    client.change(uri, 3, "teh teh")
    client.change(uri, 3, "teh teh")
    client.change(uri, 2, "teh", (10_000, 10_000, 20_000, 0))
    client.change(uri, 9, "x\nteh\n")
    assert [found["range"]["start"]["line"] for found in client.published(uri, 9)] == [1]
    for line, column in ((1, 10_000), (10_000, 0), (2**31 - 1, 2**31 - 1)):
        client.at("hover", uri, line, column)
        client.actions(uri, (line, column, line, column))
    client.close(uri)
    client.close(uri)
    client.change(uri, 10, "teh")
    client.open(uri, "teh", 1)
    assert len(client.published(uri, 1)) == 1
    assert client.shutdown() == 0


@pytest.mark.parametrize("part", [0.05, 0.3, 0.6, 0.8, 0.95])
def test_a_session_that_breaks_off_ends_the_server(
    start: Callable[..., Client], tmp_path: Path, part: float
) -> None:
    session = b"".join(map(_framed, _session(tmp_path)))
    client = start()
    client.send_raw(session[: int(len(session) * part)])
    client.end_input()
    assert client.exit_code() in (0, 1)


def _session(folder: Path) -> list[Message]:
    uri = (folder / "a.py").as_uri()
    item = {"uri": uri, "languageId": "python", "version": 1, "text": "teh\n" * 10}
    place = {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}}
    return [
        {"id": 1, "method": "initialize", "params": {"processId": None, "rootUri": None, "capabilities": {}}},
        {"method": "initialized", "params": {}},
        {"method": "textDocument/didOpen", "params": {"textDocument": item}},
        {"id": 2, "method": "textDocument/hover", "params": place},
        {
            "method": "textDocument/didChange",
            "params": {
                "textDocument": {"uri": uri, "version": 2},
                "contentChanges": [{"range": lsp_range(0, 0, 0, 1), "text": "x"}],
            },
        },
        {"id": 3, "method": "shutdown"},
    ]


def _framed(message: Message) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
