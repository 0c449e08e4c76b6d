"""All local variables are handed to a template."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.rules.ruff import ruff_reports

RULE = Rule(
    summary="`locals()` or `globals()` is used as a template's context",
    severity=Severity.WARNING,
    safety=Safety.MANUAL,
)

_RENDERS = {
    "django.shortcuts.render": 2,
    "django.template.loader.render_to_string": 1,
    "django.template.response.TemplateResponse": 2,
    "django.template.response.SimpleTemplateResponse": 1,
    "django.template.context.Context": 0,
    "django.template.context.RequestContext": 1,
}
"""Functions that take a context, and its position."""
_ALL = frozenset({"builtins.locals", "builtins.globals", "builtins.vars"})


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    info = scope.function
    if info is None:
        return
    names = of_scope(file, scope)
    for call, code in scope.nodes(ir.Call):
        context, is_shortcut = _context(names, code, call)
        found = _all_names(names, code, context, 0) if context is not None else None
        if found is not None and not (is_shortcut and ruff_reports(file, "DJ003")):
            yield _hit(file, code, found if found is context else call)
    if info.name == "get_context_data":
        for node, code in scope.nodes(ir.Return):
            found = _all_names(names, code, node.value, 0) if node.value is not None else None
            if found is not None:
                yield _hit(file, code, node)


def _context(names: Names, code: Code, call: ir.Call) -> tuple[ir.Expr | None, bool]:
    """The context that a call renders with, and whether it is the shortcut that ruff knows."""
    called = names.called(code, call) or ""
    position = _RENDERS.get(called)
    if position is not None:
        given = call.keyword("context") or call.keyword("dict_")
        return given or (call.args[position] if position < len(call.args) else None), called.endswith(
            "shortcuts.render"
        )
    if isinstance(call.func, ir.Attr) and call.func.name == "render" and call.args:
        return call.args[0], False  # a template object's own method
    return None, False


def _all_names(names: Names, code: Code, node: ir.Expr, depth: int) -> ir.Expr | None:
    """The call of ``locals()`` that `node` is or contains."""
    if depth > 3:
        return None
    match node:
        case ir.Call(args=[]) if names.called(code, node) in _ALL:
            return node
        case ir.Call(args=[argument, *_]) if names.called(code, node) == "builtins.dict":
            return _all_names(names, code, argument, depth + 1)
        case ir.Dict(keys=keys, values=values):
            spread = [value for key, value in zip(keys, values, strict=True) if key is None]
            return next(filter(None, (_all_names(names, code, value, depth + 1) for value in spread)), None)
        case ir.Binary(op="|", left=left, right=right):
            return _all_names(names, code, left, depth + 1) or _all_names(names, code, right, depth + 1)
        case ir.Name(id=name):
            value = names.value(name)
            return _all_names(names, value[1], value[0], depth + 1) if value is not None else None
    return None


def _hit(file: FileContext, code: Code, node: ir.Node) -> Hit:
    called = next(
        (part.func.id for part in walk(node) if isinstance(part, ir.Call) and isinstance(part.func, ir.Name)
         and part.func.id in ("locals", "globals", "vars")), "locals"
    )  # fmt: skip
    return Hit(
        file.place(code, node),
        f"`{called}()` gives the template every variable there is, the secret ones included, and nobody sees "
        "which of them it uses",
        fixes=(Fix("Name what the template needs", Safety.MANUAL),),
    )
