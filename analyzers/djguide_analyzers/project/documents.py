"""Reading TOML and INI files that a person may be in the middle of editing: broken ones count as empty."""

from __future__ import annotations

import configparser
import contextlib
import tomllib
from collections.abc import Mapping
from typing import Any

from djguide_analyzers.project.files import FileSystem


def read_toml(files: FileSystem, path: str) -> dict[str, Any]:
    """A TOML file; empty when it is not there or broken."""
    text = files.read_text(path)
    if text is None:
        return {}
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def read_ini(files: FileSystem, path: str) -> configparser.ConfigParser:
    """An INI file without interpolation; a broken one up to its first mistake."""
    parser = configparser.ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    text = files.read_text(path)
    if text is not None:
        with contextlib.suppress(configparser.Error):
            parser.read_string(text)
    return parser


def table(document: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """The table at `keys`; empty when there is none or it is something else."""
    value: Any = document
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return dict(value) if isinstance(value, Mapping) else {}


def strings(value: object) -> list[str]:
    """The strings in a list, or the one string; nothing else."""
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def line_of(text: str, needle: str) -> int:
    """Zero-based line where `needle` first occurs, case aside; 0 when it does not."""
    offset = text.lower().find(needle.lower())
    return text.count("\n", 0, offset) if offset > 0 else 0
