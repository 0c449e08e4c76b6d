"""code-server (VS Code as a program that serves its window as a web page) and the Chromium that shows it."""

from __future__ import annotations

import http
import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from editor_processes import MARK

PATIENCE = 120  # seconds; the first start after an installation is slow


class Programs(Protocol):
    """Where the programs are; see `editor_programs.Editors`."""

    @property
    def folder(self) -> Path: ...
    @property
    def node(self) -> Path: ...
    @property
    def code_server(self) -> Path: ...
    @property
    def chromium(self) -> Path: ...


class Browser:
    """A Chromium with one page at a time; see browser.mjs for what it can be told."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def tell(self, action: str, *arguments: object) -> Any:
        """Have something done, and wait for its answer."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"action": action, "arguments": arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the browser is gone")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["value"]

    def screenshot(self, path: Path, selector: str = "body") -> None:
        """Save a picture of a part of the page, with whatever lies over it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.tell("screenshot", str(path), selector)


@contextmanager
def running_browser(programs: Programs, environment: dict[str, str]) -> Iterator[Browser]:
    """A Chromium. It is not one of the processes that a test must not leave behind: it is waited for here."""
    command = [programs.node, Path(__file__).with_name("browser.mjs"), programs.folder, programs.chromium]
    unmarked = {name: value for name, value in environment.items() if name != MARK}
    with subprocess.Popen(
        command, env=unmarked, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Browser(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)


def server_command(programs: Programs, profile: Path) -> list[str | Path]:
    """code-server with its data and extensions in `profile`."""
    configuration = profile / "config.yaml"
    configuration.write_text("auth: none\ncert: false\n", encoding="utf-8")
    folders = ["--user-data-dir", profile / "data", "--extensions-dir", profile / "extensions"]
    return [programs.node, programs.code_server, "--config", configuration, *folders]


def install_extensions(server: list[str | Path], files: list[Path], environment: dict[str, str]) -> None:
    """Install .vsix files."""
    options = [part for file in files for part in ("--install-extension", file)]
    result = subprocess.run(
        [*server, *options], env=environment, check=False, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0 and "Failed" not in result.stderr, result.stdout + result.stderr


@contextmanager
def running_server(server: list[str | Path], environment: dict[str, str], folder: Path) -> Iterator[int]:
    """code-server, running in `folder`; the value is the port of this machine on which it listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    options = ["--bind-addr", f"127.0.0.1:{port}", "--disable-telemetry", "--disable-update-check"]
    # What a closed window leaves is thrown away at once, and not kept for hours in case it comes back.
    options += ["--reconnection-grace-time", "1"]
    process = subprocess.Popen(
        [*server, *options],
        env=environment,
        cwd=folder,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until("code-server answers", lambda: process.poll() is not None or _is_healthy(port))
        assert process.poll() is None, "code-server did not start"
        yield port
    finally:
        # The leader alone, so that the language server is left to its own devices: it has to end by itself.
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _is_healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return answer.status == http.HTTPStatus.OK
    except OSError:
        return False


def wait_until(what: str, condition: Callable[[], Any]) -> Any:
    """The first true value of `condition`.

    Raises:
        TimeoutError: it stayed false; `what` is part of the message.
    """
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited in vain until {what}")
        time.sleep(0.05)
    return value
