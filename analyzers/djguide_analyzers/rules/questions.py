"""How questions that are put to files are called, so that what rests on their answers can be kept."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any


def question_name(question: Callable[..., Any]) -> str:
    """The name by which a question is found again, in another process as well."""
    return f"{question.__module__}:{question.__qualname__}"


@cache
def question_called(name: str) -> Any:
    """The question of that name; None when there is none any more."""
    module, _, function = name.partition(":")
    try:
        return getattr(importlib.import_module(module), function, None)
    except ImportError:
        return None
