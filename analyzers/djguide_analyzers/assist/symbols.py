"""What a project declares for Django: models with their fields, URL names, tasks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from djguide_analyzers.assist.paths import describe_field
from djguide_analyzers.assist.subjects import Item, TextSubject, class_place, definition_place, field_place
from djguide_analyzers.project.graph import Model
from djguide_analyzers.project.modules import Module
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.celery_tasks import tasks_of
from djguide_analyzers.rules.finding import Place
from djguide_analyzers.source.positions import Range

Kind = Literal["model", "field", "url", "task"]


class Symbol(NamedTuple):
    """One declaration: `place` is its name, `extent` all of it."""

    name: str
    kind: Kind
    detail: str
    place: Place
    extent: Range
    children: tuple[Symbol, ...] = ()


def symbols_of(project: Project, module: Module, urls: tuple[Item, ...]) -> list[Symbol]:
    """The declarations in one module, in order of place."""
    graph = project.graph
    found: list[Symbol] = []
    for cls in module.classes():
        model = graph.of_class(cls) or graph.abstract_models.get(cls)
        if model is not None:
            found.append(_model(model, module))
    found += _tasks(project, module)
    found += (symbol for symbol in _urls(urls) if symbol.place.path == module.path)
    return sorted(found, key=lambda symbol: symbol.place.range)


def symbols_called(project: Project, urls: tuple[Item, ...], query: str) -> Iterator[Symbol]:
    """The declarations of the project's own files whose name contains the letters of `query` in order."""
    wanted = query.lower()
    for module in project.modules.values():
        for symbol in symbols_of(project, module, ()):
            for each in (symbol, *symbol.children):
                if _fits(each.name.lower(), wanted):
                    yield each
    yield from (symbol for symbol in _urls(urls) if _fits(symbol.name.lower(), wanted))


def _fits(name: str, wanted: str) -> bool:
    letters = iter(name)
    return all(letter in letters for letter in wanted)


def _model(model: Model, module: Module) -> Symbol:
    fields = [
        Symbol(field.name, "field", describe_field(field), place, place.range)
        for field in model.fields.values()
        if field.owner is model.cls
        and (place := field_place(field)) is not None
        and place.path == module.path
    ]
    extent = model.cls.code.range(model.cls.node)
    return Symbol(model.name, "model", model.app_label, class_place(model.cls), extent, tuple(fields))


def _tasks(project: Project, module: Module) -> Iterator[Symbol]:
    for task in tasks_of(project.resolver, module):
        info = task.function
        place = definition_place(info.code, info.node)
        yield Symbol(info.name, "task", "task", place, info.code.range(info.node))


def _urls(urls: tuple[Item, ...]) -> Iterator[Symbol]:
    for item in urls:
        if isinstance(item.subject, TextSubject):
            for place in item.subject.places:
                yield Symbol(item.name, "url", item.subject.detail, place, place.range)
