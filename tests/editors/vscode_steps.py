"""What a test does with djguide in a VS Code window."""

from __future__ import annotations

import json
from pathlib import Path

from ground_truth import FileFindings, utf16
from vscode_window import Window


def assert_shown(window: Window, file: Path, expected: FileFindings) -> None:
    """Wait until a file shows what is expected, and nothing else."""
    lines = window.wait_for(lambda: window.diagnostic_lines(file), expected.lines)
    assert lines == expected.lines, window.output()
    seen = window.diagnostics(file)
    assert [range_ for range_ in expected.ranges(utf16) if range_ not in seen] == []


def number_of_starts(window: Window) -> int:
    return window.output().count("Starting ")


def write_workspace_settings(folder: Path, **settings: object) -> None:
    file = folder / ".vscode" / "settings.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(
        json.dumps({f"djguide.{name}": value for name, value in settings.items()}), encoding="utf-8"
    )
