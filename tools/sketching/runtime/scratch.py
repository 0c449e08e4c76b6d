"""What classes add to a model that uses them, found by making such a model and comparing it with a plain one."""

from __future__ import annotations

import itertools
from typing import Any

from django.db import models

from sketching.runtime.fields import FieldFacts, made
from sketching.runtime.trees import Tree

NAME = "zzfield"
"""Name of the field of scratch models; where it appears in other names, these are made of it."""
_numbers = itertools.count(1)


def scratch_model(attrs: dict[str, Any], bases: tuple[type, ...] = (models.Model,)) -> Any:
    """A concrete model of an application of its own."""
    body = {"__module__": "scratch.models", "Meta": type("Meta", (), {"app_label": "scratch"}), **attrs}
    return type(bases[0])(f"Scratch{next(_numbers)}", bases, body)


def contributions(cls: type, facts: FieldFacts, minimal: dict[str, Any] | None) -> dict[str, Any] | None:
    """Fields and managers, beside itself, that an object of `cls` adds to a model; None when it cannot be made.

    By name, which may hold ``%s`` for the object's own name: the call that makes the field.
    """
    found = made(cls, minimal)
    if found is None:
        return None
    plain = {field.name for field in _fields(scratch_model({}))}
    try:
        model = scratch_model({NAME: found[0]})
    except Exception:  # it needs something else of its model
        return None
    added: dict[str, Tree] = {}
    for field in _fields(model):
        if (
            field.name not in plain
            and field.name != NAME
            and not names_scratch(said := facts.say(field, model))
        ):
            added[field.name.replace(NAME, "%s")] = _templates(said)
    return added


def derived(cls: type) -> Any:
    """A concrete model with `cls` as its only base; None when there can be none."""
    try:
        return scratch_model({}, (cls,))
    except Exception:  # it needs something else of its model
        return None


def names_scratch(tree: Any) -> bool:
    """Whether a tree mentions a scratch model, so that it holds for no other."""
    if isinstance(tree, dict):
        value = tree.get("const")
        return (isinstance(value, str) and value.startswith("scratch.")) or any(
            map(names_scratch, tree.values())
        )
    return isinstance(tree, list) and any(map(names_scratch, tree))


def _fields(model: Any) -> list[Any]:
    opts = model._meta
    return [*opts.local_fields, *opts.local_many_to_many, *opts.private_fields]


def _templates(tree: Any) -> Any:
    """`tree` with the scratch field's name replaced by a place for it."""
    if isinstance(tree, dict):
        if isinstance(value := tree.get("const"), str) and NAME in value:
            return {"template": value.replace(NAME, "%s")}
        return {key: _templates(inner) for key, inner in tree.items()}
    if isinstance(tree, list):
        return [_templates(inner) for inner in tree]
    return tree
