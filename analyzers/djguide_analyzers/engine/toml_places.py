"""Where the keys and values of a TOML document stand in its text, which `tomllib` does not tell.

Works on text that `tomllib` has accepted. Text that breaks its grammar only yields fewer places.
"""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress

from djguide_analyzers.source.positions import LineIndex, Range

KeyPath = tuple[str | int, ...]
"""Way from the top of the document: keys of tables, and zero-based numbers of items in arrays."""

_SPACE = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*")
_REST_OF_LINE = re.compile(r"[^\r\n]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:\\.|[^"\\\r\n])*"'
    r"|'[^'\r\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\r\n]+")


class TomlPlaces:
    """The places in one document. An array of tables counts as one table: its items are not told apart."""

    def __init__(self, text: str) -> None:
        self._keys: dict[KeyPath, Range] = {}
        self._values: dict[KeyPath, Range] = {}
        self._text = text
        self._index = LineIndex(text)
        self._at = 0
        with suppress(_Malformed, RecursionError):
            self._document()

    def key(self, path: KeyPath) -> Range | None:
        """Where the last key of `path` is first written, quotes included."""
        return self._keys.get(path)

    def value(self, path: KeyPath) -> Range | None:
        """Where the value at `path` is written; None for tables that have a header instead."""
        return self._values.get(path)

    def nearest(self, path: KeyPath) -> Range | None:
        """The value at `path` if it is written in one place, else its key, else the same for what holds it."""
        while path:
            found = self._values.get(path) or self._keys.get(path)
            if found:
                return found
            path = path[:-1]
        return None

    # --- the grammar -------------------------------------------------------------------------------------

    def _document(self) -> None:
        table: KeyPath = ()
        while True:
            self._skip(_GAP)
            if self._at >= len(self._text):
                return
            if self._text[self._at] == "[":
                brackets = 2 if self._text.startswith("[[", self._at) else 1
                self._at += brackets
                table = self._key_path(())
                self._expect("]" * brackets)
            else:
                self._assignment(table)
            self._skip(_REST_OF_LINE)

    def _assignment(self, table: KeyPath) -> None:
        path = self._key_path(table)
        self._expect("=")
        self._value(path)

    def _key_path(self, path: KeyPath) -> KeyPath:
        """Read a dotted key below `path` and note where each of its parts stands."""
        while True:
            self._skip(_SPACE)
            start = self._at
            match = _STRING.match(self._text, start) or _BARE_KEY.match(self._text, start)
            if match is None:
                raise _Malformed
            self._at = match.end()
            path = (*path, _unquoted(match[0]))
            self._keys.setdefault(path, self._range(start))
            self._skip(_SPACE)
            if self._text[self._at : self._at + 1] != ".":
                return path
            self._at += 1

    def _value(self, path: KeyPath) -> None:
        self._skip(_GAP)
        start = self._at
        match self._text[start : start + 1]:
            case "[":
                self._items(path, "]", keyed=False)
            case "{":
                self._items(path, "}", keyed=True)
            case _:
                match = _STRING.match(self._text, start) or _SCALAR.match(self._text, start)
                if match is None:
                    raise _Malformed
                self._at = start + len(match[0].rstrip())
        self._values[path] = self._range(start)

    def _items(self, path: KeyPath, end: str, *, keyed: bool) -> None:
        self._at += 1
        number = 0
        while True:
            self._skip(_GAP)
            if self._text.startswith(end, self._at):
                self._at += 1
                return
            if keyed:
                self._assignment(path)
            else:
                self._value((*path, number))
            number += 1
            self._skip(_GAP)
            if self._text.startswith(",", self._at):
                self._at += 1
            elif not self._text.startswith(end, self._at):
                raise _Malformed

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._at)
        if match:
            self._at = match.end()

    def _expect(self, token: str) -> None:
        self._skip(_SPACE)
        if not self._text.startswith(token, self._at):
            raise _Malformed
        self._at += len(token)

    def _range(self, start: int) -> Range:
        return Range(self._index.position(start), self._index.position(self._at))


class _Malformed(Exception):
    """The text is not TOML here."""


def _unquoted(key: str) -> str:
    if key[0] == "'":
        return key[1:-1]
    if key[0] != '"':
        return key
    try:
        return tomllib.loads(f"key = {key}")["key"]
    except tomllib.TOMLDecodeError as error:
        raise _Malformed from error
