"""Models of library functions: what they do with querysets and rows, one small function each.

`MODELS` maps a dotted name to ``model(frame, node, args) -> value``. Names are those of the defining module;
methods get their receiver as first argument.
"""

from __future__ import annotations

from djguide_analyzers.trace.frameworks import (
    admin,
    builtin_functions,
    containers,
    django_functions,
    django_rendering,
    django_views,
    form_data,
    forms,
    rest_framework,
    saving,
    standard,
)
from djguide_analyzers.trace.frameworks.registry import MODELS, LibraryModel

__all__ = [
    "MODELS",
    "LibraryModel",
    "admin",
    "builtin_functions",
    "containers",
    "django_functions",
    "django_rendering",
    "django_views",
    "form_data",
    "forms",
    "rest_framework",
    "saving",
    "standard",
]
