"""``get_queryset`` returns something that is no queryset."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.endpoints import Endpoint
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.rules.api_views import own_endpoints, scope_of
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Severity
from djguide_analyzers.rules.places import name_place
from djguide_analyzers.trace.values import Constant, Row, Sequence

RULE = Rule(
    summary="`get_queryset` of an API view returns a list, or nothing",
    severity=Severity.WARNING,
)

_LISTS = frozenset({"list", "tuple", "set", "frozenset", "sorted", "filter", "map", "reversed", "dict"})
_FILTERS = (
    "filter_backends",
    "filterset_class",
    "filterset_fields",
    "search_fields",
    "ordering_fields",
    "ordering",
)


def check(file: FileContext) -> Iterator[Hit]:
    for endpoint in own_endpoints(file):
        info = endpoint.method("get_queryset")
        if info is None or info.owner is not endpoint.cls or info.node.is_async:
            continue
        scope = scope_of(file, info)
        if scope is not None and endpoint.is_generic and _is_used(endpoint) and not _takes_lists(endpoint):
            yield from _check(file, scope, info)


def _is_used(endpoint: Endpoint) -> bool:
    """Whether the framework works with what the method returns."""
    if not endpoint.actions:
        return True  # a base class, or a mixin for others
    return any(
        action.function is None and (action.detail or "get" in (action.methods or ()))
        for action in endpoint.actions
    )


def _takes_lists(endpoint: Endpoint) -> bool:
    """Whether the framework only puts the rows out, all of them: it does so with any sequence."""
    pages = endpoint.written("pagination_class")
    unpaginated = pages is not None and isinstance(pages.node, ir.Const) and pages.node.value is None
    lists = all(action.detail is False for action in endpoint.actions if action.function is None)
    return bool(endpoint.actions) and unpaginated and lists and all(map(endpoint.is_default, _FILTERS))


def _check(file: FileContext, scope: Scope, info: FunctionInfo) -> Iterator[Hit]:
    returns = [node for node in walk(info.statements) if isinstance(node, ir.Return)]
    for node in returns:
        what = _wrong(file, scope, info, node.value)
        if what is not None:
            yield Hit(
                file.place(info.body_code, node),
                f"`get_queryset()` returns {what} here: filters, pagination and the lookup of single objects need "
                "a queryset",
            )
    has_value = any(not _is_nothing(node.value) for node in returns)
    if has_value and not info.node.is_generator and _falls_through(info.statements):
        yield Hit(
            name_place(file, info.code, info.node),
            "`get_queryset()` ends without a `return` on one of its paths, which gives None: the view fails there",
        )


def _is_nothing(node: ir.Expr | None) -> bool:
    return node is None or (isinstance(node, ir.Const) and node.value is None)


def _wrong(file: FileContext, scope: Scope, info: FunctionInfo, node: ir.Expr | None) -> str | None:
    """What is returned instead of a queryset."""
    match node:
        case None | ir.Const(value=None):
            return "None"
        case ir.IfExp(body=body, orelse=orelse):
            return _wrong(file, scope, info, body) or _wrong(file, scope, info, orelse)
        case ir.Display(kind=kind):
            return f"a {kind}"
        case ir.Comp(kind=kind):
            return f"a {kind}"
        case ir.Dict():
            return "a dictionary"
        case ir.Call(func=ir.Name(id=name)) if name in _LISTS:
            if file.project.resolver.name(info.module, name) is None:
                return "what is no queryset any more" if name in ("filter", "map") else "a list"
    value = scope.value(info.body_code, node)
    if isinstance(value, Sequence):
        return "a list"
    if isinstance(value, Row):
        return "a single object"
    return "a plain value" if isinstance(value, Constant) and value.value is not None else None


def _falls_through(block: list[ir.Stmt]) -> bool:
    """Whether control certainly can leave the end of a block."""
    if not block:
        return True
    match block[-1]:
        case (
            ir.Return() | ir.Raise() | ir.Match() | ir.While() | ir.For() | ir.Jump(kind="break" | "continue")
        ):
            return False
        case ir.If(body=body, orelse=orelse):
            return _falls_through(body) or _falls_through(orelse)
        case ir.With(body=body):
            return _falls_through(body)
        case ir.Try(body=body, handlers=handlers, orelse=orelse, final=final):
            if final and not _falls_through(final):
                return False
            return any(_falls_through(h.body) for h in handlers) or _falls_through(orelse or body)
        case ir.Assert(test=ir.Const()) | ir.FunctionDef() | ir.ClassDef():
            return True
        case ir.ExprStmt(value=ir.Call()):
            return False  # may raise: abort(), self.permission_denied(...)
    return True
