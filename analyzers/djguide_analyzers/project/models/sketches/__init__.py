"""Sketches of well-known packages, for projects whose packages are not installed beside them.

A sketch says, in a few lines of our own, what a package's model and field classes add to the model graph; it
is read like any other source and never imported (hence a suffix of their own). It stands in only for packages that
cannot be found, and what comes from one is marked as not certain, since versions differ.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.python import python_facts
from djguide_analyzers.project.modules import Module

_FOLDER = Path(__file__).parent


@cache
def _files() -> dict[str, Path]:
    """The sketches' files by module name."""
    result: dict[str, Path] = {}
    for path in _FOLDER.rglob("*.sketch"):
        parts = path.relative_to(_FOLDER).with_suffix("").parts
        result[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return result


@cache
def _packages() -> frozenset[str]:
    """Names that are packages of sketches, with or without a file of their own."""
    return frozenset(
        ".".join(name.split(".")[:count]) for name in _files() for count in range(1, name.count(".") + 1)
    )


def find_sketch(dotted: str) -> Module | None:
    """The sketch of the module called `dotted`, None when there is none."""
    path = _files().get(dotted)
    if path is not None:
        return Module(dotted, path.with_suffix(".py").as_posix(), python_facts(path.read_text("utf-8")), "bundled")
    if dotted in _packages():
        place = _FOLDER.joinpath(*dotted.split("."), "__init__.py").as_posix()
        return Module(dotted, place, ir.PyFacts([], [], []), "bundled")
    return None


def is_sketch(module: Module) -> bool:
    """Whether `module` is a sketch."""
    return module.origin == "bundled" and Path(module.path).is_relative_to(_FOLDER)
