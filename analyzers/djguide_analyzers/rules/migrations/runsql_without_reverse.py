"""SQL in a migration cannot be undone."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.migration_files import is_newest, operations

RULE = Rule(
    summary="`RunSQL` without SQL for the way back cannot be undone",
    severity=Severity.INFO,
    safety=Safety.MANUAL,
)


def check(file: FileContext) -> Iterator[Hit]:
    for name, node, code in operations(file):
        if name != "RunSQL" or len(node.args) > 1 or any(isinstance(arg, ir.Star) for arg in node.args):
            continue
        if any(keyword.name in (None, "reverse_sql") for keyword in node.keywords) or not is_newest(file):
            continue
        advice = "Pass `reverse_sql`: what undoes it, or `migrations.RunSQL.noop`"
        yield Hit(
            file.place(code, node),
            "Without `reverse_sql`, no migration up to this one can be undone: Django raises IrreversibleError",
            fixes=(Fix(advice, Safety.MANUAL),),
        )
