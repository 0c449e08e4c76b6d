"""A terminal to run programs in, and pictures of what it shows."""

from __future__ import annotations

import io
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from code_server import PATIENCE, Browser
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

THEME = TerminalTheme(
    background=(20, 22, 27),
    foreground=(212, 212, 212),
    normal=[
        (20, 22, 27),
        (241, 110, 110),
        (98, 196, 120),
        (220, 180, 90),
        (106, 170, 240),
        (197, 134, 192),
        (86, 182, 194),
        (212, 212, 212),
    ],
)
UNDERLINE_COLOUR = re.compile(r"\x1b\[58;2;\d+;\d+;\d+m")
PAGE = """<!DOCTYPE html><meta charset="utf-8"><style>
body {{ background: {background}; color: {foreground}; display: inline-block; margin: 0; padding: 12px 16px }}
pre {{ font: 13px/1.17 "DejaVu Sans Mono", monospace; margin: 0 }}
</style><body><pre>{code}</pre>"""


class Terminal:
    """A tmux session of its own."""

    def __init__(self, tmux: list[str | Path], columns: int) -> None:
        self._tmux = tmux
        self._columns = columns

    def press(self, *keys: str) -> None:
        """Send keys by tmux' names (``Enter``, ``C-w``), and anything else as it is."""
        subprocess.run([*self._tmux, "send-keys", *keys], check=True, timeout=30)

    def screen(self, *, colours: bool = False) -> str:
        """The text on the screen, with escape sequences for the colours if asked for."""
        options = ["-e"] if colours else []
        command = [*self._tmux, "capture-pane", "-p", *options]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout

    def wait_for(self, text: str) -> None:
        """Wait until a text is on the screen.

        Raises:
            TimeoutError: with what is there instead.
        """
        deadline = time.monotonic() + PATIENCE
        while text not in (screen := self.screen()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited in vain for {text!r}:\n{screen}")
            time.sleep(0.1)

    def picture(self, browser: Browser, path: Path) -> None:
        """Save a picture of the screen, without the empty lines at its end."""
        # rich takes the parameters of an underline's colour for attributes of their own.
        screen = UNDERLINE_COLOUR.sub("", self.screen(colours=True).rstrip("\n"))
        console = Console(record=True, width=self._columns, file=io.StringIO())
        console.print(Text.from_ansi(screen), soft_wrap=True, end="")
        page = path.with_suffix(".html")
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(console.export_html(theme=THEME, code_format=PAGE, inline_styles=True), "utf-8")
        browser.tell("open", page.as_uri(), "pre")
        try:
            browser.screenshot(path)
        finally:
            browser.tell("close")
            page.unlink()


@contextmanager
def running_in_terminal(
    command: list[str | Path], folder: Path, environment: dict[str, str], *, columns: int, lines: int
) -> Iterator[Terminal]:
    """Run a program in a terminal of a size until it ends or the context does."""
    configuration = Path(environment["HOME"]) / "tmux.conf"
    configuration.write_text(
        'set -g default-terminal "tmux-256color"\nset -as terminal-features ",*:RGB"\n'
        # It goes with the test, and not by itself when the program has ended.
        "set -g status off\nset -sg escape-time 0\nset -s exit-empty off\n",
        encoding="utf-8",
    )
    tmux: list[str | Path] = ["tmux", "-S", folder.parent / "tmux.socket", "-f", configuration]
    size = ["-x", str(columns), "-y", str(lines)]
    variables = environment | {"COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
    subprocess.run(
        [*tmux, "new-session", "-d", *size, "-c", folder, *command], env=variables, check=True, timeout=30
    )
    try:
        yield Terminal(tmux, columns)
    finally:
        subprocess.run([*tmux, "kill-server"], check=True, timeout=30)
