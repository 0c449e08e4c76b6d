"""A loop asks with one query per row whether there are related rows."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.annotating import exists_fix
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.repeated import hit, rounds
from djguide_analyzers.trace.tracer import Trace

RULE = Rule(
    summary="A loop asks with one query per row whether there are related rows",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)


def check_trace(file: FileContext, trace: Trace) -> Iterator[Hit]:
    for found in rounds(file, trace, "exists"):
        what = f"`{'.'.join(found.path)}` has rows" if found.path else f"there is a row of {found.model}"
        yield hit(found, f"asks with a query of its own whether {what}", exists_fix(found))
