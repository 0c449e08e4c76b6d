"""Which files import a module, or name it in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import FunctionInfo, Module
from djguide_analyzers.rules.bodies import functions_of
from djguide_analyzers.rules.context import FileContext

_NAME_AT_END = re.compile(r"[\w.]+\Z")


def importing(file: FileContext, name: str) -> list[str]:
    """Paths of the files that import the module called `name`, or a name from it, test code left out."""
    return file.everywhere_about(f"import {name}", names_in)


def importing_below(file: FileContext, name: str) -> list[str]:
    """Paths of the files with ``import name.something``."""
    return file.everywhere_about(f"import below {name}", names_in)


def saying(file: FileContext, text: str) -> list[str]:
    """Paths of the files that have just this text in their code."""
    return file.everywhere_about(f"text {text}", names_in)


def saying_below(file: FileContext, name: str) -> list[str]:
    """Paths of the files with a text that names something in the module called `name`."""
    return file.everywhere_about(f"text below {name}", names_in)


def saying_at_end(file: FileContext, name: str) -> list[str]:
    """Paths of the files with a text that ends in a dot and `name`."""
    return file.everywhere_about(f"text ending {name}", names_in)


def names_in(file: FileContext) -> dict[str, list[str]]:
    """What code of `file` imports, anywhere in it, and its texts that may name a module."""
    blocks = [chunk.outline for chunk in file.module.facts.chunks]
    found = set(_names(file.module, blocks)).union(*file.of_functions(_names_of))
    return {name: [file.path] for name in sorted(found)}


def _names_of(file: FileContext, info: FunctionInfo) -> frozenset[str]:
    return frozenset(_names(file.module, [function.statements for function in functions_of(info)]))


def _names(module: Module, blocks: list[list[ir.Stmt]]) -> Iterator[str]:
    for block in blocks:
        for node in walk(block):
            if isinstance(node, ir.Import):
                for alias in node.names:
                    yield f"import {alias.name}"
                    yield from (f"import below {name}" for name in _above(alias.name))
            elif isinstance(node, ir.ImportFrom):
                source = module.absolute(node.module, node.level)
                if source is not None:
                    yield f"import {source}"
                    yield from (f"import {source}.{alias.name}" for alias in node.names)
            elif isinstance(node, ir.Const) and isinstance(node.value, str):
                yield from _named(node.value)


def _named(text: str) -> Iterator[str]:
    if text.replace(".", "").isidentifier():
        yield f"text {text}"
        yield from (f"text below {name}" for name in _above(text))
    if "." in text and (found := _NAME_AT_END.search(text)) is not None:
        parts = found.group().split(".")
        yield from (f"text ending {'.'.join(parts[start:])}" for start in range(1, len(parts)))


def _above(name: str) -> Iterator[str]:
    """The names of the packages that `name` lies in."""
    while name := name.rpartition(".")[0]:
        yield name
