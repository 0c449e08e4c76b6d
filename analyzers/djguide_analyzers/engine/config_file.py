"""Finding and parsing the file that configures a folder."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from djguide_analyzers.engine.toml_places import TomlPlaces
from djguide_analyzers.source.positions import LineIndex, Position, Range

Read = Callable[[Path], str | None]
"""The text of a file; None when there is none or it cannot be read."""

_OWN_NAME = "djguide.toml"
_SHARED_NAME = "pyproject.toml"
_SHARED_TABLE = ("tool", "djguide")
_OUR_HEADER = re.compile(r"\s*\[\s*tool\s*\.\s*djguide\s*[.\]]")
_HEADER = re.compile(r"\s*\[\[?[\w\s.\"'-]+\]\]?\s*(?:#.*)?$")
_ERROR_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)")


class SyntaxMistake(Struct, frozen=True):
    """Why the file is not TOML."""

    message: str
    range: Range


class ConfigFile(Struct):
    """One file's table of settings, as written.

    Attributes:
        prefix: Way from the top of the document to the table.
        table: The settings; whatever stands there, even if it is no table.
        places: Where the keys and values stand.
        mistake: Set when the file is not TOML; `table` then holds what could be read all the same.
    """

    path: Path
    prefix: tuple[str, ...]
    table: object
    places: TomlPlaces
    mistake: SyntaxMistake | None


def find_config_file(directory: Path, read: Read) -> ConfigFile | None:
    """The configuration nearest to `directory`, looking upwards no further than the repository's root.

    In one folder ``djguide.toml`` wins over ``pyproject.toml``, which counts only with a ``[tool.djguide]``.
    """
    for folder in (directory, *directory.parents):
        own = folder / _OWN_NAME
        text = read(own)
        if text is not None:
            return _parse(own, text, ())
        shared = folder / _SHARED_NAME
        text = read(shared)
        if text is not None and "djguide" in text:
            found = _parse(shared, text, _SHARED_TABLE)
            if found is not None:
                return found
        if _exists(folder / ".git"):
            return None
    return None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _parse(path: Path, text: str, prefix: tuple[str, ...]) -> ConfigFile | None:
    """The settings below `prefix`; None when the document does not mention them."""
    text = " " + text[1:] if text.startswith("\ufeff") else text
    mistake: SyntaxMistake | None = None
    try:
        document = _loads(text)
    except _NotToml as error:
        if prefix and not any(_OUR_HEADER.match(line) for line in text.splitlines()):
            return None
        mistake = error.mistake
        text = _only_ours(text) if prefix else ""
        try:
            document = _loads(text)
        except _NotToml:
            text, document = "", {}
    table = _below(document, prefix)
    if table is None:
        if mistake is None:
            return None
        table = {}
    return ConfigFile(path, prefix, table, TomlPlaces(text), mistake)


class _NotToml(Exception):
    def __init__(self, mistake: SyntaxMistake) -> None:
        super().__init__(mistake.message)
        self.mistake = mistake


def _loads(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also numbers too long, and arrays nested too deep
        message = str(error) or "Nested too deep"
        index = LineIndex(text)
        last = len(text.rstrip())
        start = index.position(last)
        if match := _ERROR_PLACE.fullmatch(message):
            message = match[1]
            if match[2]:
                start = Position(int(match[2]) - 1, int(match[3]) - 1)
        end = Position(start.line, max(start.column, len(index.line(start.line).rstrip())))
        if start == end and start.column:
            start = Position(start.line, start.column - 1)
        raise _NotToml(SyntaxMistake(f"Not valid TOML: {message}", Range(start, end))) from error


def _only_ours(text: str) -> str:
    """`text` with the lines of everybody else's tables emptied, so that their mistakes don't cost our settings."""
    kept: list[str] = []
    ours = False
    for line in text.splitlines(keepends=True):
        if _HEADER.match(line):
            ours = bool(_OUR_HEADER.match(line))
        kept.append(line if ours else line[len(line.rstrip("\r\n")) :])
    return "".join(kept)


def _below(document: Mapping[str, Any], prefix: tuple[str, ...]) -> object:
    found: object = document
    for key in prefix:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found
