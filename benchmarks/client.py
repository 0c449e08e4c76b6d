"""A language client that times what a server answers, and what the server's processes cost."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

_TICKS = os.sysconf("SC_CLK_TCK")
_CAPABILITIES = {
    "workspace": {"configuration": True, "workspaceFolders": True},
    "textDocument": {
        "publishDiagnostics": {"versionSupport": True, "relatedInformation": True, "dataSupport": True},
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "quickfix"]}}},
    },
    "window": {"workDoneProgress": True},
    "general": {"positionEncodings": ["utf-16"]},
}
"""Those of an editor that gets diagnostics pushed: every server measured here can do that."""


class ServerGone(Exception):
    """The server has closed its output, or has not answered in time."""


class Client:
    """One server in a process of its own, started in the folder `root`."""

    def __init__(self, command: Sequence[str], root: Path, environment: dict[str, str]) -> None:
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            cwd=root,
            env=surroundings(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._root = root
        self._news = threading.Condition()
        self._answers: dict[int, tuple[float, Any]] = {}
        self._published: dict[str, tuple[float, int | None]] = {}
        self._number = 0
        self._gone = False
        threading.Thread(target=self._listen, daemon=True).start()

    # --- messages ---

    def initialize(self) -> None:
        """Say hello, with the folder as the only one of the workspace."""
        folder = {"uri": self._root.as_uri(), "name": self._root.name}
        self.ask(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": folder["uri"],
                "workspaceFolders": [folder],
                "capabilities": _CAPABILITIES,
            },
        )
        self.tell("initialized", {})

    def tell(self, method: str, params: object) -> float:
        """Send a notification; the time at which that was done."""
        return self._send({"method": method, "params": params})

    def ask(self, method: str, params: object, patience: float = 120) -> tuple[float, Any]:
        """The seconds that a request took, and its result.

        Raises:
            ServerGone: there is no answer.
        """
        self._number += 1
        number = self._number
        sent = self._send({"id": number, "method": method, "params": params})
        self._wait(lambda: number in self._answers, patience)
        at, result = self._answers.pop(number)
        return at - sent, result

    def published(self, uri: str, version: int, sent: float, patience: float = 600) -> float:
        """The seconds from `sent` until diagnostics of that version of a document, or a later one, are there.

        Raises:
            ServerGone: there are none.
        """

        def there() -> bool:
            at, known = self._published.get(uri, (0.0, None))
            return at >= sent and (known is None or known >= version)

        self._wait(there, patience)
        return self._published[uri][0] - sent

    def close(self) -> None:
        """End the server as an editor does."""
        try:
            self.ask("shutdown", None, 10)
            self.tell("exit", None)
            self._process.wait(10)
        except (ServerGone, OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()

    def _send(self, message: dict[str, object]) -> float:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        sent = time.perf_counter()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()
        return sent

    def _wait(self, there: Callable[[], bool], patience: float) -> None:
        with self._news:
            if not self._news.wait_for(lambda: self._gone or there(), patience) or not there():
                raise ServerGone

    def _listen(self) -> None:
        assert self._process.stdout is not None
        stream, length = self._process.stdout, 0
        while line := stream.readline():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            elif not line.strip() and length:
                body = stream.read(length)
                self._take(json.loads(body), time.perf_counter())
        with self._news:
            self._gone = True
            self._news.notify_all()

    def _take(self, message: dict[str, Any], at: float) -> None:
        if "method" in message and "id" in message:
            items = (message.get("params") or {}).get("items", [])
            configured = message["method"] == "workspace/configuration"
            self._send({"id": message["id"], "result": [None for _ in items] if configured else None})
            return
        with self._news:
            if message.get("method") == "textDocument/publishDiagnostics":
                self._published[message["params"]["uri"]] = at, message["params"].get("version")
            elif "id" in message:
                self._answers[message["id"]] = at, message.get("result")
            self._news.notify_all()

    # --- processes ---

    def cpu(self) -> float:
        """Seconds of processor time that the server and the processes it started have used."""
        return sum(_cpu(pid) for pid in self._pids())

    def peak(self) -> float:
        """Megabytes that they have had in memory at most, each for itself, added up."""
        return sum(_peak(pid) for pid in self._pids())

    def rest(self, quiet: float = 1.0, patience: float = 600) -> None:
        """Wait until the server has done next to nothing for `quiet` seconds.

        Raises:
            ServerGone: it never rests.
        """
        end = time.perf_counter() + patience
        while time.perf_counter() < end:
            before = self.cpu()
            time.sleep(quiet)
            if self.cpu() - before <= 0.02 * quiet:
                return
        raise ServerGone

    def _pids(self) -> list[int]:
        children: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and (stat := _stat(int(entry.name))):
                children.setdefault(int(stat[1]), []).append(int(entry.name))
        found = [self._process.pid]
        for pid in found:
            found += children.get(pid, [])
        return found


def surroundings(changed: dict[str, str]) -> dict[str, str]:
    """The environment of this process with what is `changed`; what is measured may keep compiled modules."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | changed


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the state on; none where the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _cpu(pid: int) -> float:
    return sum(map(int, _stat(pid)[11:15])) / _TICKS


def _peak(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
