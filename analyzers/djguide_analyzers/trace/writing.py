"""What rows that are written refer to."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.trace.arguments import Arguments
from djguide_analyzers.trace.frame import Frame
from djguide_analyzers.trace.values import AbstractValue, Mapping, QuerySetValue, Row, Sequence

Given = tuple[tuple[str, Row], ...]

_PICKING = frozenset({"filter", "exclude", "get"})


def of_row(frame: Frame, row: Row) -> Given:
    """What the relations of a row hold as far as the code has set or read them."""
    model = frame.project.models.get(row.model)
    if model is None:
        return ()
    return tuple(
        (name, held)
        for name, held in frame.run.loaded.get(row.key, {}).items()
        if isinstance(held, Row) and name in model.fields
    )


def of_queryset(frame: Frame, node: ir.Call, queryset: QuerySetValue, args: Arguments) -> Given:
    """What a write through a manager or queryset is given, its conditions included."""
    found: list[tuple[str, Row]] = []
    if queryset.related is not None:
        found.append((queryset.related.back or "", queryset.related.row))
    for link in queryset.query.chain:
        if link.name in _PICKING and link.site.code == frame.code:
            found += _named(frame, link.node)
    found += _named(frame, node)
    unnamed = [value for value in args.keywords.values() if not isinstance(value, Row)]
    for value in [*args.positional, *unnamed]:
        found += _within(frame, value)
    return tuple(dict.fromkeys(found))


def _named(frame: Frame, node: ir.Call) -> Iterator[tuple[str, Row]]:
    """Rows among the arguments of a call, and those whose key is one."""
    for keyword in node.keywords:
        value = frame.value_at(keyword.value)
        name = keyword.name or ""
        if isinstance(value, Row):
            yield name, value
        elif isinstance(keyword.value, ir.Attr) and keyword.value.name in ("pk", "id"):
            owner = frame.value_at(keyword.value.value)
            if isinstance(owner, Row):
                yield name.removesuffix("_id"), owner


def _within(frame: Frame, value: AbstractValue) -> Iterator[tuple[str, Row]]:
    """Rows that an argument is or holds, and those that rows to be created refer to."""
    match value:
        case Row():
            yield from of_row(frame, value)
            yield "", value
        case Sequence(element=Row() as row):
            yield from of_row(frame, row)
        case Mapping(entries=entries):
            yield from ((str(name), row) for name, row in entries if isinstance(row, Row))
        case _:
            pass
