"""The lookups and transforms of Django's own fields, asked of Django itself."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from djguide_analyzers.project.graph import Field

_RELATION = "ForeignKey"


def lookups_behind(field: Field, passed: tuple[str, ...] = ()) -> dict[str, bool]:
    """Names that may follow `field` and the transforms `passed` in a lookup path, and whether each is a transform.

    Empty when they are not known: for fields that are not read down to Django, and of ``contrib.postgres``.
    """
    if field.kind != "column":
        return _behind(_RELATION, passed)
    return _behind(field.django_base, passed) if field.django_base is not None else {}


def lookups_of_relations() -> dict[str, bool]:
    """Lookups that may follow any relation."""
    return _behind(_RELATION, ())


@lru_cache(maxsize=512)
def _behind(base: str, passed: tuple[str, ...]) -> dict[str, bool]:
    from django.db import models
    from django.db.models.lookups import Transform

    classes: list[Any] = [cls] if isinstance(cls := getattr(models, base, None), type) else []
    for name in passed:
        found = _lookup(classes, name)
        if found is None or not issubclass(found, Transform):
            return {}
        output = getattr(found, "output_field", None)
        classes = [found, type(output)] if isinstance(output, models.Field) else [found]
    return {
        name: issubclass(lookup, Transform)
        for cls in reversed(classes)
        for name, lookup in sorted(_registered(cls).items())
    }


def _lookup(classes: list[Any], name: str) -> Any:
    return next((found for cls in classes if (found := _registered(cls).get(name)) is not None), None)


def _registered(cls: Any) -> dict[str, Any]:
    """What is registered for a class; newer versions of Django tell classes from instances."""
    ask = getattr(cls, "get_class_lookups", None) or getattr(cls, "get_lookups", None)
    return ask() if ask is not None else {}
