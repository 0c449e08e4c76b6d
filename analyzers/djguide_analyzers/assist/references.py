"""Where in the project's files something is meant: its names are looked for, then each is understood."""

from __future__ import annotations

import re

from djguide_analyzers.assist.subjects import (
    FieldSubject,
    MemberSubject,
    ModelSubject,
    ReverseSubject,
    Subject,
    TextSubject,
    places,
)
from djguide_analyzers.project.graph import Field

_LISTED = frozenset({"URL", "setting", "template"})


def spellings(subject: Subject) -> tuple[str, ...]:
    """The words by which code may mean it; empty for what is not looked for."""
    match subject:
        case ModelSubject(model=model):
            return (model.name,)
        case FieldSubject(field=field) | ReverseSubject(reverse=field):
            source: Field = field if isinstance(field, Field) else field.source
            names = (source.name, source.attname, source.accessor, source.related_query_name)
            return tuple(dict.fromkeys(name for name in names if name))
        case MemberSubject(function=function):
            return (function.name,)
        case TextSubject(kind=kind, name=name) if kind in _LISTED:
            return (name, name.rpartition(":")[2]) if ":" in name else (name,)
        case _:
            return ()


def occurrences(text: str, words: tuple[str, ...]) -> list[int]:
    """Offsets in `text` at which one of `words` stands by itself, or as a part of a lookup path."""
    joined = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    pattern = rf"(?:(?<!\w)|(?<=__))(?:{joined})(?:(?!\w)|(?=__))"
    return [match.start() for match in re.finditer(pattern, text)]


def is_same(one: Subject, other: Subject | None) -> bool:
    """Whether both mean the same declaration; the two sides of a relation do."""
    match one, other:
        case ModelSubject(), ModelSubject():
            return one.model.label == other.model.label
        case ((FieldSubject() | ReverseSubject()), (FieldSubject() | ReverseSubject())):
            return bool(places(one)) and places(one) == places(other)
        case MemberSubject(), MemberSubject():
            return one.function.dotted == other.function.dotted
        case TextSubject(), TextSubject():
            return (one.kind, one.name) == (other.kind, other.name)
    return False
