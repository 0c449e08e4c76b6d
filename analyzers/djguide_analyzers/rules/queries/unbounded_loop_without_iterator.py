"""A command or task keeps a whole table in memory."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.celery_tasks import task_of
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.management import command_of
from djguide_analyzers.rules.querysets import is_only_use, is_read_later, is_shared
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Range
from djguide_analyzers.trace.values import Query, QuerySetValue

RULE = Rule(
    summary="A command or task loops over a whole table without `iterator()`",
    severity=Severity.INFO,
    safety=Safety.SAFE,
    default=False,
)

_WHOLE = frozenset(
    {"all", "order_by", "select_related", "prefetch_related", "only", "defer", "using", "annotate", "reverse"}
)
"""Methods that leave all rows in."""


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    if not _runs_in_background(file, scope.function):
        return
    for rows, code in _iterated(scope):
        value = scope.value(code, rows)
        if not isinstance(value, QuerySetValue) or not _is_whole_table(value) or is_shared(scope, rows):
            continue
        if is_only_use(scope, code, rows.at, rows, "iterate") and not is_read_later(scope, code, rows):
            yield _hit(file, code, rows, value)


def _runs_in_background(file: FileContext, info: FunctionInfo | None) -> bool:
    """Whether a function is a command's or a task."""
    if info is None:
        return False
    outer = info
    while outer.parent is not None:
        outer = outer.parent
    return command_of(file, info) is not None or task_of(file.project.resolver, outer) is not None


def _iterated(scope: Scope) -> Iterator[tuple[ir.Expr, Code]]:
    """What loops and comprehensions run over, ``enumerate()`` looked through."""
    for kind in (ir.For, ir.Clause):
        for node, code in scope.nodes(kind):
            if node.is_async or (isinstance(node, ir.For) and _stops(node)):
                continue
            match node.iter:
                case ir.Call(func=ir.Name(id="enumerate"), args=[rows, *_]):
                    yield rows, code
                case rows:
                    yield rows, code


def _stops(loop: ir.For) -> bool:
    """Whether the loop ends with its first round."""
    return bool(loop.body) and isinstance(loop.body[-1], (ir.Return, ir.Raise))


def _is_whole_table(value: QuerySetValue) -> bool:
    query: Query = value.query
    if value.related is not None or query.opaque or query.assumed or query.sliced or query.combined:
        return False
    if not value.certain or query.shape != "instances" or query.filters or query.single:
        return False
    return all(link.name in _WHOLE for link in query.chain)


def _hit(file: FileContext, code: Code, rows: ir.Expr, value: QuerySetValue) -> Hit:
    model = value.query.model.rpartition(".")[2]
    return Hit(
        file.place(code, rows),
        f"This keeps every {model} of the table in memory until the loop ends: `iterator()` loads them in portions",
        fixes=(Fix("Use iterator(chunk_size=2000)", Safety.SAFE, (_edit(file, code, rows),)),),
        data={"model": value.query.model},
    )


def _edit(file: FileContext, code: Code, rows: ir.Expr) -> Edit:
    call = "iterator(chunk_size=2000)"
    if (
        isinstance(rows, ir.Call)
        and isinstance(rows.func, ir.Attr)
        and rows.func.name == "all"
        and not rows.args
    ):
        return replace(file, Range(code.name_range(rows.func).start, code.range(rows).end), call)
    if isinstance(rows, (ir.Name, ir.Attr, ir.Call)):
        return insert(file, code.range(rows).end, f".{call}")
    return replace(file, code.range(rows), f"({file.text(code, rows)}).{call}")
