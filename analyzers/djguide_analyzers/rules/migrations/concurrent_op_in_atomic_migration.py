"""A migration builds an index concurrently, but runs in a transaction."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.migration_files import (
    is_atomic,
    migration_class,
    operations,
    without_transaction,
)

RULE = Rule(
    summary="An operation that must not run in a transaction is in an atomic migration",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)

_CONCURRENT = frozenset({"AddIndexConcurrently", "RemoveIndexConcurrently"})
_SQL = re.compile(
    r"\b(?:CREATE\s+(?:UNIQUE\s+)?|DROP\s+|RE)INDEX\s+(?:\(.*?\)\s*)?(?:\w+\s+)?CONCURRENTLY\b", re.I
)


def check(file: FileContext) -> Iterator[Hit]:
    cls = migration_class(file.project, file.module)
    if cls is None or not is_atomic(file, cls):
        return
    for name, node, code in operations(file):
        if name in _CONCURRENT or (name == "RunSQL" and _is_concurrent(node)):
            what = f"`{name}`" if name in _CONCURRENT else "`CONCURRENTLY`"
            yield Hit(
                file.place(code, node),
                f"{what} cannot run in a transaction, and Django opens one around this migration: PostgreSQL "
                "refuses it",
                fixes=(_fix(file, cls),),
            )


def _is_concurrent(node: ir.Call) -> bool:
    """Whether the SQL builds or drops an index without locking the table."""
    sql = node.args[0] if node.args else node.keyword("sql")
    texts = sql.items if isinstance(sql, ir.Display) else [sql]
    return any(
        isinstance(text, ir.Const) and isinstance(text.value, str) and _SQL.search(text.value)
        for text in texts
    )


def _fix(file: FileContext, cls: ClassInfo) -> Fix:
    title = "Set `atomic = False`"
    edit = without_transaction(file, cls)
    return Fix(title, Safety.MANUAL) if edit is None else Fix(title, Safety.SAFE, (edit,))
