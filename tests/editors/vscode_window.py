"""Real VS Code windows, one after the other, from one code-server."""

from __future__ import annotations

import contextlib
import http.client
import json
import shutil
import socket
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from code_server import (
    PATIENCE,
    Browser,
    Programs,
    install_extensions,
    running_server,
    server_command,
    wait_until,
)
from editor_processes import MARK, remaining_processes

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
    # What is typed is what stands there.
    "editor.autoClosingBrackets": "never",
    "editor.autoClosingQuotes": "never",
    "editor.autoIndent": "none",
    "editor.quickSuggestions": {"other": "off"},
    "editor.suggestOnTriggerCharacters": False,
    "git.enabled": False,
    # The restricted mode must come without a question.
    "security.workspace.trust.startupPrompt": "never",
}


class Window:
    """An open window. Coordinates are 0-based lines and UTF-16 columns, as in VS Code's own interface."""

    MENU_ROW = ".action-widget .monaco-list-row"
    HOVER = ".monaco-hover"

    def __init__(self, browser: Browser, probe: Path, log_files: Callable[[], list[Path]]) -> None:
        self._browser = browser
        self._probe = probe
        self._log_files = log_files

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
        """Run a command as the command palette does, and wait for it."""
        self.evaluate(f"await vscode.commands.executeCommand({json.dumps(command)})")

    def set_for_user(self, setting: str, value: object) -> None:
        """Change a setting of the user's, as the settings editor does."""
        self.evaluate(
            f"""await vscode.workspace.getConfiguration().update(
            {json.dumps(setting)}, {json.dumps(value)}, vscode.ConfigurationTarget.Global)"""
        )

    def trust_workspace(self) -> None:
        """Click what leaves the restricted mode."""
        self.run_command("workbench.trust.manage")
        self.click(".workspace-trust-editor .monaco-button", "Trust")

    def wait_for(self, seen: Callable[[], Any], expected: Any) -> Any:
        """What is seen as soon as it is what was expected, or when the patience is at its end."""
        deadline = time.monotonic() + PATIENCE
        while (value := seen()) != expected and time.monotonic() < deadline:
            time.sleep(0.1)
        return value

    def text(self) -> str:
        """The text of the active editor, saved or not."""
        return self.evaluate("return vscode.window.activeTextEditor.document.getText()")

    def text_of(self, file: Path) -> str:
        """The text of a file, saved or not."""
        document = f"await vscode.workspace.openTextDocument(vscode.Uri.file({json.dumps(str(file))}))"
        return self.evaluate(f"return ({document}).getText()")

    def status(self) -> dict[str, str]:
        """What djguide's status item says: ``text`` and ``detail``, both empty before there is one."""
        return self.evaluate(
            """const extension = vscode.extensions.getExtension('djguide.djguide');
            return extension.isActive ? extension.exports.status() : {text: '', detail: ''}"""
        )

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

    def scroll_to(self, line: int) -> None:
        """Have a line at the top."""
        self.evaluate(
            f"""vscode.window.activeTextEditor.revealRange(new vscode.Range({line}, 0, {line}, 0),
            vscode.TextEditorRevealType.AtTop)"""
        )

    def quick_fixes(self) -> list[str]:
        """Open the menu of code actions at the cursor; the titles in it."""
        # Asked for again when nothing comes: the actions may not have been ready.
        return self._opened(partial(self.press, "Control+."), self.MENU_ROW)

    def hover(self, *expected: str) -> str:
        """Open the hover at the cursor; all that is written in it, once that includes what was expected."""
        # It is filled bit by bit.
        show = partial(self.run_command, "editor.action.showHover")
        return "\n".join(self._opened(show, self.HOVER, expected))

    def _opened(self, open_it: Callable[[], None], selector: str, expected: Iterable[str] = ()) -> list[str]:
        deadline = time.monotonic() + PATIENCE
        texts: list[str] = []
        while time.monotonic() < deadline:
            open_it()
            for _ in range(20):
                time.sleep(0.1)
                texts = [text for text in self.texts(selector) if text]
                if texts and all(text in "\n".join(texts) for text in expected):
                    return texts
        return texts

    def choose(self, title: str) -> None:
        """Click an entry of the open menu of code actions."""
        self.click(self.MENU_ROW, title)

    def press(self, key: str) -> None:
        self._browser.tell("press", key)

    def type(self, text: str) -> None:
        """Type a text at the cursor, key by key."""
        self._browser.tell("type", text)

    def click(self, selector: str, text: str) -> None:
        self._browser.tell("click", selector, text)

    def texts(self, selector: str) -> list[str]:
        return [" ".join(text.split()) for text in self._browser.tell("texts", selector)]

    def notifications(self) -> list[str]:
        return self.texts(".notifications-toasts .notification-list-item-message")

    def resize(self, width: int, height: int) -> None:
        self._browser.tell("resize", width, height)

    def screenshot(self, path: Path, selector: str = "body") -> None:
        self._browser.screenshot(path, selector)

    def output(self) -> str:
        """What is in the extension's output channel."""
        return "".join(file.read_text(encoding="utf-8") for file in self._log_files())


class VSCode:
    """A running code-server with the extensions installed, and the browser that shows its windows."""

    def __init__(self, browser: Browser, profile: Path, port: int, mark: str, node: Path) -> None:
        self._browser = browser
        self._profile = profile
        self._port = port
        self._mark = mark
        self._node = node

    @contextmanager
    def window(
        self,
        file: Path,
        *,
        workspace: Path,
        trusted: bool = True,
        settings: dict[str, Any] | None = None,
    ) -> Iterator[Window]:
        """Open a workspace and a file in it; when it is closed, no program that its extensions started may be left.

        `workspace` is a folder, or a file that lists some, with the suffix ``.code-workspace``.

        `settings` are the user's settings on this machine, besides those that keep the window quiet.
        """
        _write_settings(self._profile, "User", SETTINGS | {"security.workspace.trust.enabled": not trusted})
        # code-server is a remote machine to the window, and settings of its programs are read from there.
        _write_settings(self._profile, "Machine", settings or {})
        earlier_logs, earlier_probes = set(self._log_files()), set(self._probes())
        payload = [["openFile", f"vscode-remote://127.0.0.1:{self._port}{urllib.parse.quote(str(file))}"]]
        kind = "workspace" if workspace.suffix == ".code-workspace" else "folder"
        query = urllib.parse.urlencode({kind: str(workspace), "payload": json.dumps(payload)})
        self._browser.tell("open", f"http://127.0.0.1:{self._port}/?{query}", ".monaco-workbench")
        try:
            (probe,) = wait_until(
                "the extension host runs", lambda: [p for p in self._probes() if p not in earlier_probes]
            )
            yield Window(
                self._browser, probe, lambda: [f for f in self._log_files() if f not in earlier_logs]
            )
        finally:
            self._browser.tell("close")
        left = remaining_processes(self._mark, but_not=self._node)
        assert left == [], left

    def _probes(self) -> list[Path]:
        return list((self._profile / "probe").iterdir())

    def _log_files(self) -> list[Path]:
        return list((self._profile / "data" / "logs").glob("*/exthost*/djguide.djguide/*.log"))


@contextmanager
def running_vscode(
    programs: Programs, browser: Browser, environment: dict[str, str], extensions: list[Path]
) -> Iterator[VSCode]:
    """Start VS Code in a profile of its own with extensions (.vsix files) installed."""
    with ExitStack() as stack:
        # Not pytest's folder: the path of a Unix socket must be short.
        profile = Path(tempfile.mkdtemp(prefix="vscode-"))
        stack.callback(shutil.rmtree, profile, ignore_errors=True)
        (profile / "probe").mkdir()
        environment = environment | {
            "EXTENSIONS_GALLERY": "{}",
            "XDG_RUNTIME_DIR": str(profile),
            "DJGUIDE_PROBE": str(profile / "probe"),
        }
        server = server_command(programs, profile)
        install_extensions(server, extensions, environment)
        port = stack.enter_context(running_server(server, environment, profile))
        yield VSCode(browser, profile, port, environment[MARK], programs.node.resolve())


def _write_settings(profile: Path, place: str, settings: dict[str, Any]) -> None:
    file = profile / "data" / place / "settings.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(settings), encoding="utf-8")


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
