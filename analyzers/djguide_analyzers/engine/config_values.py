"""Checking the values of the configuration, key by key and item by item, so that a mistake costs only itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Literal, Protocol, get_args

from msgspec import Struct
from pathspec import GitIgnoreSpec

from djguide_analyzers.engine.toml_places import KeyPath
from djguide_analyzers.source.positions import Range

Level = Literal["error", "warning", "info", "hint", "off"]
KnownFindings = Literal["hint", "hidden"]
Values = dict[str, Any]
"""Settings that are right, under the keys of the table."""

MODULE_PATTERN = r"^[^\W\d]\w*(\.[^\W\d]\w*)*$"

_LEVELS = get_args(Level)


class Mistake(Struct, frozen=True):
    """Something wrong in the configuration; `range` is None for what did not come from the file."""

    message: str
    range: Range | None = None


class Report(Protocol):
    def __call__(self, message: str, path: KeyPath, *, at_key: bool = False) -> None:
        """Take a mistake at `path` below the table; `at_key` when it is the key that is wrong, not its value."""


def read_table(
    table: object, rules: Mapping[str, str] | None, report: Report, *, own_file: bool = False
) -> Values:
    """The right settings of `table`; the wrong ones are reported.

    `rules` maps codes to practices, None when they are not known. `own_file` is whether the table is the whole
    of its file.
    """
    if not isinstance(table, Mapping):
        report(f"The settings must be a table, not {_kind(table)}.", ())
        return {}
    reader = _Reader(rules, report)
    values: Values = {}
    for key, value in table.items():
        read = reader.readers.get(key)
        if read is not None:
            result = read(value, (key,))
            if result is not None:
                values[key] = result
        elif own_file and key == "tool" and isinstance(value, Mapping) and "djguide" in value:
            report(
                "In djguide.toml the settings stand at the top level, not under [tool.djguide].",
                (key,),
                at_key=True,
            )
        elif key == "rule-folders":
            report(
                "Rules are run: folders of them can be named only in your own configuration.",
                (key,),
                at_key=True,
            )
        else:
            report(f"Unknown key '{key}'{_suggestion(key, reader.readers)}", (key,), at_key=True)
    return values


class _Reader:
    """One reader per key: from a raw value and its path to the value to use, None when there is none."""

    def __init__(self, rules: Mapping[str, str] | None, report: Report) -> None:
        self.rules = rules
        self.report = report
        self.codes = None if rules is None else {*rules, *rules.values()}
        self.readers: dict[str, Callable[[object, KeyPath], object | None]] = {
            "select": self.names,
            "extend-select": self.names,
            "ignore": self.names,
            "severity": self.levels,
            "per-path-ignores": self.path_ignores,
            "exclude": self.patterns,
            "settings-module": self.module,
            "source-roots": self.strings,
            "environment": self.string,
            "baseline": self.string,
            "known-findings": lambda value, path: self.choice(value, path, get_args(KnownFindings)),
        }

    def string(self, value: object, path: KeyPath) -> str | None:
        if isinstance(value, str) and value.strip():
            return value
        self.report(f"'{path[0]}' must be a string, not {_kind(value)}.", path)
        return None

    def choice(self, value: object, path: KeyPath, choices: Sequence[str]) -> str | None:
        if isinstance(value, str) and value in choices:
            return value
        self.report(f"'{path[0]}' must be {' or '.join(map(repr, choices))}.", path)
        return None

    def module(self, value: object, path: KeyPath) -> str | None:
        name = self.string(value, path)
        if name is not None and not re.fullmatch(MODULE_PATTERN, name):
            self.report(f"'{name}' is not the dotted name of a module, such as 'config.settings'.", path)
            return None
        return name

    def strings(self, value: object, path: KeyPath) -> tuple[str, ...] | None:
        return self._list(value, path, lambda item, place: True)

    def names(self, value: object, path: KeyPath) -> tuple[str, ...] | None:
        return self._list(value, path, lambda item, place: self._is_known(item, place, everything=True))

    def patterns(self, value: object, path: KeyPath) -> tuple[str, ...] | None:
        return self._list(value, path, self._is_pattern)

    def levels(self, value: object, path: KeyPath) -> dict[str, str] | None:
        result: dict[str, str] = {}
        for name, level, place in self._table(value, path):
            if not isinstance(level, str) or level not in _LEVELS:
                self.report(f"The severity of '{name}' must be one of {', '.join(_LEVELS)}.", place)
            elif self._is_known(name, place, at_key=True):
                result[name] = level
        return result

    def path_ignores(self, value: object, path: KeyPath) -> dict[str, tuple[str, ...]] | None:
        result: dict[str, tuple[str, ...]] = {}
        for pattern, names, place in self._table(value, path):
            if pattern.startswith("!"):
                self.report(
                    f"'{pattern}': a pattern here cannot take paths out again with '!'.", place, at_key=True
                )
            elif self._is_pattern(pattern, place, at_key=True):
                known = self.names(names, place)
                if known is not None:
                    result[pattern] = self._codes(known)
        return result

    # --- parts -------------------------------------------------------------------------------------------

    def _list(
        self,
        value: object,
        path: KeyPath,
        is_right: Callable[[str, KeyPath], bool],
    ) -> tuple[str, ...] | None:
        """The right items; None when there were items and none is right, for an empty list may mean a lot."""
        if not isinstance(value, (list, tuple)):
            self.report(f"'{path[-1]}' must be a list of strings, not {_kind(value)}.", path)
            return None
        right: list[str] = []
        for number, item in enumerate(value):
            place = (*path, number)
            if not isinstance(item, str) or not item.strip():
                self.report(f"'{path[-1]}' must hold strings, not {_kind(item)}.", place)
            elif is_right(item, place):
                right.append(item)
        return tuple(right) if right or not value else None

    def _table(self, value: object, path: KeyPath) -> list[tuple[str, object, KeyPath]]:
        """The entries of a table: key, value and path."""
        if not isinstance(value, Mapping):
            self.report(f"'{path[-1]}' must be a table, not {_kind(value)}.", path)
            return []
        return [(str(key), item, (*path, str(key))) for key, item in value.items()]

    def _is_known(self, name: str, path: KeyPath, *, everything: bool = False, at_key: bool = False) -> bool:
        if self.codes is None or name in self.codes or (everything and name == "all"):
            return True
        self.report(f"Unknown rule or practice '{name}'{_suggestion(name, self.codes)}", path, at_key=at_key)
        return False

    def _is_pattern(self, pattern: str, path: KeyPath, *, at_key: bool = False) -> bool:
        try:
            spec = GitIgnoreSpec.from_lines([pattern])
        except (ValueError, re.error):
            effective = False
        else:
            effective = any(part.include is not None for part in spec.patterns)
        if not effective:
            self.report(f"'{pattern}' is not a pattern that can match a path.", path, at_key=at_key)
        return effective

    def _codes(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """`names` with practices and "all" replaced by their codes, if the rules are known."""
        if self.rules is None:
            return names
        return tuple(
            code
            for code, practice in self.rules.items()
            if code in names or practice in names or "all" in names
        )


def _suggestion(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name.lower().replace("_", "-"), sorted(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else "."


def _kind(value: object) -> str:
    if isinstance(value, str) and not value.strip():
        return "an empty one"
    kinds: dict[type, str] = {str: "a string", bool: "a boolean", list: "a list", dict: "a table"}
    for kind, name in kinds.items():
        if isinstance(value, kind):
            return name
    return "a number" if isinstance(value, (int, float)) else "a date or time"
