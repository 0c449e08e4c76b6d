"""A data migration loads a whole table and saves row by row, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.rules.app_migrations import model_asked_for
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.migration_files import (
    argument,
    is_atomic,
    is_newest,
    migration_class,
    operations,
)

RULE = Rule(
    summary="A data migration goes through a whole table and saves row by row",
    severity=Severity.INFO,
    safety=Safety.MANUAL,
)

_WHOLE = frozenset(
    {"all", "iterator", "order_by", "only", "defer", "select_related", "prefetch_related", "using"}
)
"""What leaves all rows of a table in a queryset."""


def check(file: FileContext) -> Iterator[Hit]:
    cls = migration_class(file.project, file.module)
    if cls is None or not is_atomic(file, cls):
        return
    for name, node, code in operations(file):
        given = argument(node, 0, "code") if name == "RunPython" else None
        info = file.project.resolver.expr(code, given) if given is not None else None
        if isinstance(info, FunctionInfo) and info.module.path == file.path and not info.node.is_async:
            yield from _in_function(file, info)


def _in_function(file: FileContext, info: FunctionInfo) -> Iterator[Hit]:
    nodes = list(walk(info.statements))
    models = {
        target.id
        for node in nodes
        if isinstance(node, ir.Assign) and isinstance(node.value, ir.Call) and model_asked_for(node.value)
        for target in node.targets
        if isinstance(target, ir.Name)
    }
    for node in nodes:
        if not isinstance(node, ir.For) or not isinstance(node.target, ir.Name):
            continue
        model = _model_of(node.iter)
        if model in models and _saves(node) and is_newest(file):
            yield _hit(file, info.body_code, node, model or "")


def _model_of(node: ir.Expr) -> str | None:
    """The variable of the model in ``Model.objects.all()``, as far as nothing narrows the rows down."""
    called = False
    while isinstance(node, ir.Call) and isinstance(node.func, ir.Attr) and node.func.name in _WHOLE:
        node, called = node.func.value, True
    match node:
        case ir.Attr(name="objects" | "_default_manager" | "_base_manager", value=ir.Name(id=name)) if called:
            return name
    return None


def _saves(loop: ir.For) -> bool:
    """Whether each round saves its row; one that may end the loop does not go through the table."""
    nodes = list(walk(loop.body))
    if any(
        isinstance(node, ir.Return) or (isinstance(node, ir.Jump) and node.kind == "break") for node in nodes
    ):
        return False
    row = loop.target.id if isinstance(loop.target, ir.Name) else ""
    return any(
        isinstance(node, ir.Call)
        and isinstance(node.func, ir.Attr)
        and node.func.name == "save"
        and isinstance(node.func.value, ir.Name)
        and node.func.value.id == row
        for node in nodes
    )


def _hit(file: FileContext, code: Code, loop: ir.For, model: str) -> Hit:
    return Hit(
        file.place(code, loop.iter),
        f"All rows of `{model}` are saved one by one in one transaction, which keeps each of them locked until the "
        "last one is done",
        fixes=(Fix("Use one `update()`, or `atomic = False` and `bulk_update()` in batches", Safety.MANUAL),),
    )
