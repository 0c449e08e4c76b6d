"""A loop fetches rows one by one, by a key that each round brings along."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.lookup_tables import is_fed_by_own_rows, lookup_fix
from djguide_analyzers.rules.loops import written_in
from djguide_analyzers.rules.management import in_commands
from djguide_analyzers.rules.repeated import Round, hit, rounds
from djguide_analyzers.trace.tracer import Trace

RULE = Rule(
    summary="A loop fetches rows one by one that a single query could bring",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)


def check_trace(file: FileContext, trace: Trace) -> Iterator[Hit]:
    for found in rounds(file, trace, "get"):
        if is_fed_by_own_rows(found):
            continue
        writes = bool(written_in(found.trace, found.item.loop.site))
        severity = Severity.INFO if writes and in_commands(file) else None
        yield hit(found, _what(found), lookup_fix(found), severity)


def _what(found: Round) -> str:
    if found.path:
        return f"fetches one row of `{'.'.join(found.path)}` with a query of its own"
    return f"asks for rows of {found.model} with a query of its own"
