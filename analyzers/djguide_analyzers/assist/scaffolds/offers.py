"""All that can be made for the model at a place."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.assist.refactorings.base import Refactoring, Source
from djguide_analyzers.assist.scaffolds.admin_class import admin_class
from djguide_analyzers.assist.scaffolds.api import viewset
from djguide_analyzers.assist.scaffolds.command import command
from djguide_analyzers.assist.scaffolds.list_test import list_test
from djguide_analyzers.assist.scaffolds.service import service
from djguide_analyzers.assist.scaffolds.subject import subject_at
from djguide_analyzers.source.positions import Position

_MAKERS = (viewset, service, list_test, command, admin_class)


def scaffolds(source: Source, position: Position) -> Iterator[Refactoring]:
    """What can be made for the model whose ``class`` line `position` is on; nothing elsewhere."""
    subject = subject_at(source, position)
    if subject is not None:
        yield from (offer for make in _MAKERS if (offer := make(subject)) is not None)
