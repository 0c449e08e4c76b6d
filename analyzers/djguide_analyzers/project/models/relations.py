"""Linking fields to the models they point to, and the other way round."""

from __future__ import annotations

from typing import Any

from djguide_analyzers.project.graph import Field, Model, ModelGraph, Reverse
from djguide_analyzers.project.models.apps import AppTable
from djguide_analyzers.project.models.drafts import Draft, FieldDraft
from djguide_analyzers.project.models.evaluation.values import UNKNOWN, ModelRef, Unknown, is_told
from djguide_analyzers.project.models.fields import FieldReader
from djguide_analyzers.project.modules import ClassInfo
from djguide_analyzers.project.resolve import External


class Labels:
    """From what a relation names to a model's label."""

    def __init__(self, graph: ModelGraph, apps: AppTable, drafts: dict[ClassInfo, Draft | None]) -> None:
        self._graph = graph
        self._apps = apps
        self._drafts = drafts
        self._lower: dict[str, str] = {}

    def index(self) -> None:
        """Learn the labels of the graph's models."""
        self._lower = {label.lower(): label for label in self._graph.models}

    def knows(self, label: str) -> bool:
        """Whether there is a model of that label."""
        return label.lower() in self._lower

    def of(self, value: Any, scope: Draft) -> str | None:
        """Label of the model that `value` means in a relation of `scope`; None when it is not known."""
        if isinstance(value, ClassInfo):
            draft = self._drafts.get(value)
            return draft.label if draft is not None and not draft.abstract else None
        if isinstance(value, ModelRef):
            value = value.label
        if isinstance(value, str):
            if value == "self":
                return scope.label
            label = value if "." in value else f"{scope.app_label}.{value}"
            return self._lower.get(label.lower(), label)
        if isinstance(value, External):
            return self._of_unreadable(value.dotted)
        return None

    def _of_unreadable(self, dotted: str) -> str | None:
        """Label of a class that cannot be read, when it stands in the models of an application."""
        module, _, name = dotted.rpartition(".")
        app = self._apps.containing(module)
        if app is None or not module.startswith(f"{app.name}.models"):
            return None
        return f"{app.label}.{name}"


class Linker:
    """Fills in the relation attributes of fields."""

    def __init__(self, fields: FieldReader, labels: Labels) -> None:
        self._fields = fields
        self._labels = labels

    def link(self, field: Field, source: FieldDraft, draft: Draft) -> None:
        """Target, names and through model of a relation that belongs to `draft`'s own table."""
        value = source.instance
        target = self._fields.remote(value, "model")
        field.target = self._labels.of(target, draft)
        if field.target is None:
            field.doubts.setdefault("target", "the model it points to could not be determined")
        elif "" not in field.doubts and not draft.abstract and not self._labels.knows(field.target):
            field.doubts.setdefault("target", f"no model {field.target} was found")
        if field.kind == "generic":
            self._link_generic(field, source, draft)
            return
        if field.kind == "m2m":
            self._link_through(field, source, draft)
        related_name = self._related_name(source, draft)
        query_name = self._fields.remote(value, "related_query_name")
        if "default_related_name" in draft.doubts and not self._fields.remote(value, "related_name"):
            for name in ("related_name", "accessor", "related_query_name"):
                field.doubts.setdefault(name, draft.doubts["default_related_name"])
        if not isinstance(related_name, str | None):
            _leave_unnamed(field, "related_name", "accessor", "related_query_name")
            return
        if not is_told(query_name):
            _leave_unnamed(field, "related_query_name")
        if field.kind == "m2m" and not is_told(self._fields.remote(value, "symmetrical")):
            _leave_unnamed(field, "symmetrical", "accessor")
        symmetrical = field.kind == "m2m" and self._symmetrical(value, target, draft)
        field.symmetrical = symmetrical
        if symmetrical:
            related_name = f"{field.name}_rel_+"
        hidden = bool(related_name) and str(related_name).endswith("+")
        if hidden and field.kind == "m2m" and not symmetrical:
            related_name = f"_{draft.app_label}_{draft.name.lower()}_{field.name}_+"
        field.related_name = related_name
        if not hidden:
            suffix = "" if field.kind == "o2o" else "_set"
            field.accessor = related_name or f"{draft.name.lower()}{suffix}"
        if is_told(query_name):
            query = _interpolated(query_name, draft) if isinstance(query_name, str) and query_name else None
            field.related_query_name = query or related_name or draft.name.lower()

    def _link_generic(self, field: Field, source: FieldDraft, draft: Draft) -> None:
        query_name = self._fields.remote(source.instance, "related_query_name")
        if isinstance(query_name, str) and query_name:
            field.related_query_name = _interpolated(query_name, draft)
        if not is_told(query_name):
            _leave_unnamed(field, "related_query_name")

    def _related_name(self, source: FieldDraft, draft: Draft) -> str | Unknown | None:
        name = self._fields.remote(source.instance, "related_name")
        if not name:
            name = draft.options.get("default_related_name")
        if not is_told(name):
            return UNKNOWN
        return _interpolated(name, draft) if isinstance(name, str) and name else None

    def _symmetrical(self, value: Any, target: Any, draft: Draft) -> bool:
        flag = self._fields.remote(value, "symmetrical")
        if flag is None:
            flag = target == "self"
        return flag is True and (
            target in ("self", draft.name) if isinstance(target, str) else target is draft.cls
        )

    def _link_through(self, field: Field, source: FieldDraft, draft: Draft) -> None:
        through = self._fields.remote(source.instance, "through")
        if through is None:
            field.through, field.through_auto = f"{draft.label}_{field.name}", True
        else:
            field.through = self._labels.of(through, draft)
            if field.through is None:
                field.doubts.setdefault("through", "the through model could not be determined")


def _leave_unnamed(field: Field, decisive: str, *others: str) -> None:
    """The argument called `decisive` is not known, so neither is what follows from it."""
    for name in (decisive, *others):
        field.doubts.setdefault(name, f"the value of {decisive} could not be evaluated")


def _interpolated(text: str, draft: Draft) -> str:
    names = {
        "class": draft.name.lower(),
        "model_name": draft.name.lower(),
        "app_label": draft.app_label.lower(),
    }
    try:
        return text % names
    except (KeyError, TypeError, ValueError):
        return text


def reverse_of(model: Model, field: Field) -> Reverse | None:
    """The attribute that `field` of `model` gives its target; None when it gives none."""
    if field.kind == "generic" and field.related_query_name and field.target:
        return Reverse(field.related_query_name, field.related_query_name, model.label, field, "generic")
    if field.kind in ("fk", "o2o", "m2m") and field.accessor and field.target:
        return Reverse(
            field.accessor,
            field.related_query_name or model.name.lower(),
            model.label,
            field,
            field.kind,  # type: ignore[arg-type]
        )
    return None


def link_reverse(graph: ModelGraph, drafts: list[Draft], by_label: dict[str, Draft]) -> None:
    """Enter the reverse accessors of every model, those inherited from parents included."""
    trees: dict[str, list[tuple[Reverse, bool]]] = {}
    for draft in drafts:
        model = graph.models[draft.label]
        for field in model.fields.values() if model.installed else ():
            reverse = reverse_of(model, field) if field.local or field.kind == "generic" else None
            target = by_label.get(str(field.target).lower())
            if reverse is not None and target is not None:
                reverse.certain = field.sure("target", "accessor") and model.sure("installed")
                trees.setdefault(target.concrete.label, []).append((reverse, field.parent_link))
    for draft in drafts:
        model = graph.models[draft.label]
        for reverse in _reverse_of(draft, draft.concrete, trees):
            if reverse.kind == "generic":
                model.generic_reverse.append(reverse)
            elif _prevails(reverse, model.reverse.get(reverse.accessor)):
                model.reverse[reverse.accessor] = reverse


def _prevails(reverse: Reverse, other: Reverse | None) -> bool:
    """Whether a model has `reverse` rather than the `other` of its name: the first one that is certain."""
    return other is None or (reverse.certain and not other.certain)


def _reverse_of(draft: Draft, concrete: Draft, trees: dict[str, list[tuple[Reverse, bool]]]) -> list[Reverse]:
    """What relations give a model; the link of a sibling to a common parent is none of its own."""
    rows: list[Reverse] = []
    for parent in draft.parents:
        rows += _reverse_of(parent, concrete, trees)
    for reverse, parent_link in trees.get(draft.label, ()) if not draft.proxy else ():
        if not parent_link or draft is concrete:
            rows.append(reverse)
    return rows
