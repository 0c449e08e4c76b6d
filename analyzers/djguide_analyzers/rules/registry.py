"""The rules there are: the modules in the folders below this one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from djguide_analyzers.rules.base import Hit, Rule

if TYPE_CHECKING:
    from djguide_analyzers.rules.context import FileContext

_FOLDER = Path(__file__).parent


class Entry(Struct, frozen=True):
    """A registered rule: its names, what it is, how it runs, and its page."""

    code: str
    practice: str
    rule: Rule
    check: Callable[[FileContext], Iterator[Hit]]
    page_path: Path


@cache
def _entries() -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for practice in sorted(p.name for p in _FOLDER.iterdir() if p.is_dir() and not p.name.startswith("_")):
        for info in pkgutil.iter_modules([str(_FOLDER / practice)]):
            if info.name.startswith("_"):
                continue
            module = importlib.import_module(f"{__package__}.{practice}.{info.name}")
            code = info.name.replace("_", "-")
            page = _FOLDER / practice / f"{info.name}.md"
            entries[code] = Entry(code, practice, module.RULE, module.check, page)
    return dict(sorted(entries.items()))


def all_rules() -> list[Entry]:
    """Every rule, by code."""
    return list(_entries().values())


def get(code: str) -> Entry | None:
    """The rule called `code`."""
    return _entries().get(code)


def practices() -> dict[str, str]:
    """The practice of each code."""
    return {entry.code: entry.practice for entry in all_rules()}


def page(code: str) -> str:
    """The rule's page as Markdown.

    Raises:
        KeyError: there is no such rule.
    """
    return _entries()[code].page_path.read_text(encoding="utf-8")
