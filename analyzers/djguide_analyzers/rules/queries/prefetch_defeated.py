"""A relation is prefetched, and each row asks the database for it again."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.prefetched_reads import python_fix
from djguide_analyzers.rules.repeated import Round, hit, rounds
from djguide_analyzers.trace.tracer import Trace

RULE = Rule(
    summary="A prefetched relation is queried again for each row",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)


def check_trace(file: FileContext, trace: Trace) -> Iterator[Hit]:
    for found in rounds(file, trace, "prefetched"):
        yield hit(found, _what(found), python_fix(found))


def _what(found: Round) -> str:
    item = found.item
    links = [link for link in item.query.chain if link.site.code == item.site.code and link.name != "all"]
    method = links[0].name if links else item.operation
    return (
        f"asks the database for `{'.'.join(found.path)}` again although it is prefetched: "
        f"`{method}()` passes the prefetched rows by"
    )
