"""Sketches of well-known packages, for projects whose packages are not installed beside them.

A sketch says, as a few lines of Python, what a package's model and field classes add to the model graph; it
is read like any other source and never imported (hence a suffix of their own). It stands in only for packages that
cannot be found, and what comes from one is marked as not certain, since versions differ.

Those in ``generated`` are written by ``tools/sketch_packages.py`` from what the packages say of themselves when
they run; those in ``handwritten`` say in our own words what no list of facts can, such as models a field makes.
Those in ``series`` are for projects that ask for other versions of a package than the one in ``generated``.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.python import python_facts
from djguide_analyzers.project.modules import Binding, Code, ImportedModule, Module, SymbolTable, Value
from djguide_analyzers.project.versions import VersionRange

_FOLDER = Path(__file__).parent
FOLDERS = (_FOLDER / "handwritten", _FOLDER / "generated")
SERIES = _FOLDER / "series"
SUFFIX = ".sketch"


class Series(NamedTuple):
    """Versions of a distribution that have sketches of their own: `name` is their folder below `SERIES`."""

    name: str
    distribution: str
    versions: str


OTHER_SERIES = {
    "cms": [Series("django-cms-3", "django-cms", "<4")],
    "oauth2_provider": [
        Series("django-oauth-toolkit-1", "django-oauth-toolkit", "<2"),
        Series("django-oauth-toolkit-3", "django-oauth-toolkit", ">=3"),
    ],
    "wagtail": [
        Series("wagtail-2", "wagtail", "<3"),
        Series("wagtail-6", "wagtail", ">=5,<7"),
    ],
}
"""Series of versions by the package they bring."""
ALWAYS = frozenset(
    f"modeltranslation.{name}" for name in ("apps", "decorators", "fields", "translator")
)
"""Modules that are read as sketched even where the package is installed: what they do to models, they do in ways
that reading them does not tell."""
UNKNOWN = "unknown"
"""A name that no sketch binds: stands for a value that cannot be said."""


class _Names(dict[str, list[Binding]]):
    """Names of a sketch; any other is taken for something that the package has and the sketch leaves out."""

    def __init__(self, names: dict[str, list[Binding]], module: Module) -> None:
        super().__init__(names)
        self._module = module

    def get(self, name: str, default: list[Binding] | None = None) -> list[Binding] | None:  # type: ignore[override]
        found = super().get(name)
        if found is None and not (hasattr(builtins, name) or name.startswith("__") or name == UNKNOWN):
            return [ImportedModule(f"{self._module.name}.{name}", _nowhere(self._module), 0)]
        return default if found is None else found


class _Sketch(Module):
    """A sketch as a module: names that it does not bind mean what they would in a package that cannot be read."""

    @cached_property
    def symbols(self) -> SymbolTable:
        table = Module.symbols.func(self)  # type: ignore[attr-defined]
        listed = ir.Display(
            0, "list", [ir.Const(0, name) for name in table.names if not name.startswith("_")]
        )
        table.names = _Names(table.names, self)
        table.add("__all__", Value(listed, _nowhere(self), 0))  # ``import *`` brings nothing that is not said
        return table


def _nowhere(module: Module) -> Code:
    return Code(module, ir.Chunk(0, 1, [], b"", []))


@cache
def _packages() -> frozenset[str]:
    """Top-level packages with a sketch."""
    return frozenset(
        entry.name.removesuffix(SUFFIX) for folder in FOLDERS if folder.is_dir() for entry in folder.iterdir()
    )


@cache
def _facts(path: Path) -> ir.PyFacts:
    return python_facts(path.read_text("utf-8"))


class Sketches:
    """The sketches that suit one project.

    Args:
        version: The versions of a distribution that the project may run on, by the distribution's name.
    """

    def __init__(self, version: Callable[[str], VersionRange | None]) -> None:
        self._version = version
        self._folders: dict[str, tuple[Path, ...]] = {}

    def find(self, dotted: str) -> Module | None:
        """As `find_sketch`, with the sketches of the series that the project asks for preferred."""
        package = dotted.partition(".")[0]
        if package not in self._folders:
            suiting = (series for series in OTHER_SERIES.get(package, ()) if self._suits(series))
            self._folders[package] = (*(SERIES / series.name for series in suiting), *FOLDERS)
        return find_sketch(dotted, self._folders[package])

    def _suits(self, series: Series) -> bool:
        stated = self._version(series.distribution)
        return stated is not None and stated.within(series.versions) is True


def find_sketch(dotted: str, folders: tuple[Path, ...] = FOLDERS) -> Module | None:
    """The sketch of the module called `dotted` in the first of `folders` that has it, None when there is none.

    A package of which only modules are sketched is an empty module.
    """
    parts = dotted.split(".")
    if parts[0] not in _packages() or not all(part.isidentifier() for part in parts):
        return None
    is_package = False
    for folder in folders:
        place = folder.joinpath(*parts)
        for path in (place / f"__init__{SUFFIX}", place.with_name(place.name + SUFFIX)):
            if path.is_file():
                return _Sketch(dotted, path.with_suffix(".py").as_posix(), _facts(path), "bundled")
        is_package = is_package or place.is_dir()
    if not is_package:
        return None
    return _Sketch(
        dotted, FOLDERS[0].joinpath(*parts, "__init__.py").as_posix(), ir.PyFacts([], [], []), "bundled"
    )


def is_sketch(module: Module) -> bool:
    """Whether `module` is a sketch."""
    return isinstance(module, _Sketch)
