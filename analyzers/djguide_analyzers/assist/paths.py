"""Paths over the model graph: what may stand in ``filter(author__te…``, ``order_by("-…")`` and the like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, Flag, auto

from djguide_analyzers.assist.registered_lookups import lookups_behind, lookups_of_relations
from djguide_analyzers.assist.subjects import (
    FieldSubject,
    Item,
    LookupSubject,
    Meaning,
    ReverseSubject,
    Subject,
    TextSubject,
)
from djguide_analyzers.project.graph import Field, Model, ModelGraph, Reverse

SEPARATOR = "__"


class End(Enum):
    """What a path may end with."""

    ANY = auto()
    COLUMN = auto()
    """A field with a column: no reverse relation, nothing many-to-many."""
    ONE = auto()
    """A relation that leads to at most one row."""
    RELATION = auto()
    TO_MANY = auto()
    """A many-to-many field."""


class Parts(Flag):
    """What else a path may have."""

    NONE = 0
    JOINS = auto()
    """Relations may be crossed."""
    ACCESSORS = auto()
    """Reverse relations go by the name of the attribute, as for ``prefetch_related``; else by that for lookups."""
    REVERSE = auto()
    """Reverse relations may be named."""
    LOOKUPS = auto()
    """A lookup may follow."""
    ATTNAMES = auto()
    """``author_id`` may be named as well as ``author``, and ``pk``."""


QUERY = Parts.JOINS | Parts.REVERSE | Parts.ATTNAMES


@dataclass(frozen=True)
class Paths:
    """Paths from `model`. `extra` are names beyond its own; `marks` characters that may stand before the path."""

    graph: ModelGraph
    model: Model
    end: End = End.ANY
    parts: Parts = QUERY
    extra: tuple[Item, ...] = ()
    marks: str = ""

    def complete(self, typed: str) -> tuple[int, list[Item]]:
        skipped = len(typed) - len(typed.lstrip(self.marks)) if self.marks else 0
        *passed, _ = typed[skipped:].split(SEPARATOR)
        at = skipped + sum(len(part) + len(SEPARATOR) for part in passed)
        return at, list(self._next(tuple(passed)))

    def meaning(self, content: str, offset: int) -> Meaning | None:
        skipped = len(content) - len(content.lstrip(self.marks)) if self.marks else 0
        start, passed = skipped, ()
        for part in content[skipped:].split(SEPARATOR):
            end = start + len(part)
            if start <= offset <= end + 1:
                found = self._subject(passed, part)
                return Meaning(found, start, end) if found is not None else None
            start, passed = end + len(SEPARATOR), (*passed, part)
        return None

    def _subject(self, passed: tuple[str, ...], name: str) -> Subject | None:
        if name == "pk" and (model := self._walk(passed)) is not None and model.pk in model.fields:
            return FieldSubject(model, model.fields[model.pk])
        found = next((item.subject for item in self._all(passed) if item.name == name), None)
        if found is None and Parts.LOOKUPS in self.parts:
            found = next((item.subject for item in self._lookups(passed) if item.name == name), None)
        return found

    def _next(self, passed: tuple[str, ...]) -> Iterator[Item]:
        for item in self._all(passed):
            if self._fits(item.subject):
                yield item
        if Parts.LOOKUPS in self.parts:
            yield from self._lookups(passed)

    def _all(self, passed: tuple[str, ...]) -> Iterator[Item]:
        """All names that may follow `passed`, fit for the end of a path or not."""
        if not passed:
            yield from self.extra
        elif Parts.JOINS not in self.parts:
            return
        model = self._walk(passed)
        if model is not None:
            yield from self._names(model)

    def _walk(self, passed: tuple[str, ...]) -> Model | None:
        """The model that a path of relations ends in; None when it is no such path."""
        model: Model | None = self.model
        for part in passed:
            if model is None:
                return None
            subject = next((i.subject for i in self._names(model) if i.name == part), None)
            model = self.graph.get(self._target(subject))
        return model

    def _target(self, subject: Subject | None) -> str | None:
        match subject:
            case FieldSubject(field=field) if self.end is not End.ONE or field.is_forward_one:
                return field.target
            case ReverseSubject(reverse=reverse):
                return reverse.model
        return None

    def _names(self, model: Model) -> Iterator[Item]:
        for field in model.fields.values():
            if not field.sure():
                continue
            subject = FieldSubject(model, field)
            yield Item(field.name, subject, describe_field(field))
            if Parts.ATTNAMES in self.parts and field.attname != field.name:
                yield Item(field.attname, subject, describe_field(field))
        if Parts.ATTNAMES in self.parts and model.pk in model.fields:
            yield Item("pk", FieldSubject(model, model.fields[model.pk]), f"primary key of {model.label}")
        if Parts.REVERSE in self.parts:
            yield from self._reverse_names(model)

    def _reverse_names(self, model: Model) -> Iterator[Item]:
        rows: list[Reverse] = list(model.reverse.values())
        if Parts.ACCESSORS not in self.parts:
            rows += model.generic_reverse
        for reverse in rows:
            name = reverse.accessor if Parts.ACCESSORS in self.parts else reverse.query_name
            if reverse.certain and name:
                yield Item(name, ReverseSubject(model, reverse), f"rows of {reverse.model}")

    def _fits(self, subject: Subject) -> bool:
        match subject:
            case FieldSubject(field=field):
                return _field_fits(self.end, field) or (
                    Parts.JOINS in self.parts and self.end is End.COLUMN and field.is_forward_one
                )
            case ReverseSubject(reverse=reverse):
                return self.end in (End.ANY, End.RELATION) or (self.end is End.ONE and reverse.kind == "o2o")
        return True

    def _lookups(self, passed: tuple[str, ...]) -> Iterator[Item]:
        """Lookups that may follow the field that `passed` leads to, and the transforms behind it."""
        for length in range(len(passed), 0, -1):
            model = self._walk(passed[: length - 1])
            if model is None or (length > 1 and Parts.JOINS not in self.parts):
                continue
            subject = next((i.subject for i in self._names(model) if i.name == passed[length - 1]), None)
            if isinstance(subject, ReverseSubject):
                yield from _related(passed[length:])
                return
            if isinstance(subject, FieldSubject):
                for name, transform in lookups_behind(subject.field, passed[length:]).items():
                    yield Item(name, LookupSubject(name, transform), "transform" if transform else "lookup")
                return


def _related(rest: tuple[str, ...]) -> Iterator[Item]:
    for name in lookups_of_relations() if not rest else ():
        yield Item(name, LookupSubject(name, False), "lookup")


def _field_fits(end: End, field: Field) -> bool:
    match end:
        case End.COLUMN:
            return field.column is not None
        case End.ONE:
            return field.is_forward_one
        case End.RELATION:
            return field.kind != "column"
        case End.TO_MANY:
            return field.kind == "m2m"
    return field.kind != "gfk"


def describe_field(field: Field) -> str:
    """A field in a few words: its class, and where it leads."""
    name = field.class_name.rpartition(".")[2]
    return f"{name} → {field.target}" if field.target else name


def names(kind: str, found: dict[str, str]) -> tuple[Item, ...]:
    """Items without a place, such as annotations: details by name."""
    return tuple(Item(name, TextSubject(kind, name, detail), detail) for name, detail in found.items())


@dataclass(frozen=True)
class Names:
    """A closed list of names. `words` are the characters in front of which a new part of a name begins."""

    items: tuple[Item, ...]

    def complete(self, typed: str) -> tuple[int, list[Item]]:
        return 0, list(self.items)

    def meaning(self, content: str, offset: int) -> Meaning | None:
        found = next((item.subject for item in self.items if item.name == content), None)
        return Meaning(found, 0, len(content)) if found is not None else None
