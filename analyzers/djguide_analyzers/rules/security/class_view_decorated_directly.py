"""A decorator for view functions is put on a class."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, Code
from djguide_analyzers.project.resolve import ValueRef
from djguide_analyzers.rules.access import is_view_class
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import import_name, insert
from djguide_analyzers.rules.finding import Fix, Safety, Severity

RULE = Rule(
    summary="A decorator for view functions is put on a class-based view",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)

_PACKAGE = "django.views.decorators."
_DECORATORS = frozenset(
    {
        "django.contrib.auth.decorators.login_required",
        "django.contrib.auth.decorators.permission_required",
        "django.contrib.auth.decorators.user_passes_test",
        "django.contrib.admin.views.decorators.staff_member_required",
        "django.db.transaction.atomic",
        "django.db.transaction.non_atomic_requests",
    }
)


def check(file: FileContext) -> Iterator[Hit]:
    for cls in file.classes():
        if not cls.node.decorators or not is_view_class(file, cls):
            continue
        for node in cls.node.decorators:
            if _is_for_functions(file, cls, cls.code, node):
                yield _hit(file, cls, node)


def _is_for_functions(file: FileContext, cls: ClassInfo, code: Code, node: ir.Expr) -> bool:
    target = node.func if isinstance(node, ir.Call) else node
    symbol = file.project.resolver.expr(code, target, cls.owner)
    if symbol is None:
        return False
    if symbol.dotted in _DECORATORS or symbol.dotted.startswith(_PACKAGE):
        return True
    if isinstance(symbol, ValueRef) and isinstance(symbol.value.expr, ir.Call) and target is node:
        made = file.project.resolver.expr(symbol.value.code, symbol.value.expr.func)
        return made is not None and (made.dotted in _DECORATORS or made.dotted.startswith(_PACKAGE))
    return False


def _hit(file: FileContext, cls: ClassInfo, node: ir.Expr) -> Hit:
    name = file.text(cls.code, node).partition("(")[0]
    title = 'Use `method_decorator(…, name="dispatch")`'
    imported = import_name(file, "django.utils.decorators", "method_decorator")
    fix = Fix(title, Safety.MANUAL)
    if imported is not None:
        range_ = cls.code.range(node)
        edits = (
            insert(file, range_.start, f"{imported[0]}("),
            insert(file, range_.end, ', name="dispatch")'),
            *imported[1],
        )
        fix = Fix(title, Safety.SAFE, edits)
    return Hit(
        file.place(cls.code, node),
        f"`{name}` makes a function of the class `{cls.name}`, which has no `as_view()` any more",
        fixes=(fix,),
    )
