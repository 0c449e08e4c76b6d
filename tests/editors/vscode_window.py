"""A real VS Code window: code-server on a free port of this machine, shown in a headless Chromium."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

PATIENCE = 120  # seconds; the first start after an installation is slow

SETTINGS = {
    "telemetry.telemetryLevel": "off",
    "update.mode": "none",
    "extensions.autoCheckUpdates": False,
    "workbench.startupEditor": "none",
    "workbench.colorTheme": "Light Modern",
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "chat.disableAIFeatures": True,
    "editor.minimap.enabled": False,
    "files.autoSave": "off",
    "git.enabled": False,
    # The restricted mode must come without a question.
    "security.workspace.trust.startupPrompt": "never",
}


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


class Window:
    """An open window. Coordinates are 0-based lines and UTF-16 columns, as in VS Code's own interface."""

    MENU_ROW = ".action-widget .monaco-list-row"

    def __init__(self, browser: subprocess.Popen[str], probe: Path, logs: Path) -> None:
        self._browser = browser
        self._probe = probe
        self._logs = logs

    def open(self, address: str) -> None:
        """Show code-server's page, and wait for the workbench in it."""
        self._tell("open", address)

    def evaluate(self, body: str) -> Any:
        """The value that a JavaScript function body with `vscode` in scope returns in the extension host."""
        connection = _UnixConnection(self._probe)
        with contextlib.closing(connection):
            connection.request("POST", "/", body.encode())
            answer = json.loads(connection.getresponse().read())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["value"]

    def diagnostics(self, file: Path) -> list[list[Any]]:
        """``[code, line, column, end line, end column]`` of each diagnostic of djguide in a file, in order."""
        return sorted(
            self.evaluate(
                f"""return vscode.languages.getDiagnostics(vscode.Uri.file({json.dumps(str(file))}))
                .filter((d) => d.source === 'djguide').map((d) => [d.code?.value ?? d.code,
                d.range.start.line, d.range.start.character, d.range.end.line, d.range.end.character])"""
            )
        )

    def diagnostic_lines(self, file: Path) -> list[list[Any]]:
        """``[code, line]`` of each diagnostic of djguide in a file, in order."""
        return sorted([code, line] for code, line, *_ in self.diagnostics(file))

    def run_command(self, command: str) -> None:
        """Run a command of an extension as the command palette does, and wait for it."""
        self.evaluate(f"await vscode.commands.executeCommand({json.dumps(command)})")

    def trust_workspace(self) -> None:
        """Click what leaves the restricted mode."""
        self.run_command("workbench.trust.manage")
        self.click(".workspace-trust-editor .monaco-button", "Trust")

    def wait_for(self, seen: Callable[[], Any], expected: Any) -> Any:
        """What is seen as soon as it is what was expected, or when the patience is at its end."""
        deadline = time.monotonic() + PATIENCE
        while (value := seen()) != expected and time.monotonic() < deadline:
            time.sleep(0.2)
        return value

    def text(self) -> str:
        """The text of the active editor, saved or not."""
        return self.evaluate("return vscode.window.activeTextEditor.document.getText()")

    def show(self, file: Path) -> None:
        """Make a file the active editor."""
        self.evaluate(f"await vscode.window.showTextDocument(vscode.Uri.file({json.dumps(str(file))}))")

    def put_cursor(self, line: int, column: int) -> None:
        self.evaluate(
            f"""const editor = vscode.window.activeTextEditor;
            const position = new vscode.Position({line}, {column});
            editor.selection = new vscode.Selection(position, position);
            editor.revealRange(editor.selection, vscode.TextEditorRevealType.InCenter);
            await vscode.commands.executeCommand('workbench.action.focusActiveEditorGroup')"""
        )

    def quick_fixes(self) -> list[str]:
        """Open the menu of code actions at the cursor; the titles in it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            # Pressed again when nothing comes: the actions may not have been ready.
            self.press("Control+.")
            for _ in range(10):
                time.sleep(0.2)
                if titles := self.texts(self.MENU_ROW):
                    return titles
        return []

    def choose(self, title: str) -> None:
        """Click an entry of the open menu of code actions."""
        self.click(self.MENU_ROW, title)

    def press(self, key: str) -> None:
        self._tell("press", key)

    def click(self, selector: str, text: str) -> None:
        self._tell("click", selector, text)

    def texts(self, selector: str) -> list[str]:
        return [" ".join(text.split()) for text in self._tell("texts", selector)]

    def notifications(self) -> list[str]:
        return self.texts(".notifications-toasts .notification-list-item-message")

    def screenshot(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._tell("screenshot", str(path))

    def output(self) -> str:
        """What is in the extension's output channel."""
        return "".join(
            file.read_text(encoding="utf-8") for file in self._logs.glob("*/exthost*/djguide.djguide/*.log")
        )

    def _tell(self, action: str, *arguments: str) -> Any:
        assert self._browser.stdin is not None and self._browser.stdout is not None
        self._browser.stdin.write(json.dumps({"action": action, "arguments": arguments}) + "\n")
        self._browser.stdin.flush()
        line = self._browser.stdout.readline()
        if not line:
            raise RuntimeError("the browser is gone")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["value"]


@contextmanager
def open_window(
    programs: Programs,
    environment: dict[str, str],
    extensions: list[Path],
    file: Path,
    *,
    workspace: Path,
    trusted: bool,
    settings: dict[str, Any] | None = None,
) -> Iterator[Window]:
    """Open a folder and a file in it, in a profile of its own with extensions (.vsix files) installed.

    `settings` are the user's settings on this machine, besides those that keep the window quiet.
    """
    with ExitStack() as stack:
        # Not pytest's folder: the path of a Unix socket must be short.
        profile = Path(tempfile.mkdtemp(prefix="djguide-"))
        stack.callback(shutil.rmtree, profile, ignore_errors=True)
        _write_settings(profile, "User", SETTINGS | {"security.workspace.trust.enabled": not trusted})
        # code-server is a remote machine to the window, and settings of its programs are read from there.
        _write_settings(profile, "Machine", settings or {})
        probe = profile / "probe"
        environment = environment | {
            "EXTENSIONS_GALLERY": "{}",
            "XDG_RUNTIME_DIR": str(profile),
            "DJGUIDE_PROBE": str(probe),
        }
        server = _server_command(programs, profile)
        _install(server, extensions, environment)
        port = stack.enter_context(_running_server(server, environment, workspace))
        browser = stack.enter_context(_running_browser(programs, environment))
        window = Window(browser, probe, profile / "data" / "logs")
        window.open(_url(port, workspace, file))
        _wait("the extension host", probe.exists)
        yield window


def _write_settings(profile: Path, place: str, settings: dict[str, Any]) -> None:
    file = profile / "data" / place / "settings.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(settings), encoding="utf-8")


def _server_command(programs: Programs, profile: Path) -> list[str | Path]:
    configuration = profile / "config.yaml"
    configuration.write_text("auth: none\ncert: false\n", encoding="utf-8")
    folders = ["--user-data-dir", profile / "data", "--extensions-dir", profile / "extensions"]
    return [programs.node, programs.code_server, "--config", configuration, *folders]


def _install(server: list[str | Path], extensions: list[Path], environment: dict[str, str]) -> None:
    files = [part for extension in extensions for part in ("--install-extension", extension)]
    result = subprocess.run(
        [*server, *files], env=environment, check=False, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0 and "Failed" not in result.stderr, result.stdout + result.stderr


@contextmanager
def _running_server(server: list[str | Path], environment: dict[str, str], workspace: Path) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    options = ["--bind-addr", f"127.0.0.1:{port}", "--disable-telemetry", "--disable-update-check"]
    process = subprocess.Popen(
        [*server, *options],
        env=environment,
        cwd=workspace,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait("code-server", lambda: process.poll() is not None or _is_healthy(port))
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


@contextmanager
def _running_browser(programs: Programs, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    command = [programs.node, Path(__file__).with_name("browser.mjs"), programs.folder, programs.chromium]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)


def _url(port: int, workspace: Path, file: Path) -> str:
    payload = [["openFile", f"vscode-remote://127.0.0.1:{port}{urllib.parse.quote(str(file))}"]]
    query = urllib.parse.urlencode({"folder": str(workspace), "payload": json.dumps(payload)})
    return f"http://127.0.0.1:{port}/?{query}"


def _is_healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return answer.status == http.HTTPStatus.OK
    except OSError:
        return False


def _wait(what: str, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"timed out waiting for {what}")
        time.sleep(0.1)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
