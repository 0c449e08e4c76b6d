"""A queryset is made in a thread, and its query runs in the event loop after all."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.async_calls import is_async
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.names import of_scope
from djguide_analyzers.trace.values import ManagerValue, QuerySetValue

RULE = Rule(
    summary="`sync_to_async()` around a queryset that is not evaluated in the thread",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
)

_WRAPPERS = frozenset({"asgiref.sync.sync_to_async", "asgiref.sync.SyncToAsync"})
_LAZY = frozenset(
    {"all", "filter", "exclude", "order_by", "select_related", "prefetch_related", "annotate", "distinct", "values",
     "values_list", "only", "defer", "reverse", "using", "none"}
)  # fmt: skip


def check(file: FileContext) -> Iterator[Hit]:
    for scope in file.scopes:
        if not is_async(scope):
            continue
        awaited = {id(node.value): node for node, _ in scope.nodes(ir.Await)}
        names = of_scope(file, scope)
        for call, code in scope.nodes(ir.Call):
            wrapped = call.func
            if not isinstance(wrapped, ir.Call) or names.called(code, wrapped) not in _WRAPPERS:
                continue
            lazy = wrapped.args[0] if len(wrapped.args) == 1 and not wrapped.keywords else None
            if isinstance(lazy, ir.Attr) and lazy.name in _LAZY and _is_of_rows(scope, code, lazy.value):
                yield _hit(file, code, call, lazy, lazy.name, awaited.get(id(call)))
            elif isinstance(lazy, ir.Lambda) and _is_lazy_lambda(scope, code, lazy):
                assert isinstance(lazy.body, ir.Call) and isinstance(lazy.body.func, ir.Attr)
                yield _hit(file, code, call, None, lazy.body.func.name, None)


def _is_of_rows(scope: Scope, code: Code, node: ir.Expr) -> bool:
    return isinstance(scope.value(code, node), (ManagerValue, QuerySetValue))


def _is_lazy_lambda(scope: Scope, code: Code, node: ir.Lambda) -> bool:
    """``lambda: Model.objects.filter(...)``."""
    body = node.body
    return (
        isinstance(body, ir.Call)
        and isinstance(body.func, ir.Attr)
        and body.func.name in _LAZY
        and _is_of_rows(scope, code, body.func.value)
    )


def _hit(
    file: FileContext, code: Code, call: ir.Call, lazy: ir.Attr | None, name: str, awaited: ir.Await | None
) -> Hit:
    title = "Make the queryset here, and go through it with `async for`"
    fix = Fix(title, Safety.MANUAL)
    if lazy is not None and awaited is not None:
        arguments = file.text(code, call)[len(file.text(code, call.func)) :]
        text = f"{file.text(code, lazy)}{arguments}"
        fix = Fix(
            "Make the queryset here: that runs no query",
            Safety.REVIEW,
            (replace(file, code.range(awaited), text),),
        )
    return Hit(
        file.place(code, call),
        f"`{name}()` only makes a queryset. Its query runs where its rows are read, which is the event loop again: "
        "SynchronousOnlyOperation",
        fixes=(fix,),
    )
