"""The edit that turns a rule off for a whole folder, in the file that configures it."""

from __future__ import annotations

import tomllib
from pathlib import Path

from djguide_analyzers.engine.config_file import Read, find_config_file
from djguide_analyzers.engine.toml_places import KeyPath, TomlPlaces
from djguide_analyzers.source.edits import Edit, apply_edits
from djguide_analyzers.source.positions import LineIndex, Position, Range

_TABLE: KeyPath = ("tool", "djguide")
_HEADER = "[tool.djguide]"


def ignore_rule(directory: Path, read: Read, code: str) -> Edit | None:
    """Add `code` to the ``ignore`` of the configuration that counts in `directory`.

    None when there is neither a configuration nor a ``pyproject.toml`` to hold one, when it ignores the rule
    already, and when the file is written in a way that no small edit fits.
    """
    file = find_config_file(directory, read)
    path = file.path if file is not None else _pyproject(directory, read)
    text = read(path) if path is not None else None
    if path is None or text is None:
        return None
    prefix = file.prefix if file is not None else _TABLE
    edit = _edit(path.as_posix(), text, prefix, code)
    return edit if edit is not None and _ignores(apply_edits(text, [edit]), prefix, code) else None


def _pyproject(directory: Path, read: Read) -> Path | None:
    for folder in (directory, *directory.parents):
        if read(folder / "pyproject.toml") is not None:
            return folder / "pyproject.toml"
        if (folder / ".git").exists():
            return None
    return None


def _edit(path: str, text: str, prefix: KeyPath, code: str) -> Edit | None:
    listed = _listed(text, prefix)
    if listed is None or code in listed:
        return None
    places, index = TomlPlaces(text), LineIndex(text)
    value = places.value((*prefix, "ignore"))
    if value is not None:
        return _extended(path, index, places, prefix, code, value)
    if not prefix:
        return _inserted(path, Position(0, 0), f'ignore = ["{code}"]\n')
    header = next((n for n in range(index.line_count) if index.line(n).strip() == _HEADER), None)
    if header is not None and header + 1 < index.line_count:
        return _inserted(path, Position(header + 1, 0), f'ignore = ["{code}"]\n')
    if header is not None or places.key(prefix) is not None:
        return None
    gap = "" if not text.strip() else "\n" if text.endswith("\n") else "\n\n"
    return _inserted(path, index.position(len(text)), f'{gap}{_HEADER}\nignore = ["{code}"]\n')


def _extended(
    path: str, index: LineIndex, places: TomlPlaces, prefix: KeyPath, code: str, value: Range
) -> Edit | None:
    """`code` behind the last item of the list at `value`, on a line of its own where the items have one each."""
    number = 0
    last: Range | None = None
    while (item := places.value((*prefix, "ignore", number))) is not None:
        last, number = item, number + 1
    if last is None:
        return Edit(path, value, f'["{code}"]')
    line = index.line(last.start.line)
    alone = not line[: last.start.column].strip()
    separator = f",\n{line[: last.start.column]}" if alone else ", "
    return _inserted(path, last.end, f'{separator}"{code}"')


def _inserted(path: str, position: Position, text: str) -> Edit:
    return Edit(path, Range(position, position), text)


def _ignores(text: str, prefix: KeyPath, code: str) -> bool:
    return code in (_listed(text, prefix) or ())


def _listed(text: str, prefix: KeyPath) -> list[object] | None:
    """What ``ignore`` holds, an empty list when it is not there; None when that cannot be told."""
    try:
        found: object = tomllib.loads(text.removeprefix("\ufeff"))
    except ValueError:
        return None
    for key in (*prefix, "ignore"):
        if not isinstance(found, dict):
            return None
        found = found.get(str(key), {} if key != "ignore" else [])
    return found if isinstance(found, list) else None
