"""All refactorings for one selection."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.assist.refactorings.base import Refactoring, Source, find_region
from djguide_analyzers.assist.refactorings.queryset_method import KIND as QUERYSET
from djguide_analyzers.assist.refactorings.queryset_method import move_to_queryset
from djguide_analyzers.assist.refactorings.service import KIND as SERVICE
from djguide_analyzers.assist.refactorings.service import extract_service
from djguide_analyzers.assist.refactorings.wrap_in_atomic import KIND as ATOMIC
from djguide_analyzers.assist.refactorings.wrap_in_atomic import wrap_in_atomic
from djguide_analyzers.assist.scaffolds.offers import scaffolds
from djguide_analyzers.source.positions import Range

KINDS = (ATOMIC, QUERYSET, SERVICE)


def refactorings(source: Source, selected: Range) -> Iterator[Refactoring]:
    """What can be made of `selected`, and for the model whose ``class`` line it starts on."""
    yield from scaffolds(source, selected.start)
    if selected.start == selected.end:
        return
    region = find_region(source, selected)
    offers = [] if region is None else [wrap_in_atomic(region), extract_service(region)]
    yield from (offer for offer in (*offers, move_to_queryset(source, selected)) if offer is not None)
