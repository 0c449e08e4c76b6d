"""Model classes made from the graph, with Django's own migration state: no code of the project is imported.

Only the models that a query names are made in full. Others that foreign keys lead to have nothing but their key.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from djguide_analyzers.project.graph import Field, Model, ModelGraph

_DIGITS = {"max_digits": 40, "decimal_places": 2}


def prepare_django() -> None:
    """Make Django usable without a settings module, unless somebody has; to be called before anything is made."""
    from django.apps import apps
    from django.conf import settings

    if not settings.configured:
        settings.configure(USE_TZ=False)
    if not apps.ready:
        apps.populate(())


class ModelClass(NamedTuple):
    """A class made from the graph, and the fields (``app.Model.field``) that stand in it as something simpler."""

    model: Any
    replaced: frozenset[str]


_MAX_KEPT = 64
_kept: WeakKeyDictionary[ModelGraph, dict[tuple[str, frozenset[str]], ModelClass]] = WeakKeyDictionary()


def model_class(graph: ModelGraph, root: Model, words: frozenset[str]) -> ModelClass:
    """The class of `root`, with relations along `words`, the parts of the paths that a query uses.

    Classes are kept: a cursor often asks for the same one again.
    """
    kept = _kept.setdefault(graph, {})
    key = (root.label, words)
    if key not in kept:
        if len(kept) >= _MAX_KEPT:
            kept.clear()
        states = _States(graph, root, words)
        model = states.model()
        kept[key] = ModelClass(model, frozenset(states.replaced))
    return kept[key]


class _States:
    """Django classes for `root` and the models that its relations lead to along `words`, the parts of paths."""

    def __init__(self, graph: ModelGraph, root: Model, words: Iterable[str]) -> None:
        self._graph = graph
        self._words = frozenset(words)
        self._whole: dict[str, Model] = {}
        self._keys: dict[str, Model] = {}
        self.replaced: set[str] = set()
        """Fields, as ``app.Model.field``, whose class is not Django's own: they stand here as text."""
        self._include(root)
        self._root = root

    def model(self) -> Any:
        """The class of the root model."""
        from django.db.migrations.state import ProjectState

        state = ProjectState()
        for model in self._whole.values():
            state.add_model(self._state(model, whole=True))
        for model in self._keys.values():
            if model.label not in self._whole:
                state.add_model(self._state(model, whole=False))
        registry: Any = state.apps
        model = registry.get_model(self._root.app_label, self._root.name)
        # These caches are of the class, not of the registry, and would keep it alive for good.
        registry.get_models.cache_clear()
        registry.get_swappable_settings_name.cache_clear()
        return model

    def _include(self, model: Model) -> None:
        """Take `model` in, with its parents and what the words lead to from it."""
        if model.label in self._whole:
            return
        self._whole[model.label] = model
        for label in (*model.parents, *([model.proxy_for] if model.proxy_for else [])):
            self._include_label(label)
        for field in model.fields.values():
            if field.name in self._words:
                self._include_label(field.target)
                if field.kind == "m2m" and not field.through_auto:
                    self._include_label(field.through)
            elif field.is_forward_one:
                self._include_key(field.target)
        for reverse in model.reverse.values():
            if self._words & {reverse.accessor, reverse.query_name}:
                self._include_label(reverse.model)

    def _include_label(self, label: str | None) -> None:
        if (model := self._graph.get(label)) is not None:
            self._include(model)

    def _include_key(self, label: str | None) -> None:
        model = self._graph.get(label)
        if model is None or model.label in self._keys:
            return
        self._keys[model.label] = model
        key = model.fields.get(model.pk)
        if model.proxy or model.parents:
            self._include(model)
        elif key is not None and key.is_forward_one:
            self._include_key(key.target)

    def _state(self, model: Model, *, whole: bool) -> Any:
        from django.db import models
        from django.db.migrations.state import ModelState

        fields = [f for f in model.fields.values() if f.local or f.name in model.parents.values()]
        if model.proxy:
            fields = []
        if not whole:
            fields = [f for f in fields if f.primary_key]
        made = [(f.name, built) for f in fields if (built := self._field(model, f)) is not None]
        options: dict[str, Any] = {} if model.proxy else {"db_table": model.db_table}
        if model.proxy:
            options["proxy"] = True
        if whole and model.ordering_certain and all("(" not in name for name in model.ordering):
            options["ordering"] = tuple(model.ordering)
        bases = (model.proxy_for,) if model.proxy else (*model.parents, models.Model)
        return ModelState(model.app_label, model.name, made, options, bases, [])

    def _field(self, model: Model, field: Field) -> Any:
        """The field as one of Django's own; None for those without a column and those that lead nowhere known."""
        from django.db import models

        if field.kind == "column":
            return self._column(model, field)
        if field.kind == "m2m":
            return self._many(field)
        if field.kind not in ("fk", "o2o"):
            return None
        target = self._graph.get(field.target)
        if target is None or (target.label not in self._whole and target.label not in self._keys):
            self.replaced.add(f"{model.label}.{field.name}")
            return models.IntegerField(null=field.null, db_column=field.column)
        made = models.OneToOneField if field.kind == "o2o" else models.ForeignKey
        return made(
            target.label,
            on_delete=models.DO_NOTHING,
            null=field.null,
            db_column=field.column,
            to_field=field.to_field,
            primary_key=field.primary_key,
            parent_link=field.parent_link,
            **_reverse_names(field),
        )

    def _column(self, model: Model, field: Field) -> Any:
        from django.db import models

        options: dict[str, Any] = {
            "null": field.null and not field.primary_key,
            "primary_key": field.primary_key,
            "db_column": field.column,
        }
        cls = getattr(models, field.django_base or "", None)
        if not isinstance(cls, type) or not issubclass(cls, models.Field):
            self.replaced.add(f"{model.label}.{field.name}")
            return models.TextField(**options)
        if issubclass(cls, models.DecimalField):
            options |= _DIGITS
        elif field.max_length is not None:
            options["max_length"] = field.max_length
        try:
            return cls(**options)
        except (TypeError, ValueError):
            self.replaced.add(f"{model.label}.{field.name}")
            return models.TextField(**options)

    def _many(self, field: Field) -> Any:
        from django.db import models

        target, through = self._graph.get(field.target), self._graph.get(field.through)
        if target is None or through is None or target.label not in self._whole:
            return None
        if field.through_auto:
            return models.ManyToManyField(target.label, db_table=through.db_table, **_reverse_names(field))
        if through.label not in self._whole:
            return None
        return models.ManyToManyField(target.label, through=through.label, **_reverse_names(field))


def _reverse_names(field: Field) -> dict[str, Any]:
    if field.accessor is None:
        return {"related_name": "+"}
    names = {"related_name": field.related_name, "related_query_name": field.related_query_name}
    return {key: name for key, name in names.items() if name}
