"""A URL pattern is given a class without `as_view()`, or what a function returns."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.rules.access import VIEW
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import insert, replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.routes import pattern_views
from djguide_analyzers.source.positions import Range

RULE = Rule(
    summary="A URL pattern is given a view class without `as_view()`, or a view that is called",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)


def check(file: FileContext) -> Iterator[Hit]:
    if "urlpatterns" not in file.module.symbols.names:
        return
    for view, code in pattern_views(file.module):
        hit = _check(file, code, view)
        if hit is not None:
            yield hit


def _check(file: FileContext, code: Code, view: ir.Expr) -> Hit | None:
    match view:
        case ir.Attr(name="as_view", value=value) if _is_view_class(file, code, value):
            fix = Fix("Call `as_view()`", Safety.SAFE, (insert(file, code.range(view).end, "()"),))
            return _hit(file, code, view, "`as_view` has to be called: it makes the view", fix)
        case ir.Name() | ir.Attr() if _is_view_class(file, code, view):
            fix = Fix("Add `.as_view()`", Safety.SAFE, (insert(file, code.range(view).end, ".as_view()"),))
            return _hit(file, code, view, "A view class is no view: `as_view()` makes one of it", fix)
        case ir.Call(args=[], keywords=[], func=func):
            if _is_view_class(file, code, func):
                edit = replace(file, Range(code.range(func).end, code.range(view).end), ".as_view()")
                return _hit(
                    file,
                    code,
                    view,
                    "An instance of a view class is no view: `as_view()` makes one of the class",
                    Fix("Use `.as_view()`", Safety.SAFE, (edit,)),
                )
            symbol = file.project.resolver.expr(code, func)
            if isinstance(symbol, FunctionInfo) and symbol.owner is None and _needs_request(symbol):
                edit = replace(file, Range(code.range(func).end, code.range(view).end), "")
                fix = Fix("Name the view without calling it", Safety.SAFE, (edit,))
                message = f"`{symbol.name}()` calls the view while the patterns are made, without a request"
                return _hit(file, code, view, message, fix)
    return None


def _is_view_class(file: FileContext, code: Code, node: ir.Expr) -> bool:
    symbol = file.project.resolver.expr(code, node)
    return isinstance(symbol, ClassInfo) and file.project.resolver.is_subclass(symbol, VIEW)


def _needs_request(info: FunctionInfo) -> bool:
    params = info.node.params.items
    return (
        bool(params)
        and params[0].name == "request"
        and params[0].default is None
        and not info.node.decorators
    )


def _hit(file: FileContext, code: Code, view: ir.Expr, message: str, fix: Fix) -> Hit:
    return Hit(file.place(code, view), message, fixes=(fix,))
