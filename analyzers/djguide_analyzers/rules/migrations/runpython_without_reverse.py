"""A data migration cannot be undone."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import append_argument
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.migration_files import is_newest, operations

RULE = Rule(
    summary="`RunPython` without a function for the way back cannot be undone",
    severity=Severity.INFO,
    safety=Safety.SAFE,
)


def check(file: FileContext) -> Iterator[Hit]:
    for name, node, code in operations(file):
        if name != "RunPython" or len(node.args) != 1 or isinstance(node.args[0], ir.Star):
            continue
        if any(keyword.name in (None, "reverse_code") for keyword in node.keywords) or not is_newest(file):
            continue
        noop = f"{file.text(code, node.func)}.noop"
        text = f"reverse_code={noop}" if node.keywords else noop
        yield Hit(
            file.place(code, node),
            "Without a function for the way back, no migration up to this one can be undone: Django raises "
            "IrreversibleError",
            fixes=(
                Fix("Do nothing on the way back", Safety.SAFE, (append_argument(file, code, node, text),)),
            ),
        )
