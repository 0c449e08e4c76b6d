"""A small language client for tests: JSON-RPC over the pipes of a server process."""

from __future__ import annotations

import itertools
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
PATIENCE = 240.0
"""Seconds after which a test gives up waiting; only ever reached by a server that does not answer."""

PUSH: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-16"]},
    "textDocument": {
        "publishDiagnostics": {"relatedInformation": True, "versionSupport": True},
        "codeAction": {"isPreferredSupport": True, "codeActionLiteralSupport": {}, "dataSupport": True},
        "hover": {"contentFormat": ["markdown", "plaintext"]},
    },
    "workspace": {"workspaceEdit": {"documentChanges": True}, "workspaceFolders": True},
}
PULL: dict[str, Any] = {
    **PUSH,
    "textDocument": {**PUSH["textDocument"], "diagnostic": {"dynamicRegistration": False}},
    "workspace": {**PUSH["workspace"], "diagnostics": {"refreshSupport": True}},
}
Message = dict[str, Any]


class RpcError(Exception):
    """The server answered with an error."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(error["message"])
        self.code: int = error["code"]


class Client:
    """One server process and the conversation with it.

    `answers` maps methods that the server requests to what is answered (default: null); `folder` is where the
    server starts. All notifications and requests of the server are kept in `seen`, in order.
    """

    def __init__(
        self,
        command: list[str] | None = None,
        *,
        answers: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.answers: dict[str, Any] = dict(answers or {})
        self.seen: list[Message] = []
        self._ids = itertools.count(1)
        self._responses: dict[int | str | None, Message] = {}
        self._inbox: queue.Queue[Message | None] = queue.Queue()
        roots = os.pathsep.join(str(REPOSITORY / name) for name in ("server", "analyzers"))
        self.process = subprocess.Popen(
            command or [sys.executable, str(HERE / "lsp_fake.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": roots, **(environment or {})},
            cwd=folder,
        )
        self.errors = b""
        threading.Thread(target=self._read, daemon=True).start()
        self._error_reader = threading.Thread(target=self._read_errors, daemon=True)
        self._error_reader.start()

    # Talking

    def request(self, method: str, params: Any = None) -> Any:
        """Send a request and wait for its result."""
        return self.result(self.send_request(method, params))

    def send_request(self, method: str, params: Any = None) -> int:
        """Send a request; its id."""
        number = next(self._ids)
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return number

    def result(self, number: int | str | None) -> Any:
        """Wait for the result of a request."""
        response = self.response(number)
        if "error" in response:
            raise RpcError(response["error"])
        return response.get("result")

    def response(self, number: int | str | None) -> Message:
        """Wait for a whole response."""
        self._until(lambda: number in self._responses, f"a response to {number}")
        return self._responses.pop(number)

    def notify(self, method: str, params: Any = None) -> None:
        """Send a notification."""
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def send(self, message: Any) -> None:
        """Send any JSON value."""
        self.send_bytes(json.dumps(message).encode())

    def send_bytes(self, body: bytes, header: bytes = b"Content-Length: %d\r\n\r\n") -> None:
        """Send a body as it is."""
        self.send_raw((header % len(body) if b"%d" in header else header) + body)

    def send_raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        assert self.process.stdin
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def wait_for(self, method: str, when: Callable[[Any], bool] = lambda params: True) -> Any:
        """Parameters of the first message of this method that fits and was not waited for yet."""

        def find() -> Message | None:
            fits = (
                m for m in self.seen if m["method"] == method and "used" not in m and when(m.get("params"))
            )
            return next(fits, None)

        self._until(lambda: find() is not None, method)
        message = find()
        assert message is not None
        message["used"] = True
        return message.get("params")

    def all(self, method: str) -> list[Any]:
        """Parameters of all messages of a method so far."""
        return [message.get("params") for message in self.seen if message["method"] == method]

    # A session

    def initialize(self, root: Path | None = None, capabilities: Any = None, **params: Any) -> dict[str, Any]:
        """Begin a session with one folder; the server's capabilities."""
        folders = [{"uri": root.as_uri(), "name": root.name}] if root else None
        base = {"processId": None, "rootUri": root.as_uri() if root else None, "workspaceFolders": folders}
        result = self.request(
            "initialize", {**base, "capabilities": PUSH if capabilities is None else capabilities, **params}
        )
        self.notify("initialized", {})
        return result["capabilities"]

    def open(self, path: Path | str, text: str, version: int = 1, language: str = "python") -> str:
        """Open a document; its address."""
        uri = path if isinstance(path, str) else path.as_uri()
        item = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return uri

    def change(self, uri: str, version: int, text: str, range_: Any = None) -> None:
        """Change a document, as a whole or in a range (start line, start column, end line, end column)."""
        change: dict[str, Any] = {"text": text}
        if range_ is not None:
            change["range"] = lsp_range(*range_)
        document = {"uri": uri, "version": version}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})

    def close(self, uri: str) -> None:
        """Close a document."""
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def published(self, uri: str, version: int | None = None) -> list[Any]:
        """Wait for diagnostics of a document (and version)."""
        params = self.wait_for(
            "textDocument/publishDiagnostics",
            lambda p: p["uri"] == uri and (version is None or p.get("version") == version),
        )
        return params["diagnostics"]

    def pull(self, uri: str, previous: str | None = None) -> dict[str, Any]:
        """Ask for the diagnostics of a document."""
        params: dict[str, Any] = {"textDocument": {"uri": uri}}
        if previous is not None:
            params["previousResultId"] = previous
        return self.request("textDocument/diagnostic", params)

    def actions(self, uri: str, range_: Any, diagnostics: Any = (), **context: Any) -> list[Any]:
        """Ask for code actions."""
        context = {"diagnostics": list(diagnostics), **context}
        params = {"textDocument": {"uri": uri}, "range": lsp_range(*range_), "context": context}
        return self.request("textDocument/codeAction", params)

    def at(self, method: str, uri: str, line: int, column: int, **more: Any) -> Any:
        """Ask about a position."""
        position = {"line": line, "character": column}
        return self.request(
            f"textDocument/{method}", {"textDocument": {"uri": uri}, "position": position, **more}
        )

    def report(self) -> dict[str, Any]:
        """What the workspace says of itself."""
        return self.request("workspace/executeCommand", {"command": "djguide.showReport"})

    def settle(self, path: Path, text: str) -> dict[str, Any]:
        """Wait until the workspace has checked `text`; whatever that caused was received before. Its report."""
        while True:
            report = self.report()
            if ["end", path.as_posix(), text] in report.get("log", []):
                return report

    def shutdown(self) -> int:
        """End the session in order; the exit code."""
        self.request("shutdown")
        self.notify("exit")
        return self.exit_code()

    def exit_code(self) -> int:
        """Wait for the end of the process."""
        code = self.process.wait(PATIENCE)
        self._error_reader.join(PATIENCE)
        return code

    def end_input(self) -> None:
        """Close the server's standard input."""
        assert self.process.stdin
        self.process.stdin.close()

    def kill(self) -> None:
        """End the process if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)

    # Listening

    def _until(self, done: Callable[[], bool], what: str) -> None:
        while not done():
            try:
                message = self._inbox.get(timeout=PATIENCE)
            except queue.Empty:
                raise AssertionError(f"no {what} came; stderr: {self.errors!r}") from None
            assert message is not None, f"the server ended before {what} came; stderr: {self.errors!r}"
            self._take(message)

    def _take(self, message: Message) -> None:
        if "method" not in message:
            self._responses[message["id"]] = message
            return
        self.seen.append(message)
        if "id" in message and message["method"] not in self.answers.get("unanswered", ()):
            answer = self.answers.get(message["method"])
            self.send({"jsonrpc": "2.0", "id": message["id"], "result": answer})

    def _read(self) -> None:
        assert self.process.stdout
        stream = self.process.stdout
        while line := stream.readline():
            length = 0
            while line.strip():
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
                line = stream.readline()
            self._inbox.put(json.loads(stream.read(length)))
        self._inbox.put(None)

    def _read_errors(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.errors += line


def lsp_range(line: int, column: int, end_line: int, end_column: int) -> dict[str, Any]:
    """A range of the protocol."""
    return {
        "start": {"line": line, "character": column},
        "end": {"line": end_line, "character": end_column},
    }


def span(range_: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """A range of the protocol as four numbers."""
    start, end = range_["start"], range_["end"]
    return start["line"], start["character"], end["line"], end["character"]
