"""``format_html`` is given a text that is finished already, so that nothing is escaped."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.html import formatted_edits
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.rules.texts import is_dynamic

RULE = Rule(
    summary="`format_html()` gets a text that is put together before, so nothing in it is escaped",
    severity=Severity.ERROR,
    safety=Safety.SAFE,
)

_FORMAT_HTML = "django.utils.html.format_html"


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    names = of_scope(file, scope)
    for call, code in scope.nodes(ir.Call):
        if names.called(code, call) != _FORMAT_HTML or not call.args:
            continue
        if any(isinstance(arg, ir.Star) for arg in call.args):
            continue
        text, where = _text(names, code, call.args[0])
        if is_dynamic(text):
            if _is_filled_in(call) and _is_of_variables(text):
                continue
            alone = len(call.args) == 1 and not call.keywords and text is call.args[0]
            yield _hit(file, code, call, text if alone else None)
        elif len(call.args) == 1 and not call.keywords and where is code and _is_bare(text):
            yield _hit(file, code, call, None)


def _text(names: Names, code: Code, node: ir.Expr) -> tuple[ir.Expr, Code]:
    """What the first argument is, through a variable that is assigned once."""
    if isinstance(node, ir.Name):
        value = names.value(node.id)
        if value is not None and is_dynamic(value[0]):
            return value
    return node, code


def _is_filled_in(call: ir.Call) -> bool:
    """Whether values are passed as arguments as well."""
    return len(call.args) > 1 or bool(call.keywords)


def _is_of_variables(text: ir.Expr) -> bool:
    """Whether nothing but variables is put together, which may be the name of a tag, or HTML that is escaped."""
    return not any(isinstance(part, (ir.Attr, ir.Subscript, ir.Call)) for part in walk(text))


def _is_bare(node: ir.Expr) -> bool:
    """Whether a text that is no constant is passed on with nothing to fill in."""
    return isinstance(node, (ir.Attr, ir.Subscript))


def _hit(file: FileContext, code: Code, call: ir.Call, text: ir.Expr | None) -> Hit:
    title = "Pass the values as arguments"
    edits = formatted_edits(file, code, text) if text is not None else None
    fix = Fix(title, Safety.SAFE, tuple(edits)) if edits is not None else Fix(title, Safety.MANUAL)
    return Hit(
        file.place(code, call),
        "`format_html()` escapes its arguments, not the text they go into: what is in this text already is not "
        "escaped",
        fixes=(fix,),
    )
