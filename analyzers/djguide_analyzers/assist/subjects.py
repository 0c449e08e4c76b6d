"""What a name, or part of a path, means: the things that can be completed, shown and gone to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from djguide_analyzers.facts import ir
from djguide_analyzers.project.graph import Field, Model, Reverse
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Value
from djguide_analyzers.rules.finding import Place
from djguide_analyzers.source.positions import Position, Range


@dataclass(frozen=True)
class ModelSubject:
    model: Model


@dataclass(frozen=True)
class FieldSubject:
    """A field as `model` has it."""

    model: Model
    field: Field


@dataclass(frozen=True)
class ReverseSubject:
    """The other side of a relation, seen from `model`."""

    model: Model
    reverse: Reverse


@dataclass(frozen=True)
class MemberSubject:
    """A method or property."""

    function: FunctionInfo


@dataclass(frozen=True)
class LookupSubject:
    """A lookup or transform behind a field, by name."""

    name: str
    transform: bool


@dataclass(frozen=True)
class TextSubject:
    """Anything else that has a name and a place: a URL name, a setting, a template, an annotation."""

    kind: str
    name: str
    detail: str = ""
    places: tuple[Place, ...] = ()


Subject = ModelSubject | FieldSubject | ReverseSubject | MemberSubject | LookupSubject | TextSubject


class Item(NamedTuple):
    """One thing that can stand at the cursor: its name, what it is, and a word about it."""

    name: str
    subject: Subject
    detail: str = ""


class Meaning(NamedTuple):
    """What a part of a text means: `start` and `end` are offsets within that text."""

    subject: Subject
    start: int
    end: int


class Domain(Protocol):
    """What a text at some place may say."""

    def complete(self, typed: str) -> tuple[int, list[Item]]:
        """What can go on from `typed`: the offset at which the part begins that is being typed, and the parts."""
        ...

    def meaning(self, content: str, offset: int) -> Meaning | None:
        """What the part of `content` at `offset` means."""
        ...


def places(subject: Subject) -> list[Place]:
    """Where it is defined; empty when no code says it."""
    match subject:
        case ModelSubject(model=model):
            return [class_place(model.cls)]
        case FieldSubject(field=field) | ReverseSubject(reverse=Reverse(source=field)):
            place = field_place(field)
            return [place] if place is not None else []
        case MemberSubject(function=function):
            return [definition_place(function.code, function.node)]
        case TextSubject(places=found):
            return list(found)
        case _:
            return []


def class_place(cls: ClassInfo) -> Place:
    """The header of a class."""
    return definition_place(cls.code, cls.node)


def definition_place(code: Code, node: ir.ClassDef | ir.FunctionDef) -> Place:
    """The name of a class or function, one blank behind its keyword as formatters leave it."""
    start = code.range(node).start
    keyword = "class " if isinstance(node, ir.ClassDef) else "async def " if node.is_async else "def "
    column = start.column + len(keyword)
    name = Range(Position(start.line, column), Position(start.line, column + len(node.name)))
    return Place(code.module.path, name)


def field_place(field: Field) -> Place | None:
    """The name that a field is assigned to; None for fields that Django makes."""
    if field.code is None or field.node is None:
        return None
    node: ir.Node = field.node
    if isinstance(node, ir.Assign) and node.targets:
        node = node.targets[0]
    return Place(field.code.module.path, field.code.range(node))


def value_place(value: Value) -> Place:
    """The statement that binds a name; its first line only."""
    start = value.code.range(value.at).start
    return Place(value.code.module.path, Range(start, start))
