"""``Meta.depth`` expands relations with all their columns."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.project.serializers import Serializer, meta_option
from djguide_analyzers.rules.api_serializers import own_serializers, stands_in
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity

RULE = Rule(
    summary="`Meta.depth` expands relations with all of their columns",
    severity=Severity.INFO,
    safety=Safety.MANUAL,
)


def check(file: FileContext) -> Iterator[Hit]:
    for serializer in own_serializers(file):
        written = meta_option(file.project, serializer, "depth") if serializer.is_model else None
        if written is None or not serializer.depth or not stands_in(written, serializer.cls):
            continue
        names = _expanded(serializer)
        if names:
            listed = ", ".join(f"`{name}`" for name in names)
            yield Hit(
                file.place(written.code, written.node),
                f"`depth = {serializer.depth}` sends {listed} with every column, and loads them row by row where "
                "the view's queryset does not",
                fixes=(Fix("Name a nested serializer for each relation", Safety.MANUAL),),
            )


def _expanded(serializer: Serializer) -> list[str]:
    """The relations that the option nests."""
    return [field.name for field in serializer.fields if field.kind == "nested" and not field.declared]
