"""What the body of a model class declares: its fields and the options of its ``Meta``."""

from __future__ import annotations

from typing import Any

from django.db import models

from sketching.runtime.fields import FLAGS, flag
from sketching.runtime.trees import UNKNOWN, Tree, Unspeakable, call, const, importable, ref, spoken, tree

OPTIONS = (
    "app_label", "managed", "proxy", "swappable", "db_table", "ordering", "unique_together", "index_together",
    "get_latest_by", "order_with_respect_to", "default_related_name", "base_manager_name", "default_manager_name",
)  # fmt: skip


def from_queryset(cls: type) -> Tree | None:
    """``Base.from_queryset(QuerySet)`` for the class that it made."""
    queryset = getattr(cls, "_queryset_class", None)
    base = cls.__bases__[0]
    try:
        outer = ref(base) if importable(base) else from_queryset(base)
        return outer and call({"attr": outer, "name": "from_queryset"}, ref(queryset))
    except Unspeakable:
        return None


def all_fields(cls: Any) -> list[Any]:
    """Fields of a model or abstract class that are its own or copied from abstract ones."""
    opts = cls._meta
    return [*opts.local_fields, *opts.local_many_to_many, *opts.private_fields]


def is_abstract(cls: Any) -> bool:
    """Whether a class is an abstract model."""
    return issubclass(cls, models.Model) and hasattr(cls, "_meta") and cls._meta.abstract


def own_fields(cls: Any) -> list[Any]:
    """Fields that the body of a model declares, in its order: neither inherited ones nor automatic ones."""
    inherited: dict[str, list[Any]] = {}
    for base in cls.__mro__[1:]:
        if issubclass(base, models.Model) and hasattr(base, "_meta"):
            for field in all_fields(base):
                inherited.setdefault(field.name, []).append(_mark(field))
    return [
        field
        for field in all_fields(cls)
        if (cls._meta.abstract or not getattr(field, "auto_created", False))
        and _mark(field) not in inherited.get(field.name, ())
    ]


def _mark(field: Any) -> Any:
    """What a field and its copies in other classes have in common, unless somebody changes a copy."""
    flags = [flag(field, name) for name in FLAGS if name != "primary_key"]  # which Django gives a parent link
    return (type(field), getattr(field, "creation_counter", None), *flags)


def removed_fields(cls: Any) -> dict[str, Tree]:
    """Inherited fields that the body of a model sets to None."""
    own = (
        {field.name for field in cls._meta.get_fields(include_hidden=True)}
        if not cls._meta.abstract
        else set()
    )
    names: dict[str, Tree] = {}
    for base in cls.__mro__[1:]:
        if issubclass(base, models.Model) and hasattr(base, "_meta") and base._meta.abstract:
            for field in base._meta.local_fields:
                if field.name in vars(cls) and vars(cls)[field.name] is None and field.name not in own:
                    names[field.name] = const(None)
    return names


def meta(cls: Any) -> dict[str, Tree]:
    """The options that a model's ``Meta`` sets, those inherited from another ``Meta`` included."""
    declared = cls._meta.original_attrs
    options: dict[str, Tree] = {}
    for name in OPTIONS:
        given = name in declared and declared[name] not in (None, (), [], set(), "")
        if given or (name == "ordering" and name in declared):
            options[name] = spoken(declared[name])
    for name in ("indexes", "constraints"):
        if declared.get(name):
            options[name] = {"list": [_rule(item) for item in declared[name]]}
    return options


def _rule(item: Any) -> Tree:
    """An index or constraint: its columns, its name, and whether it has a condition."""
    _, args, kwargs = item.deconstruct()
    kept: dict[str, Tree] = {}
    for name in ("fields", "include"):
        if kwargs.get(name):
            kept[name] = {"list": [const(str(part)) for part in kwargs[name]]}
    if kwargs.get("condition") is not None or "check" in kwargs:
        kept["condition"] = call({"ref": "django.db.models:Q"})
    if kwargs.get("name"):
        kept["name"] = const(kwargs["name"])
    try:
        return call(ref(type(item)), *[tree(arg) for arg in args], **kept)
    except Unspeakable:
        return UNKNOWN
