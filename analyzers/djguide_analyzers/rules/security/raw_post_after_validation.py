"""A field of a validated form is read from the raw request once more."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import contains, walk
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo, Value
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.form_classes import field_names, form_class
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.rules.nodes import blocks
from djguide_analyzers.rules.request_data import RequestData

RULE = Rule(
    summary="A field of a validated form is read from `request.POST` instead of `cleaned_data`",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_FORM_VIEW = "django.views.generic.edit.FormMixin"


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    info = scope.function
    if info is None:
        return
    names = of_scope(file, scope)
    data = RequestData(names)
    for form, fields, nodes in _validated(file, scope, names, info):
        for node in nodes:
            yield from _raw(file, data, info.body_code, node, form, fields)


def _validated(
    file: FileContext, scope: Scope, names: Names, info: FunctionInfo
) -> Iterator[tuple[str, frozenset[str], list[ir.Stmt]]]:
    """Each validated form: its variable, its fields, and the statements that run once it is valid."""
    if info.name == "form_valid" and info.owner is not None and len(info.node.params.items) > 1:
        fields = _of_view(file, info.owner)
        if fields:
            yield info.node.params.items[1].name, fields, info.statements
        return
    for name, bound in names.bound.items():
        if len(bound) != 1 or not isinstance(bound[0].value, ir.Call) or bound[0].how != "assigned":
            continue
        call = bound[0].value
        symbol = names.symbol(bound[0].code, call.func)
        cls = form_class(file, symbol)
        if cls is None or call.keyword("prefix") is not None:
            continue
        fields = field_names(file, cls)
        if fields:
            yield name, fields, _behind_validation(info.statements, name)


def _of_view(file: FileContext, owner: ClassInfo) -> frozenset[str]:
    resolver = file.project.resolver
    if not resolver.is_subclass(owner, _FORM_VIEW):
        return frozenset()
    found = resolver.class_attribute(owner, "form_class")
    binding = found[1] if found is not None else None
    if not isinstance(binding, Value) or binding.expr is None or found is None:
        return frozenset()
    cls = form_class(file, resolver.expr(binding.code, binding.expr, found[0]))
    return field_names(file, cls) if cls is not None else frozenset()


def _behind_validation(statements: list[ir.Stmt], form: str) -> list[ir.Stmt]:
    """What runs only when ``form.is_valid()`` was true."""
    found: list[ir.Stmt] = []
    for block in blocks(statements):
        for number, statement in enumerate(block):
            if not isinstance(statement, ir.If):
                continue
            asked = _asks(statement.test, form)
            if asked is True:
                found += statement.body
            elif asked is False:
                found += statement.orelse
                if statement.body and isinstance(statement.body[-1], (ir.Return, ir.Raise)):
                    found += block[number + 1 :]
    return found


def _asks(test: ir.Expr, form: str) -> bool | None:
    """Whether a test is true only for a valid form (True), false only for one (False), or says nothing."""
    match test:
        case ir.Call(func=ir.Attr(value=ir.Name(id=name), name="is_valid")):
            return True if name == form else None
        case ir.Unary(op="not", operand=operand):
            return False if _asks(operand, form) is True else None
        case ir.Bool(op="and", values=values):
            return True if any(_asks(value, form) is True for value in values) else None
        case ir.Bool(op="or", values=values):
            return False if any(_asks(value, form) is False for value in values) else None
    return None


def _raw(
    file: FileContext, data: RequestData, code: Code, statement: ir.Stmt, form: str, fields: frozenset[str]
) -> Iterator[Hit]:
    for node in walk(statement):
        match node:
            case ir.Subscript(value=source, index=ir.Const(value=str(key))):
                pass
            case ir.Call(
                func=ir.Attr(value=source, name="get" | "getlist"), args=[ir.Const(value=str(key)), *_]
            ):
                pass
            case _:
                continue
        if key not in fields or not isinstance(source, ir.Attr) or source.name not in ("POST", "GET"):
            continue
        if not data.is_request(code, source.value) or _is_target(statement, node):
            continue
        listed = isinstance(node, ir.Call) and isinstance(node.func, ir.Attr) and node.func.name == "getlist"
        manual = listed or _is_compared(statement, node) or _is_key(statement, node)
        title = "Read it from `cleaned_data`"
        edit = replace(file, code.range(source), f"{form}.cleaned_data")
        yield Hit(
            file.place(code, node),
            f"`{key}` is read from the raw request although the form has validated and cleaned it: this is the "
            "unchecked text",
            fixes=(Fix(title, Safety.MANUAL) if manual else Fix(title, Safety.SAFE, (edit,)),),
        )


def _is_compared(statement: ir.Stmt, node: ir.Node) -> bool:
    """Whether a value is compared as the text it comes as, such as ``"on"``; the cleaned one may be no text."""
    return any(
        isinstance(part, ir.Compare) and any(side is node for side in (part.left, *part.rights))
        for part in walk(statement)
    )


def _is_key(statement: ir.Stmt, node: ir.Node) -> bool:
    """Whether a value becomes the key of a row, of which the form gives the row itself."""
    for part in walk(statement):
        match part:
            case ir.Keyword(name=str(name), value=value):
                targets = [name]
            case ir.Assign(targets=[ir.Attr(name=name)], value=value) if value is not None:
                targets = [name]
            case _:
                continue
        if any(name.endswith("_id") for name in targets) and contains(value, node):
            return True
    return False


def _is_target(statement: ir.Stmt, node: ir.Node) -> bool:
    return any(
        contains(target, node)
        for part in walk(statement)
        if isinstance(part, ir.Assign)
        for target in part.targets
    )
