"""A JSON-able value as indented text that people can read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from djguide_server.cli.streams import Terminal, clean

_TITLES = ("root", "name", "path", "label", "file")


def render_outline(value: Mapping[str, Any], terminal: Terminal) -> str:
    """`value` with its keys as headings; what is empty reads "none"."""
    plain = msgspec.to_builtins(value, enc_hook=str)
    lines: list[str] = []
    for key, entry in plain.items():
        nested = _nested(entry)
        if lines and (nested or lines[-1].startswith(" ")):
            lines.append("")
        lines += _entry(key, entry, terminal, 0)
    return "\n".join([*lines, ""])


def _entry(key: str, value: Any, terminal: Terminal, depth: int, *, times: bool = False) -> Iterator[str]:
    """One key with its value; with `times`, fractions are seconds whatever the key is called."""
    indent = "  " * depth
    title = clean(str(key)).replace("_", " ")
    heading = terminal.style(
        title[:1].upper() + title[1:] if depth == 0 else title, bold=depth == 0, dim=depth > 0
    )
    if not _nested(value):
        yield f"{indent}{heading}: {_scalar(value, times=times or _is_time(key))}"
        return
    yield f"{indent}{heading}:"
    yield from _block(value, terminal, depth + 1, times=times or _is_time(key))


def _block(value: Any, terminal: Terminal, depth: int, *, times: bool = False) -> Iterator[str]:
    indent = "  " * depth
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from _entry(key, entry, terminal, depth, times=times)
        return
    for item in value:
        if not _nested(item):
            yield f"{indent}- {_scalar(item, times=times)}"
            continue
        # The first line of a nested block carries the dash of its item.
        lines = list(_block(_titled(item), terminal, depth + 1, times=times))
        yield f"{indent}- {lines[0].lstrip()}"
        yield from lines[1:]


def _titled(item: Any) -> Any:
    """A mapping with the key that names it first."""
    if not isinstance(item, dict):
        return item
    title = next((key for key in _TITLES if key in item), None)
    return item if title is None else {title: item[title], **item}


def _nested(value: Any) -> bool:
    """Whether `value` takes lines of its own: anything with contents, but for short lists of short words."""
    if isinstance(value, dict):
        return bool(value)
    if isinstance(value, list):
        return any(isinstance(item, dict | list) for item in value) or len(", ".join(map(str, value))) > 70
    return False


def _scalar(value: Any, *, times: bool) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict | list):
        return ", ".join(clean(str(item)) for item in value) or "none"
    if isinstance(value, float):
        return f"{value:.3f} s" if times else f"{value:g}"
    return clean(str(value))


def _is_time(key: str) -> bool:
    return any(word in str(key) for word in ("seconds", "timings", "phases"))
