"""The rules there are: the modules in the folders below this one, and those of plugins in the same layout.

A module that cannot be loaded costs its own rule and nothing else; `broken` tells of it.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct

from djguide_analyzers.rules import plugins
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.plugins import Broken, Source

if TYPE_CHECKING:
    from djguide_analyzers.rules.context import FileContext, ProjectContext, Scope, TemplateContext
    from djguide_analyzers.trace.tracer import Trace

_OWN = Source(__package__ or "", Path(__file__).parent, "")
_CODE = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


class Entry(Struct, frozen=True):
    """A registered rule: its names, what it is, how it runs, its page, and who brought it (empty: djguide).

    `check` looks at one Python file, `check_scope` at one of its scopes, `check_trace` at one of its traces,
    `check_template` at one template. A rule about the whole project says with `collect` what each Python file
    contributes, and with `conclude` what all of them together mean. The former yields structures of `msgspec`, of
    the types its annotation names, with positions as `Place`: they are kept from run to run. Rules that share one
    `collect` function have it run once.
    """

    code: str
    practice: str
    rule: Rule
    check: Callable[[FileContext], Iterator[Hit]] | None
    page_path: Path
    source: str = ""
    check_scope: Callable[[FileContext, Scope], Iterator[Hit]] | None = None
    check_trace: Callable[[FileContext, Trace], Iterator[Hit]] | None = None
    check_template: Callable[[TemplateContext], Iterator[Hit]] | None = None
    collect: Callable[[FileContext], Iterable[Any]] | None = None
    conclude: Callable[[ProjectContext, list[Any]], Iterator[Hit]] | None = None


class _Loaded(NamedTuple):
    folders: list[Path]
    entries: dict[str, Entry]
    broken: list[Broken]


@cache
def _load() -> _Loaded:
    found, broken = plugins.sources()
    entries: dict[str, Entry] = {}
    for source in (_OWN, *found):
        for practice in _practices_of(source):
            for module in pkgutil.iter_modules([str(source.folder / practice)]):
                if module.name.startswith("_"):
                    continue
                name = f"{practice}/{module.name}.py"
                title = f"{source.title}: {name}" if source.title else name
                with plugins.contained(title, broken, own=source is _OWN):
                    entry = _entry(source, practice, module.name)
                    if entry.code in entries:
                        raise ValueError(f"there is a rule called {entry.code!r} already")
                    entries[entry.code] = entry
    return _Loaded([source.folder for source in found], dict(sorted(entries.items())), broken)


def _practices_of(source: Source) -> list[str]:
    """The folders of rules in a source."""
    return sorted(
        p.name for p in source.folder.iterdir() if p.is_dir() and p.name.isidentifier() and p.name[0] != "_"
    )


def _entry(source: Source, practice: str, name: str) -> Entry:
    """The rule in one module.

    Raises:
        Exception: the module cannot be imported, or is no rule.
    """
    module = importlib.import_module(f"{source.package}.{practice}.{name}")
    code = name.replace("_", "-")
    if not _CODE.fullmatch(code):
        raise ValueError(f"{code!r} cannot be the code of a rule: lower case, as in 'len_of_queryset.py'")
    rule: Any = getattr(module, "RULE", None)
    names = ("check", "check_scope", "check_trace", "check_template", "conclude")
    functions = {name: getattr(module, name, None) for name in names}
    if not isinstance(rule, Rule) or not any(isinstance(found, FunctionType) for found in functions.values()):
        raise TypeError("a rule defines RULE, a djguide_analyzers.rules.base.Rule, and check_scope or check")
    return Entry(
        code,
        practice,
        rule,
        functions["check"],
        source.folder / practice / f"{name}.md",
        source.title,
        functions["check_scope"],
        functions["check_trace"],
        functions["check_template"],
        getattr(module, "collect", None),
        functions["conclude"],
    )


def _entries() -> dict[str, Entry]:
    return _load().entries


def load_anew() -> None:
    """Forget what was loaded: plugins were added since."""
    _load.cache_clear()


def broken() -> list[Broken]:
    """Modules that are no rules because they cannot be loaded."""
    return _load().broken


def plugin_folders() -> list[Path]:
    """Where rules that are not djguide's own lie."""
    return _load().folders


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
    """The rule's page as Markdown; a line or two for a plugin's rule that has none.

    Raises:
        KeyError: there is no such rule.
    """
    entry = _entries()[code]
    try:
        return entry.page_path.read_text(encoding="utf-8")
    except OSError:
        return f"# {code}\n\n{entry.rule.summary}.\n"
