"""What ruff is configured to report, where a project uses it: its findings need no second opinion.

Only the selection of rules is read, as ruff reads it: the nearest ``.ruff.toml``, ``ruff.toml`` or
``[tool.ruff]`` above the file, with what it ``extend``s; the longer prefix wins over the shorter one.
"""

from __future__ import annotations

import posixpath
import tomllib
from collections.abc import Callable, Mapping
from string import digits
from typing import Any

from pathspec import GitIgnoreSpec

from djguide_analyzers.project.files import parents
from djguide_analyzers.rules.context import FileContext

_NAMES = (".ruff.toml", "ruff.toml", "pyproject.toml")
_DEFAULT = ("E4", "E7", "E9", "F")
_MAX_EXTENDS = 5

Read = Callable[[str], str | None]


def ruff_reports(file: FileContext, code: str) -> bool:
    """Whether ruff, as it is configured for `file`, reports `code` there."""
    table, folder = file.once("ruff", lambda: _settings(file.read, posixpath.dirname(file.path)))
    return _is_enabled(table, code) and not _is_ignored_in(table, folder, file.path, code)


def _settings(read: Read, folder: str) -> tuple[dict[str, list[str]], str]:
    """The selecting options in force in `folder`, and the folder of the file they stand in."""
    for above in parents(folder):
        for name in _NAMES:
            path = posixpath.join(above, name)
            table = _table(read, path)
            if table is not None:
                return _extended(read, path, table), above
        if read(posixpath.join(above, ".git", "HEAD")) is not None:
            break
    return {}, folder


def _table(read: Read, path: str) -> dict[str, Any] | None:
    """Ruff's table in the file at `path`; None when there is none."""
    text = read(path)
    if text is None or ("ruff" not in text and path.endswith("pyproject.toml")):
        return None
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    if path.endswith("pyproject.toml"):
        tool = document.get("tool")
        document = tool.get("ruff") if isinstance(tool, dict) else None  # type: ignore[assignment]
    return document if isinstance(document, dict) else None


def _extended(read: Read, path: str, table: dict[str, Any]) -> dict[str, list[str]]:
    """The options of `table` on top of those of the file it extends."""
    chain = [_options(table)]
    for _ in range(_MAX_EXTENDS):
        other = table.get("extend")
        if not isinstance(other, str):
            break
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), other))
        parent = _table(read, path)
        if parent is None:
            break
        table = parent
        chain.append(_options(table))
    result: dict[str, list[str]] = {}
    for options in reversed(chain):
        if "select" in options:
            result.pop("extend-select", None)
        for name, values in options.items():
            keeps = name.startswith("extend-") or ":" in name
            result[name] = [*(result.get(name, []) if keeps else []), *values]
    return result


def _options(table: Mapping[str, Any]) -> dict[str, list[str]]:
    """The lists of codes, from ``lint`` and from the top, where they stood in older versions."""
    lint = table.get("lint")
    merged = {**table, **lint} if isinstance(lint, dict) else dict(table)
    found: dict[str, list[str]] = {}
    for name in ("select", "extend-select", "ignore", "extend-ignore"):
        value = merged.get(name)
        if isinstance(value, list):
            found[name] = [item for item in value if isinstance(item, str)]
    for name in ("per-file-ignores", "extend-per-file-ignores"):
        value = merged.get(name)
        for pattern, codes in value.items() if isinstance(value, dict) else ():
            if isinstance(codes, list):
                found[f"in:{pattern}"] = [item for item in codes if isinstance(item, str)]
    return found


def _is_enabled(table: Mapping[str, list[str]], code: str) -> bool:
    if not table:
        return False  # nobody has configured ruff
    selected = [*table.get("select", _DEFAULT), *table.get("extend-select", ())]
    ignored = [*table.get("ignore", ()), *table.get("extend-ignore", ())]
    return _weight(selected, code) > _weight(ignored, code)


def _weight(prefixes: list[str], code: str) -> int:
    """Length of the longest prefix of `code`; 0 for ``ALL``, -1 for none."""
    lengths = [len(prefix) for prefix in prefixes if _is_prefix(prefix, code)]
    return max([*lengths, 0 if "ALL" in prefixes else -1])


def _is_prefix(prefix: str, code: str) -> bool:
    """Whether `prefix` stands for `code`: ``DJ`` and ``DJ0`` for ``DJ001``, but not ``D``, another plugin's."""
    return code.startswith(prefix) and _plugin(prefix) == _plugin(code)


def _plugin(code: str) -> str:
    return code.rstrip(digits)


def _is_ignored_in(table: Mapping[str, list[str]], folder: str, path: str, code: str) -> bool:
    relative = posixpath.relpath(path, folder)
    for name, codes in table.items():
        if not name.startswith("in:") or not any(_is_prefix(p, code) or p == "ALL" for p in codes):
            continue
        pattern = name.removeprefix("in:")
        negated = pattern.startswith("!")
        spec = GitIgnoreSpec.from_lines([pattern.lstrip("!")])
        if spec.match_file(relative) is not negated:
            return True
    return False
