"""Names that mean something by themselves: models, fields where they are declared or read, tasks, URL names."""

from __future__ import annotations

from djguide_analyzers.assist.scene import Scene
from djguide_analyzers.assist.subjects import (
    FieldSubject,
    Item,
    MemberSubject,
    ModelSubject,
    ReverseSubject,
    Subject,
)
from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.rules.celery_tasks import task_of
from djguide_analyzers.source.positions import Position
from djguide_analyzers.trace.values import Row

_PATHS = frozenset({"path", "re_path", "url"})


def named(scene: Scene, word: str) -> Subject | None:
    """What `word`, which ends at the place of `scene`, means; None for all that has nothing to do with Django."""
    if scene.spot.dot is None:
        return _declared_field(scene, word) or _symbol(scene, word)
    return (_symbol(scene, f"{scene.spot.dot}.{word}") if scene.spot.dot else None) or _attribute(scene, word)


def declared_url(scene: Scene, urls: tuple[Item, ...]) -> Subject | None:
    """The URL name that ``path(…, name="…")`` around the place gives."""
    brackets, text = scene.spot.brackets, scene.spot.text
    if text is None or not brackets or brackets[-1].name not in _PATHS or brackets[-1].keyword != "name":
        return None
    start = scene.index.position(text.start - len(text.opening))
    for item in urls:
        for place in getattr(item.subject, "places", ()):
            if place.path == scene.module.path and place.range.start == start:
                return item.subject
    return None


def _symbol(scene: Scene, dotted: str) -> Subject | None:
    symbol = scene.symbol(dotted)
    if isinstance(symbol, ClassInfo):
        model = scene.project.graph.of_class(symbol)
        return ModelSubject(model) if model is not None else None
    if isinstance(symbol, FunctionInfo) and task_of(scene.project.resolver, symbol) is not None:
        return MemberSubject(symbol)
    return None


def _declared_field(scene: Scene, word: str) -> Subject | None:
    """``author = ForeignKey(…)`` in the body of a model: the place is on its name."""
    cls = scene.cls if scene.in_class_body else None
    if cls is None or scene.spot.brackets or scene.text[scene.spot.statement : scene.spot.word].strip():
        return None
    graph = scene.project.graph
    model = graph.of_class(cls) or graph.abstract_models.get(cls)
    field = model.fields.get(word) if model is not None else None
    return (
        FieldSubject(model, field) if model is not None and field is not None and field.owner is cls else None
    )


def _attribute(scene: Scene, word: str) -> Subject | None:
    """``book.author``, where the trace knows what kind of row `book` is."""
    if scene.traced is None:
        return None
    end = scene.traced.position(Position(*scene.index.position(scene.spot.word + len(word))))
    for code, node in scene.traced.nodes():
        if isinstance(node, ir.Attr) and node.name == word and code.range(node).end == end:
            value = scene.traced.trace.value(code, node.value)
            model = scene.project.graph.get(value.model) if isinstance(value, Row) else None
            return _of_model(model, word) if model is not None else None
    return None


def _of_model(model: Model, name: str) -> Subject | None:
    field = model.fields.get(name) or model.field_of_attname(name)
    if field is not None:
        return FieldSubject(model, field)
    reverse = model.reverse.get(name)
    return ReverseSubject(model, reverse) if reverse is not None else None
