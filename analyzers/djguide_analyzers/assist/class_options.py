"""Lists of names in class bodies: ``Meta`` of models and forms, the admin's options, those of API classes."""

from __future__ import annotations

from djguide_analyzers.assist.paths import QUERY, End, Parts, Paths
from djguide_analyzers.assist.scene import Scene, class_value
from djguide_analyzers.assist.subjects import Domain, Item, MemberSubject, TextSubject, value_place
from djguide_analyzers.project.endpoints import describe_endpoint
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.project.serializers import describe_serializer
from djguide_analyzers.trace.decorators import decorator_names
from djguide_analyzers.trace.frameworks.admin import BASE, registered

_OWN = (End.COLUMN, Parts.NONE, "")
_ANY_OWN = (End.ANY, Parts.NONE, "")
_META: dict[str, tuple[End, Parts, str]] = {
    "ordering": (End.ANY, QUERY | Parts.LOOKUPS, "-"),
    "get_latest_by": (End.COLUMN, Parts.NONE, "-"),
    "order_with_respect_to": (End.ONE, Parts.NONE, ""),
    "unique_together": _OWN,
    "index_together": _OWN,
}
_ADMIN: dict[str, tuple[End, Parts, str]] = {
    "list_filter": (End.ANY, Parts.JOINS | Parts.REVERSE, ""),
    "search_fields": (End.ANY, QUERY | Parts.LOOKUPS, "^=@"),
    "ordering": (End.ANY, QUERY | Parts.LOOKUPS, "-"),
    "list_select_related": (End.ONE, Parts.JOINS, ""),
    "date_hierarchy": (End.COLUMN, Parts.JOINS, ""),
    "raw_id_fields": (End.RELATION, Parts.NONE, ""),
    "autocomplete_fields": (End.RELATION, Parts.NONE, ""),
    "filter_horizontal": (End.TO_MANY, Parts.NONE, ""),
    "filter_vertical": (End.TO_MANY, Parts.NONE, ""),
    "list_editable": _OWN,
    "fields": _ANY_OWN,
    "exclude": _ANY_OWN,
    "fieldsets": _ANY_OWN,
    "prepopulated_fields": _OWN,
    "radio_fields": _OWN,
}
_ADMIN_COLUMNS = frozenset({"list_display", "list_display_links", "readonly_fields"})
_VIEW: dict[str, tuple[End, Parts, str]] = {
    "ordering_fields": (End.ANY, QUERY, ""),
    "ordering": (End.ANY, QUERY, "-"),
    "filterset_fields": (End.ANY, QUERY, ""),
    "filter_fields": (End.ANY, QUERY, ""),
    "search_fields": (End.ANY, QUERY, "^=@$"),
    "lookup_field": (End.ANY, QUERY, ""),
    "fields": _ANY_OWN,
    "slug_field": (End.ANY, QUERY, ""),
}
_GENERIC_VIEW = "django.views.generic.base.View"
_FORM = "django.forms.models.BaseModelForm"
_FORM_META = frozenset(
    {"fields", "exclude", "widgets", "labels", "help_texts", "error_messages", "field_classes"}
)
_SERIALIZER_META = frozenset({"fields", "exclude", "read_only_fields", "extra_kwargs"})
_FILTERSET = "django_filters."


def option_domain(scene: Scene) -> Domain | None:
    """What a text in an option of the class around the place may be; None when nothing is known."""
    target, cls = scene.spot.target, scene.cls
    if target is None or cls is None or not scene.in_class_body:
        return None
    if cls.name == "Meta" and cls.owner is not None:
        return _of_meta(scene, cls.owner, cls, target)
    resolver = scene.project.resolver
    if resolver.is_subclass(cls, BASE):
        return _of_admin(scene, cls, target)
    if target in _VIEW:
        model = _model_of_view(scene, cls)
        return _paths(scene, model, _VIEW[target]) if model is not None else None
    return None


def meta_condition(scene: Scene) -> Domain | None:
    """Names of keyword arguments of a ``Q`` in a model's constraints and indexes, which cannot cross relations."""
    cls, brackets = scene.cls, scene.spot.brackets
    if (
        cls is None
        or cls.name != "Meta"
        or cls.owner is None
        or scene.spot.target not in ("constraints", "indexes")
    ):
        return None
    model = _declared(scene, cls.owner)
    if (
        model is None
        or brackets[-1].name != "Q"
        or scene.text[brackets[-1].element : scene.spot.word].strip()
    ):
        return None
    return Paths(scene.project.graph, model, End.COLUMN, Parts.ATTNAMES | Parts.LOOKUPS)


def _of_meta(scene: Scene, owner: ClassInfo, meta: ClassInfo, target: str) -> Domain | None:
    serializer = describe_serializer(scene.project, owner)
    if serializer is not None:
        return _of_serializer(scene, owner, serializer.model, target)
    model = _declared(scene, owner)
    if model is not None:
        if target in ("indexes", "constraints"):
            return _of_index(scene, model)
        return _paths(scene, model, _META[target]) if target in _META else None
    bases = scene.project.resolver.mro(owner)
    model = scene.model_of(class_value(scene, meta, "model"))
    if model is None:
        return None
    if scene.project.resolver.is_subclass(owner, _FORM):
        return _paths(scene, model, _ANY_OWN) if target in _FORM_META and _is_name(scene) else None
    if any(base.dotted.startswith(_FILTERSET) for base in bases):
        return _paths(scene, model, (End.ANY, QUERY, "")) if target in ("fields", "exclude") else None
    return None


def _of_index(scene: Scene, model: Model) -> Domain | None:
    """``Index(fields=[…])``, and expressions such as ``F("…")``."""
    call = next((each for each in reversed(scene.spot.brackets) if each.kind == "(" and each.name), None)
    if call is None:
        return None
    if call.name in ("F", "Lower", "Upper", "OrderBy") and call.keyword is None:
        return Paths(scene.project.graph, model, End.COLUMN, Parts.ATTNAMES)
    if call.keyword in ("fields", "include"):
        return Paths(
            scene.project.graph, model, End.COLUMN, Parts.NONE, (), "-" if call.keyword == "fields" else ""
        )
    return None


def _of_serializer(scene: Scene, owner: ClassInfo, model: Model | None, target: str) -> Domain | None:
    """A serializer's lists: its model's fields and reverse relations, its own fields, and members of the model."""
    if model is None or target not in _SERIALIZER_META or not _is_name(scene):
        return None
    serializer = describe_serializer(scene.project, owner)
    declared = serializer.declared if serializer is not None else {}
    extra = (*_fields_declared(scene, owner, tuple(declared)), *_members(scene, model))
    parts = Parts.REVERSE | Parts.ACCESSORS
    return Paths(scene.project.graph, model, End.ANY, parts, extra)


def _of_admin(scene: Scene, cls: ClassInfo, target: str) -> Domain | None:
    model = _model_of_admin(scene, cls)
    if model is None:
        return None
    if target in _ADMIN_COLUMNS:
        extra = (*_methods(scene, cls), *_members(scene, model))
        return Paths(scene.project.graph, model, End.COLUMN, Parts.NONE, extra)
    if target == "fieldsets":
        inner = next((each for each in reversed(scene.spot.brackets) if each.kind == "{"), None)
        return _paths(scene, model, _ANY_OWN) if inner is not None and inner.key == "fields" else None
    if target in ("prepopulated_fields", "radio_fields") and not _is_name(scene) and target == "radio_fields":
        return None
    return _paths(scene, model, _ADMIN[target]) if target in _ADMIN else None


def _model_of_admin(scene: Scene, cls: ClassInfo) -> Model | None:
    models = registered(scene.project).get(cls, [])
    if len(models) == 1:
        return models[0]
    return scene.model_of(class_value(scene, cls, "model"))


def _model_of_view(scene: Scene, cls: ClassInfo) -> Model | None:
    """The model of a generic or API view: of its queryset, its ``model``, or its serializer."""
    endpoint = describe_endpoint(scene.project, cls)
    if endpoint is None and not scene.project.resolver.is_subclass(cls, _GENERIC_VIEW):
        return None
    for name in ("queryset", "model"):
        if (model := scene.model_of(class_value(scene, cls, name))) is not None:
            return model
    value = class_value(scene, cls, "serializer_class")
    symbol = scene.project.resolver.expr(value.code, value.expr) if value and value.expr else None
    serializer = describe_serializer(scene.project, symbol) if isinstance(symbol, ClassInfo) else None
    return serializer.model if serializer is not None else None


def _declared(scene: Scene, owner: ClassInfo) -> Model | None:
    graph = scene.project.graph
    return graph.of_class(owner) or graph.abstract_models.get(owner)


def _paths(scene: Scene, model: Model, shape: tuple[End, Parts, str]) -> Paths:
    end, parts, marks = shape
    return Paths(scene.project.graph, model, end, parts, (), marks)


def _is_name(scene: Scene) -> bool:
    """Whether the place is in the list itself, or a key of the mapping: not in what the mapping holds."""
    return not any(bracket.value for bracket in scene.spot.brackets)


def _methods(scene: Scene, cls: ClassInfo) -> list[Item]:
    """Methods of the class body that take one object."""
    return [
        Item(info.name, MemberSubject(info), f"method of {cls.name}")
        for info in cls.methods()
        if len(info.node.params.items) == 2 and not info.name.startswith("_")
    ]


def _members(scene: Scene, model: Model) -> list[Item]:
    """Properties, and methods without arguments, of the model's own class."""
    found = [Item(info.name, MemberSubject(info), f"of {model.name}") for info in model.cls.methods()]
    return [item for item in found if _is_readable(scene, item.subject)]


def _is_readable(scene: Scene, subject: object) -> bool:
    info = subject.function if isinstance(subject, MemberSubject) else None
    if not isinstance(info, FunctionInfo) or (info.name.startswith("_") and info.name != "__str__"):
        return False
    if any(name.endswith(("staticmethod", "classmethod")) for name in decorator_names(scene.project, info)):
        return False
    required = [p for p in info.node.params.items if p.default is None and p.kind in ("pos", "any", "kw")]
    return len(required) == 1


def _fields_declared(scene: Scene, owner: ClassInfo, found: tuple[str, ...]) -> list[Item]:
    """The serializer's own fields, by their names."""
    items: list[Item] = []
    for name in found:
        value = class_value(scene, owner, name)
        places = (value_place(value),) if value is not None else ()
        items.append(Item(name, TextSubject("serializer field", name, "declared", places), "declared"))
    return items
