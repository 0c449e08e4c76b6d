"""The interface for whoever edits: completions, definitions and descriptions at a place."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from djguide_analyzers.assist import class_options, names, query_calls
from djguide_analyzers.assist.describe import Description, describe
from djguide_analyzers.assist.named import declared_url, named
from djguide_analyzers.assist.names import Catalogue, Files
from djguide_analyzers.assist.paths import Names
from djguide_analyzers.assist.querysets import describe_queryset, queryset_at
from djguide_analyzers.assist.refactorings.base import Read, Refactoring, Source
from djguide_analyzers.assist.refactorings.offers import refactorings
from djguide_analyzers.assist.references import is_same, occurrences, spellings
from djguide_analyzers.assist.scene import Scene
from djguide_analyzers.assist.subjects import (
    Domain,
    Item,
    Meaning,
    Subject,
    TextSubject,
    places,
)
from djguide_analyzers.assist.symbols import Symbol, symbols_called, symbols_of
from djguide_analyzers.assist.template_spots import template_spot
from djguide_analyzers.assist.url_names import url_names
from djguide_analyzers.project.files import is_inside
from djguide_analyzers.project.modules import Module
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.finding import Place
from djguide_analyzers.source.positions import LineIndex, Position, Range
from djguide_analyzers.trace import summaries


class Completions(NamedTuple):
    """What can replace `range` of the document."""

    range: Range
    items: list[Item]


class Found(NamedTuple):
    """What the text in `range` of the document means."""

    subject: Subject
    range: Range


class Desk:
    """One project, ready to be asked about. Made on the thread that links, used on one other."""

    def __init__(self, project: Project) -> None:
        self.project = project.snapshot()
        self._urls = Names(url_names(project))
        self._settings = Names(tuple(_settings(project)))

    @property
    def urls(self) -> tuple[Item, ...]:
        """The names of URLs."""
        return self._urls.items

    @cached_property
    def catalogue(self) -> Catalogue:
        """What texts may name; template names are listed when first asked for."""
        templates = Files(lambda: self._templates, self._template_files)
        return Catalogue(self._urls, templates, self._settings)

    @cached_property
    def _templates(self) -> tuple[Item, ...]:
        found = dict.fromkeys(name for name, _ in self.project.templates.names())
        return tuple(Item(name, TextSubject("template", name)) for name in sorted(found))

    def _template_files(self, name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.project.templates.files(name)))


class Assistant:
    """All linked projects of a workspace.

    Every method takes the path of a document and its text as it is now; what else it rests on is as it was when
    the projects were last linked.
    """

    def __init__(self, projects: Iterable[Project]) -> None:
        self.desks = [Desk(project) for project in projects]
        self._edited: deque[str] = deque()
        self._last: Scene | None = None

    def edited(self, path: str) -> None:
        """The bodies of functions in the file at `path` changed. May be called on any thread."""
        self._edited.append(path)

    def desk(self, path: str) -> Desk | None:
        """The project that a file belongs to, the innermost one."""
        while self._edited:
            edited = self._edited.popleft()
            for desk in self.desks:
                module = desk.project.modules.get(edited)
                summaries.forget(desk.project, {edited} if module is None else module.keys())
            self._last = None
        own = [desk for desk in self.desks if path in desk.project.modules]
        inside = [desk for desk in self.desks if is_inside(path, desk.project.root)]
        return max(own or inside, key=lambda desk: len(desk.project.root), default=None)

    # --- questions -----------------------------------------------------------------------------------------

    def completions(self, path: str, index: LineIndex, position: Position) -> Completions | None:
        """What can be written at `position`; None when nothing is known."""
        offset = index.offset(position)
        asked = self._asked(path, index, offset)
        if asked is None:
            return None
        domain, start, _ = asked
        at, items = domain.complete(index.text[start:offset])
        return Completions(Range(index.position(start + at), position), _unique(items))

    def meaning(self, path: str, index: LineIndex, position: Position) -> Found | None:
        """What is written at `position`; None when nothing is known."""
        offset = index.offset(position)
        desk = self.desk(path)
        if desk is None:
            return None
        asked = self._asked(path, index, _word_end(index.text, offset))
        if asked is not None and asked[1] <= offset <= asked[2]:
            domain, start, end = asked
            found = domain.meaning(index.text[start:end], offset - start)
            return _placed(found, index, start) if found is not None else None
        return self._named(desk, path, index, offset)

    def definitions(
        self, path: str, index: LineIndex, position: Position
    ) -> tuple[Range, list[Place]] | None:
        """The range that is meant at `position`, and where that is defined."""
        found = self.meaning(path, index, position)
        if found is None or not (at := places(found.subject)):
            return None
        return found.range, at

    def describe(self, path: str, index: LineIndex, position: Position) -> tuple[Range, Description] | None:
        """What there is to say about the name or queryset at `position`."""
        found = self.meaning(path, index, position)
        if found is not None:
            return found.range, describe(found.subject)
        desk = self.desk(path)
        module = desk.project.modules.get(path) if desk is not None else None
        offset = _word_end(index.text, index.offset(position))
        if desk is None or module is None or _word_start(index.text, offset) == offset:
            return None
        scene = self._scene(desk, module, index, offset)
        if scene.spot.text is not None or scene.spot.in_comment or scene.traced is None:
            return None
        queryset = queryset_at(scene.traced, position)
        if queryset is None:
            return None
        query, related, range_ = queryset
        return range_, describe_queryset(desk.project, query, related)

    def files(self, path: str) -> list[str]:
        """The project's own files, in which something of the file at `path` may be meant."""
        desk = self.desk(path)
        if desk is None:
            return []
        return [*desk.project.modules, *desk.project.templates.own_files]

    def references(self, path: str, index: LineIndex, subject: Subject) -> list[Range]:
        """Where `subject` is meant in the file at `path`, declarations included."""
        found: list[Range] = []
        words = spellings(subject)
        for offset in occurrences(index.text, words) if words else ():
            meant = self.meaning(path, index, index.position(offset))
            if meant is not None and is_same(subject, meant.subject) and meant.range not in found:
                found.append(meant.range)
        return found

    def symbols(self, path: str) -> list[Symbol]:
        """What the file at `path` declares, as it was when it was last read."""
        desk = self.desk(path)
        module = desk.project.modules.get(path) if desk is not None else None
        return symbols_of(desk.project, module, desk.urls) if desk is not None and module is not None else []

    def symbols_called(self, query: str) -> Iterator[Symbol]:
        """What the projects' own files declare under a name like `query`."""
        for desk in self.desks:
            yield from symbols_called(desk.project, desk.urls, query)

    def refactorings(self, path: str, index: LineIndex, selected: Range, read: Read) -> list[Refactoring]:
        """What can be made of the selected code; `read` gives the text of other files as it is now."""
        desk = self.desk(path)
        module = desk.project.modules.get(path) if desk is not None else None
        if desk is None or module is None:
            return []
        return list(refactorings(Source(desk.project, module, index, read), selected))

    # --- inside --------------------------------------------------------------------------------------------

    def _scene(self, desk: Desk, module: Module, index: LineIndex, offset: int) -> Scene:
        """The scene at `offset`; one question needs the same more than once."""
        last = self._last
        if (
            last is None
            or (last.module, last.index, last.spot.offset) != (module, index, offset)
            or last.project is not desk.project
        ):
            last = self._last = Scene(desk.project, module, index, offset)
        return last

    def _asked(self, path: str, index: LineIndex, offset: int) -> tuple[Domain, int, int] | None:
        """What may stand around `offset`, with the range of offsets of what does."""
        desk = self.desk(path)
        if desk is None:
            return None
        module = desk.project.modules.get(path)
        if module is None:
            return None if path.endswith(".py") else template_spot(index.text, offset, desk.catalogue)
        scene = self._scene(desk, module, index, offset)
        spot = scene.spot
        if spot.in_comment:
            return None
        if spot.text is not None:
            if not spot.text.plain:
                return None
            domain = (
                names.text_domain(scene, desk.catalogue)
                or class_options.option_domain(scene)
                or query_calls.text_domain(scene)
            )
            return None if domain is None else (domain, spot.text.start, spot.text.end)
        end = _word_end(index.text, offset)
        if spot.dot is not None:
            domain = names.setting_domain(scene, desk.catalogue)
        else:
            domain = class_options.meta_condition(scene) or query_calls.keyword_domain(scene)
        return None if domain is None else (domain, spot.word, end)

    def _named(self, desk: Desk, path: str, index: LineIndex, offset: int) -> Found | None:
        """What a name means by itself."""
        module = desk.project.modules.get(path)
        start, end = _word_start(index.text, offset), _word_end(index.text, offset)
        if module is None or start == end:
            return None
        scene = self._scene(desk, module, index, end)
        if scene.spot.in_comment:
            return None
        if scene.spot.text is not None:
            subject = declared_url(scene, desk.urls)
        else:
            subject = named(scene, index.text[start:end])
        return (
            Found(subject, Range(index.position(start), index.position(end))) if subject is not None else None
        )


def _placed(meaning: Meaning, index: LineIndex, start: int) -> Found:
    range_ = Range(index.position(start + meaning.start), index.position(start + meaning.end))
    return Found(meaning.subject, range_)


def _unique(items: list[Item]) -> list[Item]:
    return list({item.name: item for item in reversed(items)}.values())[::-1]


def _word_end(text: str, offset: int) -> int:
    while offset < len(text) and (text[offset].isalnum() or text[offset] == "_"):
        offset += 1
    return offset


def _word_start(text: str, offset: int) -> int:
    while offset > 0 and (text[offset - 1].isalnum() or text[offset - 1] == "_"):
        offset -= 1
    return offset


def _line(path: str, line: int) -> Place:
    start = Position(line, 0)
    return Place(path, Range(start, start))


def _settings(project: Project) -> Iterator[Item]:
    settings = project.settings
    for name in sorted({*settings.names(), *settings.default_names()}):
        marks = tuple(_line(place.path, place.line) for place in settings.get(name).places)
        detail = "" if marks else "Django's default"
        yield Item(name, TextSubject("setting", name, detail, marks), detail)
