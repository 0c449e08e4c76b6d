"""Field objects and field classes: what they are, found by making them."""

from __future__ import annotations

import inspect
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.db import models
from django.db.models.fields.related import ForeignObject, RelatedField

from sketching.runtime.trees import UNKNOWN, Tree, Unspeakable, call, const, ref, spoken

FLAGS = ("null", "unique", "db_index", "primary_key", "max_length")
_OTHER = {"max_length": 77}
"""A value that no field class has by default, to see whether it is taken over."""
_OTHER_RELATIONS = (
    ("to", "auth.Permission", "auth.Group"), ("on_delete", models.PROTECT, models.CASCADE), ("related_name", "zz"),
)  # fmt: skip
"""Arguments of relations with values, one of which is not the default."""
_ATTEMPTS: tuple[dict[str, Any], ...] = (
    {},
    {"to": "auth.Group"},
    {"on_delete": models.CASCADE},
    {"to": "auth.Group", "on_delete": models.CASCADE},
    {"max_length": 50},
    {"max_digits": 9, "decimal_places": 2},
    {"base_field": models.IntegerField()},
    {"choices": (("a", "A"),), "max_length": 50},
    {"populate_from": "name"},
    {"field": "name"},
)


def flag(field: Any, name: str) -> Any:
    """One of `FLAGS` as the constructor was told."""
    return getattr(field, f"_{name}", None) if name == "unique" else getattr(field, name, None)


def made(cls: type, minimal: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]] | None:
    """An object of a field class and the arguments it was made with; None when none of the attempts works."""
    for kwargs in (minimal,) if minimal is not None else _ATTEMPTS:
        try:
            return cls(**kwargs), kwargs
        except Exception:  # whatever the class thinks of these arguments
            continue
    return None


def django_class(cls: type) -> type:
    """The first class of the hierarchy that is Django's own."""
    return next(base for base in cls.__mro__ if base.__module__.partition(".")[0] == "django")


def is_field(cls: type) -> bool:
    """Whether a class is one of fields, generic foreign keys included."""
    return issubclass(cls, (models.Field, GenericForeignKey))


# --- one field of a model ---


class FieldFacts:
    """Reads fields; remembers what a class gives without arguments.

    Args:
        minimal: Arguments that a class cannot do without, by its dotted name.
    """

    def __init__(self, minimal: dict[str, dict[str, Any]]) -> None:
        self._minimal = minimal
        self._defaults: dict[type, dict[str, Any]] = {}

    def defaults(self, cls: type) -> dict[str, Any]:
        """`FLAGS` of an object of `cls` that is told nothing of them."""
        if cls not in self._defaults:
            found = made(cls, self._minimal.get(f"{cls.__module__}.{cls.__qualname__}"))
            given = found[1] if found else {}
            source = found[0] if found else None
            if source is None:
                outer = made(django_class(cls))
                source = outer[0] if outer else None
            self._defaults[cls] = {name: flag(source, name) if name not in given else None for name in FLAGS}
        return self._defaults[cls]

    def say(self, field: Any, model: type[models.Model] | None = None) -> Tree:
        """The call that makes `field`, reduced to what decides its part in the model graph."""
        cls = type(field)
        try:
            function = ref(cls)
        except Unspeakable:
            function = ref(django_class(cls))
        if isinstance(field, GenericForeignKey):
            return call(function, *_generic_key(field))
        kwargs: dict[str, Tree] = {}
        if isinstance(field, RelatedField) and field.remote_field is not None:
            kwargs = relation(field, model)
        defaults = self.defaults(cls)
        for name in FLAGS:
            value = flag(field, name)
            if value != defaults[name] and not isinstance(field, GenericRelation):
                kwargs[name] = const(value) if isinstance(value, (bool, int)) else UNKNOWN
        if getattr(field, "db_column", None):
            kwargs["db_column"] = const(field.db_column)
        if hasattr(field, "base_field"):
            kwargs["base_field"] = self.say(field.base_field)
        return call(function, **kwargs)


def _generic_key(field: GenericForeignKey) -> list[Tree]:
    names = (field.ct_field, field.fk_field)
    return [] if names == ("content_type", "object_id") else [const(name) for name in names]


def relation(field: Any, model: type[models.Model] | None) -> dict[str, Tree]:
    """What a relation was told of its other side."""
    rel = field.remote_field
    to = rel.model
    kwargs: dict[str, Tree] = {"to": target(field, model)}
    if isinstance(field, ForeignObject) and not isinstance(field, GenericRelation):
        kwargs["on_delete"] = _on_delete(rel.on_delete)
        declared = getattr(field, "to_fields", [None])[0]
        if declared not in (None, "self", _pk_name(rel.model)):
            kwargs["to_field"] = const(declared)
        if rel.parent_link:
            kwargs["parent_link"] = const(True)
    for name in ("related_name", "related_query_name"):
        # Before 4.0 a field does not keep what it was told, which formatting may have changed.
        value = getattr(field, f"_{name}", getattr(rel, name))
        if value:
            kwargs[name] = const(value)
    if field.many_to_many:
        through = rel.through
        if isinstance(through, str):
            kwargs["through"] = const(through)
        elif through is not None and not through._meta.auto_created:
            # A field that takes its target from the model needs the class; others find it by its label.
            kwargs["through"] = ref(through) if to is None else const(through._meta.label)
        if not rel.symmetrical and kwargs["to"] == const("self"):
            kwargs["symmetrical"] = const(False)
        if getattr(field, "db_table", None):
            kwargs["db_table"] = const(field.db_table)
    return kwargs


def target(field: Any, model: type[models.Model] | None) -> Tree:
    """The model a relation points to: ``"self"``, a label, or a setting that names it."""
    to = field.remote_field.model
    if to is None:
        return const(None)
    if to == "self" or (model is not None and to is model):
        return const("self")
    setting = getattr(field, "swappable_setting", None)
    if setting is not None:
        return {"setting": setting, "default": _swappable(setting)}
    return const(label(to) if not isinstance(to, str) or "." in to else to)


def label(to: Any) -> str:
    """A model's label in its own spelling."""
    if not isinstance(to, str):
        return to._meta.label
    try:
        return apps.get_model(to)._meta.label
    except (LookupError, ValueError):
        return to


def _swappable(setting: str) -> str | None:
    for model in apps.get_models(include_swapped=True):
        if model._meta.swappable == setting:
            return model._meta.label
    return None


def _pk_name(to: Any) -> str | None:
    pk = getattr(getattr(to, "_meta", None), "pk", None)
    return pk.name if pk is not None else None


def _on_delete(function: Any) -> Tree:
    function = getattr(function, "action", function)  # some packages wrap it in an object
    if function.__module__ == "django.db.models.deletion":
        if "." in function.__qualname__:  # what SET() returns
            return call({"ref": "django.db.models:SET"}, const(None))
        return {"ref": f"django.db.models:{function.__name__}"}
    try:
        return ref(function)
    except Unspeakable:
        return UNKNOWN


# --- a field class ---


def constructor(cls: type, facts: FieldFacts, minimal: dict[str, Any] | None) -> dict[str, Any]:
    """What the constructor of a field class changes against that of Django's class behind it.

    ``defaults`` are arguments it adds unless they are given, ``forced`` those it sets whatever is given, and
    ``parameters`` the names it can be given by position where they are others than Django's.
    """
    result: dict[str, Any] = {"defaults": {}, "forced": {}, "parameters": _positions(cls)}
    found = made(cls, minimal)
    if found is None:
        result["unmade"] = True
        return result
    field, given = found
    base = facts.defaults(django_class(cls))
    for name in FLAGS:
        value = flag(field, name)
        if name in given or not isinstance(value, (bool, int, type(None))):
            continue
        taken = _takes(cls, given, name, _OTHER.get(name, not value))
        if taken is False and (value != base[name] or _takes_in_django(cls, name)):
            result["forced"][name] = const(value)
        elif value != base[name]:
            result["defaults"][name] = const(value)
    if isinstance(field, RelatedField) and field.remote_field is not None:
        _relation_defaults(cls, field, given, result)
    return result


def _takes_in_django(cls: type, name: str) -> bool:
    """Whether Django's own class takes over an argument that `cls` does not."""
    outer = django_class(cls)
    found = made(outer)
    return (
        found is not None
        and _takes(outer, found[1], name, _OTHER.get(name, not flag(found[0], name))) is True
    )


def _takes(cls: type, given: dict[str, Any], name: str, value: Any) -> bool | None:
    """Whether the constructor takes over an argument; None when it refuses it."""
    try:
        return flag(cls(**{**given, name: value}), name) == value
    except Exception:  # the class may refuse it in any way it likes
        return None


def _relation_defaults(cls: type, field: Any, given: dict[str, Any], result: dict[str, Any]) -> None:
    said = relation(field, None)
    if "through" in said and "through" not in given and said["through"] != _inherited_through(cls):
        result["defaults"]["through"] = said["through"]
    for name, *others in _OTHER_RELATIONS:
        if name in given or name not in said or said[name] == const(None):
            continue
        try:
            other = next(value for value in others if spoken(value) != said[name])
            again = relation(cls(**{**given, name: other}), None)
            kept = again.get(name) == said[name]
        except Exception:  # not an argument of this class
            kept = True
        result["forced" if kept else "defaults"][name] = said[name]


def _inherited_through(cls: type) -> Tree | None:
    """The ``through`` model that the class has from the field class it derives from."""
    found = made(next(base for base in cls.__mro__[1:] if issubclass(base, models.Field)))
    return relation(found[0], None).get("through") if found is not None else None


def _positions(cls: type) -> list[str] | None:
    """Names of the constructor's positional parameters; None when they are those of Django's class."""
    own = _parameters(cls)
    outer = _parameters(django_class(cls))
    return own if own and own != outer[: len(own)] else None


def _parameters(cls: type) -> list[str]:
    try:
        parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
