"""An action or function view changes rows when it is asked with GET."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.literals import Written, texts
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.project.rest_framework import derives_from, lineage_of
from djguide_analyzers.rules.api_views import own_endpoints, own_functions, scope_of, written_rows
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.bookkeeping import keeps_account, writes_counters
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import arguments_range, insert, replace
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity

RULE = Rule(
    summary="An action or function view changes rows on GET",
    severity=Severity.WARNING,
    safety=Safety.REVIEW,
    default=False,
)

_GIVING = frozenset({"get_object", "get_serializer"})
_PERFORMING = frozenset({"perform_create", "perform_update", "perform_destroy"})


def check(file: FileContext) -> Iterator[Hit]:
    for endpoint in own_endpoints(file):
        for action in endpoint.actions:
            info = action.function
            if action.decorator is None or info is None or info.owner is not endpoint.cls:
                continue
            if "get" in (action.methods or ()) and not _is_mapped(endpoint.cls.node, info):
                yield from _check(file, info, action.decorator, "methods")
    for view in own_functions(file):
        if "get" in (view.methods or ()):
            yield from _check(file, view.function, view.decorator, None)


def _is_mapped(cls: ir.ClassDef, info: FunctionInfo) -> bool:
    """Whether other methods of the class answer to other HTTP methods of this action."""
    return any(
        isinstance(node, ir.Attr) and node.name == "mapping" and node.value == ir.Name(node.value.at, info.name)
        for statement in cls.body
        if isinstance(statement, ir.FunctionDef)
        for node in walk(statement.decorators)
    )  # fmt: skip


def _check(file: FileContext, info: FunctionInfo, decorator: ir.Expr, keyword: str | None) -> Iterator[Hit]:
    scope = scope_of(file, info)
    if scope is None or _asks_for_method(info):
        return
    write = _write(file, scope, info)
    if write is None:
        return
    yield Hit(
        file.place(info.code, decorator),
        f"`{info.name}` changes rows when asked with GET: a link, an image or a crawler can set it off, and no "
        "CSRF check stands before it",
        related=(Related("rows are written here", write),),
        fixes=(_fix(file, info, decorator, keyword),),
    )


def _asks_for_method(info: FunctionInfo) -> bool:
    """Whether the function tells HTTP methods apart itself."""
    return any(
        isinstance(node, ir.Attr) and node.name in ("method", "http_method") for node in walk(info.statements)
    )


def _write(file: FileContext, scope: Scope, info: FunctionInfo) -> Place | None:
    """The first write that is no bookkeeping about the request itself."""
    for event in written_rows(file, scope):
        if not keeps_account(info, event):
            return file.place_of(event.site)
    for node, code in scope.nodes(ir.Call):
        if _writes_through_view(file, info, code, node) and not writes_counters(node, info):
            return file.place(code, node)
    return None


def _writes_through_view(file: FileContext, info: FunctionInfo, code: Code, call: ir.Call) -> bool:
    """Whether a call writes what the view's own methods gave: its object, its queryset or a serializer."""
    if not isinstance(call.func, ir.Attr):
        return False
    if _is_own_method(call, _PERFORMING):
        return True
    receiver = call.func.value
    if call.func.name in ("save", "asave", "delete", "adelete"):
        if isinstance(receiver, ir.Name):
            return any(_gives_row(file, code, value) for value in _values(info, receiver.id))
        return _gives_row(file, code, receiver)
    return call.func.name in ("update", "aupdate") and bool(call.keywords) and _is_view_queryset(receiver)


def _values(info: FunctionInfo, name: str) -> Iterator[ir.Expr]:
    for statement in walk(info.statements):
        match statement:
            case ir.Assign(targets=[ir.Name(id=target)], value=value) if target == name and value is not None:
                yield value


def _is_own_method(node: ir.Expr, names: frozenset[str]) -> bool:
    match node:
        case ir.Call(func=ir.Attr(value=ir.Name(id="self"), name=name)):
            return name in names
    return False


def _gives_row(file: FileContext, code: Code, node: ir.Expr) -> bool:
    """Whether an expression is the view's object or one of its serializers."""
    if _is_own_method(node, _GIVING):
        return True
    return isinstance(node, ir.Call) and derives_from(
        lineage_of(file.project.resolver, code, node.func), "BaseSerializer"
    )


def _is_view_queryset(node: ir.Expr) -> bool:
    while isinstance(node, ir.Call) and isinstance(node.func, ir.Attr):
        if _is_own_method(node, frozenset({"get_queryset", "filter_queryset"})):
            return True
        node = node.func.value
    return False


def _fix(file: FileContext, info: FunctionInfo, decorator: ir.Expr, keyword: str | None) -> Fix:
    title = "Answer to POST instead"
    code = info.code
    if not isinstance(decorator, ir.Call):
        edit = insert(file, code.range(decorator).end, '(["POST"])')
        return Fix(title, Safety.REVIEW, (edit,))
    node = decorator.keyword(keyword or "http_method_names") or (
        decorator.args[0] if decorator.args else None
    )
    if node is None:
        inside = arguments_range(file, code, decorator)
        if keyword is None:
            return Fix(title, Safety.REVIEW, (insert(file, inside.start, '["POST"]'),))
        if not decorator.keywords:
            return Fix(title, Safety.REVIEW, (insert(file, inside.start, 'methods=["post"]'),))
        end = code.range(decorator.keywords[-1]).end
        return Fix(title, Safety.REVIEW, (insert(file, end, ', methods=["post"]'),))
    listed = texts(file.project.resolver, Written(node, code, info.owner))
    if not isinstance(node, ir.Display) or listed is None:
        return Fix(title, Safety.MANUAL)
    names = [text.value for text in listed if text.value.lower() not in ("get", "head")]
    if not names:
        names = ["POST" if any(text.value.isupper() for text in listed) else "post"]
    opening, closing = ("(", ",)") if node.kind == "tuple" and len(names) == 1 else ("[", "]")
    rendered = opening + ", ".join(f'"{name}"' for name in names) + closing
    return Fix(title, Safety.REVIEW, (replace(file, code.range(node), rendered),))
