"""A query in a loop asks the same in every round."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.invariant import hoist_fix, is_invariant
from djguide_analyzers.rules.repeated import hit, rounds
from djguide_analyzers.trace.tracer import Trace

RULE = Rule(
    summary="A query in a loop uses nothing of the loop and gives the same answer in every round",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)


def check_trace(file: FileContext, trace: Trace) -> Iterator[Hit]:
    for found in rounds(file, trace, "invariant"):
        if is_invariant(found):
            what = f"asks for rows of {found.model} anew, and nothing in the question changes"
            yield hit(found, what, hoist_fix(found))
