"""One session of an editor: open a file, type into a function, ask, type fast, and do nothing."""

from __future__ import annotations

import ast
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from client import Client

STATEMENT = "value_of_x = compute(value_of_y)"
BURST = 200
PAUSE = 0.02
"""Seconds between the edits of a burst."""
_IDLE = 5.0
_ASKED = 40
"""Places that are asked about."""


@dataclass
class Session:
    """What one server did with one file; times in milliseconds unless said.

    Attributes:
        first: From the start of the process to the first diagnostics.
        keystrokes: From each change to the diagnostics of the text with it.
        settled: From the last change of a burst to the diagnostics of the text with it.
        burst_cpu: Seconds of processor time that the burst took.
        hovers, completions, actions: Answers to requests in the function.
        idle_cpu: Seconds of processor time per minute while nothing happens.
        peak: Megabytes.
    """

    first: float = 0.0
    keystrokes: list[float] = field(default_factory=list)
    settled: float = 0.0
    burst_cpu: float = 0.0
    hovers: list[float] = field(default_factory=list)
    completions: list[float] = field(default_factory=list)
    actions: list[float] = field(default_factory=list)
    idle_cpu: float = 0.0
    peak: float = 0.0


class Editor:
    """A file opened in a server, and the place where somebody types."""

    def __init__(self, client: Client, path: Path) -> None:
        self._client = client
        self._uri = path.as_uri()
        self._text = path.read_text("utf-8")
        self._version = 1
        self.line, self.column = typing_place(self._text)
        self._typed = 0

    def open(self) -> float:
        """The time at which the document was opened."""
        document = {"uri": self._uri, "languageId": "python", "version": 1, "text": self._text}
        return self._client.tell("textDocument/didOpen", {"textDocument": document})

    def diagnosed(self, sent: float) -> float:
        """Milliseconds from `sent` to the diagnostics of the text as it is."""
        return self._client.published(self._uri, self._version, sent) * 1e3

    def new_line(self) -> float:
        """Begin a line to type in."""
        return self._change(self.line, 0, 0, " " * self.column + "\n")

    def type(self) -> float:
        """The next character of a statement; when it is written, all of it goes away."""
        at = self.column + self._typed
        if self._typed < len(STATEMENT):
            self._typed += 1
            return self._change(self.line, at, at, STATEMENT[self._typed - 1])
        self._typed = 0
        return self._change(self.line, self.column, at, "")

    def names(self, count: int) -> list[tuple[int, int]]:
        """Line and column of up to `count` names above the line to type in, spread over what is there."""
        nodes = (node for node in ast.walk(ast.parse(self._text)) if isinstance(node, ast.Name))
        places = sorted((node.lineno - 1, node.col_offset) for node in nodes if node.lineno <= self.line)
        return places[:: max(1, len(places) // count)][:count]

    def ask(self, method: str, line: int, column: int) -> float:
        """Milliseconds that a request about a place takes."""
        position = {"line": line, "character": column}
        params: dict[str, object] = {"textDocument": {"uri": self._uri}, "position": position}
        if method == "textDocument/codeAction":
            params |= {"range": {"start": position, "end": position}, "context": {"diagnostics": []}}
        return self._client.ask(method, params)[0] * 1e3

    def _change(self, line: int, start: int, end: int, text: str) -> float:
        self._version += 1
        where = {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}}
        changes = [{"range": where, "text": text}]
        document = {"uri": self._uri, "version": self._version}
        return self._client.tell(
            "textDocument/didChange", {"textDocument": document, "contentChanges": changes}
        )


def typing_place(text: str) -> tuple[int, int]:
    """Line, from zero, and indentation of the second statement of the function next to the middle.

    Raises:
        ValueError: no function has two statements.
    """
    middle = text.count("\n") / 2
    functions = (
        n for n in ast.walk(ast.parse(text)) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))
    )
    places = [
        (n.body[1].lineno - 1, n.body[1].col_offset)
        for n in functions
        if len(n.body) > 1 and n.body[1].lineno > n.body[0].lineno
        and not isinstance(n.body[1], (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    ]  # fmt: skip
    return min(places, key=lambda place: abs(place[0] - middle))


def first_diagnostics(
    command: Sequence[str], root: Path, path: Path, environment: dict[str, str], *, rest: bool = False
) -> float:
    """Milliseconds from the start of a server to the first diagnostics of the file at `path`.

    With `rest`, the server is given the time to look at the whole project before it is ended.

    Raises:
        ServerGone: there are none.
    """
    client = Client(command, root, environment)
    try:
        client.initialize()
        editor = Editor(client, path)
        opened = editor.open()
        first = editor.diagnosed(opened) + (opened - client.started) * 1e3
        if rest:
            client.rest()
        return first
    finally:
        client.close()


def session(
    command: Sequence[str], root: Path, path: Path, environment: dict[str, str], keystrokes: int
) -> Session:
    """What a server does with the file at `path` once it has looked at the whole project.

    Raises:
        ServerGone: it ended, or did not answer.
    """
    client, result = Client(command, root, environment), Session()
    try:
        client.initialize()
        editor = Editor(client, path)
        opened = editor.open()
        result.first = editor.diagnosed(opened) + (opened - client.started) * 1e3
        client.rest()
        editor.diagnosed(editor.new_line())
        client.rest()
        for _ in range(keystrokes):
            result.keystrokes.append(editor.diagnosed(editor.type()))
            time.sleep(PAUSE)
        client.rest()
        result.hovers = _asked(editor, "textDocument/hover")
        result.completions = _asked(editor, "textDocument/completion")
        result.actions = _asked(editor, "textDocument/codeAction")
        _burst(client, editor, result)
        client.rest()
        before = client.cpu()
        time.sleep(_IDLE)
        result.idle_cpu = (client.cpu() - before) * 60 / _IDLE
        result.peak = client.peak()
    finally:
        client.close()
    return result


def _asked(editor: Editor, method: str) -> list[float]:
    return [editor.ask(method, line, column) for line, column in editor.names(_ASKED)]


def _burst(client: Client, editor: Editor, result: Session) -> None:
    client.rest()
    before, start = client.cpu(), time.perf_counter()
    last = start
    for number in range(BURST):
        time.sleep(max(0.0, start + number * PAUSE - time.perf_counter()))
        last = editor.type()
    result.settled = editor.diagnosed(last)
    result.burst_cpu = client.cpu() - before
