"""Models of library functions: what they do with querysets and rows, one small function each.

`MODELS` maps a dotted name to ``model(frame, node, args) -> value``. Names are those of the defining module.
"""

from __future__ import annotations

from djguide_analyzers.trace.library.registry import MODELS, LibraryModel

from djguide_analyzers.trace.library import builtin_functions, containers, django_functions, standard  # isort: skip

__all__ = ["MODELS", "LibraryModel", "builtin_functions", "containers", "django_functions", "standard"]
