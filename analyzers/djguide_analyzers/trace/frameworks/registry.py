"""The table of library models."""

from __future__ import annotations

from collections.abc import Callable

from djguide_analyzers.facts import ir
from djguide_analyzers.trace.arguments import Arguments
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.values import AbstractValue

LibraryModel = Callable[[Frame, ir.Call, Arguments], AbstractValue]

MODELS: dict[str, LibraryModel] = {}


def models(*dotted: str) -> Callable[[LibraryModel], LibraryModel]:
    """Register a function as the model of the library functions called `dotted`."""

    def register(function: LibraryModel) -> LibraryModel:
        for name in dotted:
            MODELS[name] = function
        return function

    return register
