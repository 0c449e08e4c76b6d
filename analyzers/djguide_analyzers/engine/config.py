"""The configuration: what ``[tool.djguide]`` may say, and what that means for rules and paths.

The nearest ``djguide.toml``, or ``pyproject.toml`` with a ``[tool.djguide]`` table, configures a folder. The
settings of a client or of the command line win over it, key by key. A mistake is told with its place and
costs only itself: everything that is right is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from pathspec import GitIgnoreSpec

from djguide_analyzers.engine.config_file import ConfigFile, Read, find_config_file
from djguide_analyzers.engine.config_values import (
    MODULE_PATTERN,
    KnownFindings,
    Level,
    Mistake,
    Report,
    Values,
    read_table,
)
from djguide_analyzers.engine.toml_places import KeyPath
from djguide_analyzers.rules.finding import Severity
from djguide_analyzers.source.positions import Position, Range

__all__ = ["Config", "Loaded", "Mistake", "load_config", "schema"]

Names = tuple[str, ...]


class Config(Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True, dict=True):
    """Settings of one folder. Paths and patterns are relative to the folder of the configuration file."""

    select: Annotated[
        Names | None,
        Meta(
            description=(
                "The rules to run, instead of the default ones. A code names one rule; a practice names its default"
                ' rules; "all" names every rule, opt-in ones included.'
            ),
            examples=[["queries", "money-stored-as-float"]],
        ),
    ] = None
    extend_select: Annotated[
        Names,
        Meta(
            description='Rules to run besides the selected ones: codes, practices or "all", as in `select`.'
        ),
    ] = ()
    ignore: Annotated[
        Names, Meta(description='Rules not to run, whatever selects them: codes, practices or "all".')
    ] = ()
    severity: Annotated[
        dict[str, Level],
        Meta(
            description='Severity by code or practice; a code wins over its practice. "off" stops the rule.'
        ),
    ] = {}
    per_path_ignores: Annotated[
        dict[str, Names],
        Meta(
            description='Codes, practices or "all" to ignore in the files that match a .gitignore pattern.',
            examples=[{"tests/": ["all"]}],
        ),
    ] = {}
    exclude: Annotated[
        Names, Meta(description="Files and folders not to check: patterns as in .gitignore.")
    ] = ()
    settings_module: Annotated[
        Annotated[str, Meta(pattern=MODULE_PATTERN)] | None,
        Meta(description="Dotted name of the settings module, if it is not found by itself."),
    ] = None
    source_roots: Annotated[
        Names, Meta(description="Folders that imports start from, if they are not found by themselves.")
    ] = ()
    environment: Annotated[
        str | None,
        Meta(
            description="Virtual environment that third-party packages are read from. Nothing in it is run."
        ),
    ] = None
    baseline: Annotated[
        str | None,
        Meta(
            description=(
                "File of findings that are accepted and not reported; `djguide baseline` writes it."
                " Without this key, djguide-baseline.json is used if it exists."
            )
        ),
    ] = None
    known_findings: Annotated[
        KnownFindings,
        Meta(description="What editors show of the findings in the baseline: hints, or nothing."),
    ] = "hint"

    def is_selected(self, code: str, practice: str, default: bool) -> bool:
        """Whether the rule `code` runs at all; `default` is whether it runs without being selected."""
        if self.ignore and _named(self.ignore, code, practice):
            return False
        if self._level(code, practice) == "off":
            return False
        base = default if self.select is None else _brought(self.select, code, practice, default)
        return base or _brought(self.extend_select, code, practice, default)

    def severity_for(self, code: str, practice: str, default: Severity) -> Severity | None:
        """Severity of the findings of `code`; None when they are off."""
        level = self._level(code, practice)
        if level is None:
            return default
        return None if level == "off" else Severity(level)

    def _level(self, code: str, practice: str) -> Level | None:
        return self.severity.get(code) or self.severity.get(practice)

    def is_excluded(self, relative_path: str) -> bool:
        """Whether the file at `relative_path` (POSIX form) is not to be checked."""
        return bool(self.exclude) and self._excluded.match_file(relative_path)

    def ignored_for(self, relative_path: str) -> frozenset[str]:
        """Names ignored in the file at `relative_path` (POSIX form): codes, after `load_config` knew the rules."""
        matching = (names for spec, names in self._path_ignores if spec.match_file(relative_path))
        return frozenset().union(*matching)

    @cached_property
    def _excluded(self) -> GitIgnoreSpec:
        return GitIgnoreSpec.from_lines(self.exclude)

    @cached_property
    def _path_ignores(self) -> list[tuple[GitIgnoreSpec, Names]]:
        return [
            (GitIgnoreSpec.from_lines([pattern]), names) for pattern, names in self.per_path_ignores.items()
        ]


class Loaded(Struct, frozen=True):
    """The configuration of a folder.

    Attributes:
        path: The file it came from; None when there is none.
        root: Absolute folder that its paths and patterns are relative to: that of the file, else the one asked for.
        mistakes: What is wrong, in the file first (with a range), then in the overrides (without).
        valid: False when the file is not TOML, so that its settings are not all known.
    """

    config: Config
    path: Path | None
    root: Path
    mistakes: tuple[Mistake, ...] = ()
    valid: bool = True


def load_config(
    directory: Path,
    read: Read,
    overrides: Mapping[str, object] | None = None,
    *,
    rules: Mapping[str, str] | None = None,
) -> Loaded:
    """The configuration of the absolute folder `directory`.

    `read` gives the text of a file. `overrides` has the keys of the table; a key that is absent or None leaves
    the file's value alone, tables are merged, everything else is replaced. `rules` maps each known code to its
    practice: names are checked against it and the ignores of paths become codes; without it, any name goes.
    """
    mistakes: list[Mistake] = []
    values: Values = {}
    file = find_config_file(directory, read)
    if file is not None:
        if file.mistake is not None:
            mistakes.append(Mistake(file.mistake.message, file.mistake.range))

        values = read_table(file.table, rules, _reporter(mistakes, file), own_file=not file.prefix)
    if overrides:
        given = {key: value for key, value in overrides.items() if value is not None}
        changes = read_table(given, rules, _reporter(mistakes, None))
        values = _overridden(values, changes)
    config = msgspec.convert(values, Config)
    path = file.path if file else None
    root = path.parent if path else directory
    return Loaded(config, path, root, tuple(mistakes), valid=file is None or file.mistake is None)


def schema() -> dict[str, Any]:
    """The JSON Schema of the table."""
    _, components = msgspec.json.schema_components([Config])
    result = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **components["Config"],
        "title": "djguide",
        "description": "Settings of djguide: [tool.djguide] in pyproject.toml, or djguide.toml.",
    }
    for entry in result["properties"].values():
        # TOML has no null: a key that is not set is left out.
        alternatives = [option for option in entry.pop("anyOf", ()) if option != {"type": "null"}]
        entry |= alternatives[0] if alternatives else {}
        if entry.get("default") is None:
            entry.pop("default", None)
    return result


_START = Range(Position(0, 0), Position(0, 0))


def _reporter(mistakes: list[Mistake], file: ConfigFile | None) -> Report:
    def report(message: str, path: KeyPath, *, at_key: bool = False) -> None:
        if file is None:
            mistakes.append(Mistake(message))
            return
        whole = (*file.prefix, *path)
        place = file.places.key(whole) if at_key else None
        mistakes.append(Mistake(message, place or file.places.nearest(whole) or _START))

    return report


def _named(names: Names, code: str, practice: str) -> bool:
    return code in names or practice in names or "all" in names


def _brought(names: Names, code: str, practice: str, default: bool) -> bool:
    """Whether a selection of `names` brings the rule: a practice brings only its default ones."""
    return code in names or "all" in names or (default and practice in names)


def _overridden(values: Values, changes: Values) -> Values:
    """`values` with `changes` laid over. A selection of rules also undoes what the file says against rules."""
    if "select" in changes:
        values = {key: value for key, value in values.items() if key not in ("extend-select", "ignore")}
        levels = values.get("severity", {})
        values["severity"] = {name: level for name, level in levels.items() if level != "off"}
    merged = {
        key: {**values.get(key, {}), **changes[key]}
        for key in ("severity", "per-path-ignores")
        if key in changes
    }
    return {**values, **changes, **merged}
