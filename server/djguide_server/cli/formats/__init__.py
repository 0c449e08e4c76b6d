"""The output formats of ``djguide check``. The folder is the registry.

A module ``some_name.py`` here is ``--output-format some-name``. It defines::

    def render(result: CheckResult, terminal: Terminal) -> str      # for standard output

and, when its readers would not see problems otherwise::

    def render_problems(result: CheckResult, terminal: Terminal) -> str      # for standard error

Both end with a line break unless empty. Formats for machines ignore `terminal`.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from djguide_server.cli.result import CheckResult
    from djguide_server.cli.streams import Terminal


class Format(Protocol):
    """The interface of a module in this folder."""

    def render(self, result: CheckResult, terminal: Terminal) -> str: ...


def names() -> list[str]:
    """The names of all formats, ``text`` (the default) first."""
    found = (module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))
    return sorted(found, key=lambda name: (name != "text", name))


def load(name: str) -> Format:
    """The format called `name`, one of `names()`."""
    return cast("Format", import_module(f"{__name__}.{name.replace('-', '_')}"))


def render_problems(name: str, result: CheckResult, terminal: Terminal) -> str:
    """What the format called `name` says about problems on standard error."""
    render = getattr(load(name), "render_problems", None)
    return render(result, terminal) if render else ""
