"""Run-time objects as plain trees that JSON can carry and the emitter can write as Python.

A tree is one of ``{"const": scalar}``, ``{"list": [...]}``, ``{"tuple": [...]}``, ``{"ref": "module:Name"}``,
``{"call": tree, "args": [...], "kwargs": {...}}``, ``{"attr": tree, "name": str}``, ``{"setting": name, "default":
label}``, ``{"template": "text with %s"}`` (``%s`` being the field's own name) and ``{"unknown": True}``.
"""

from __future__ import annotations

import sys
from typing import Any

from django.db import models
from django.db.models import Deferrable
from django.utils.functional import Promise

Tree = dict[str, Any]

UNKNOWN: Tree = {"unknown": True}


class Unspeakable(Exception):
    """An object that no tree can say."""


def importable(cls: type) -> bool:
    """Whether a class can be imported by its own name from its own module."""
    return getattr(sys.modules.get(cls.__module__), cls.__qualname__, None) is cls


def const(value: Any) -> Tree:
    """A scalar as a tree."""
    return {"const": value}


def ref(thing: Any) -> Tree:
    """A class or function by the place it can be imported from.

    Raises:
        Unspeakable: it can be imported from nowhere, such as a class made inside a function.
    """
    name = getattr(thing, "__qualname__", "")
    module = getattr(thing, "__module__", None)
    if not name or module is None:
        raise Unspeakable(repr(thing))
    if module.partition(".")[0] == "django" and getattr(models, name, None) is thing:
        return {"ref": f"django.db.models:{name}"}
    if getattr(sys.modules.get(module), name, None) is not thing:
        raise Unspeakable(f"{module}.{name}")
    return {"ref": f"{module}:{name}"}


def tree(value: Any) -> Tree:
    """Any value of a definition as a tree.

    Raises:
        Unspeakable: there is no tree for it.
    """
    if isinstance(value, Promise):
        return const(str(value))
    if isinstance(value, (str, bool, int, float, type(None))):
        return const(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value) if isinstance(value, (set, frozenset)) else value
        return {"list" if isinstance(value, list) else "tuple": [tree(item) for item in items]}
    if isinstance(value, type) or (callable(value) and hasattr(value, "__qualname__")):
        return ref(value)
    if isinstance(value, Deferrable) or not hasattr(value, "deconstruct"):
        raise Unspeakable(repr(value))
    parts = value.deconstruct()
    args, kwargs = parts[-2], parts[-1]
    return {
        "call": ref(type(value)),
        "args": [tree(item) for item in args],
        "kwargs": {key: tree(item) for key, item in kwargs.items()},
    }


def spoken(value: Any) -> Tree:
    """`tree`, or the unknown one."""
    try:
        return tree(value)
    except Unspeakable:
        return UNKNOWN


def call(function: Tree, *args: Tree, **kwargs: Tree) -> Tree:
    """A call as a tree."""
    return {"call": function, "args": list(args), "kwargs": kwargs}
