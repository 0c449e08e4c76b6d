"""A redirect goes to an address that the request supplies."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.rules.access import VIEW
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.rules.request_data import RequestData, Sent
from djguide_analyzers.rules.texts import holes, is_dynamic

RULE = Rule(
    summary="A redirect goes to an address from the request without a check of its host",
    severity=Severity.WARNING,
    safety=Safety.MANUAL,
)

_REDIRECTS = frozenset(
    {
        "django.shortcuts.redirect",
        "django.http.response.HttpResponseRedirect",
        "django.http.response.HttpResponsePermanentRedirect",
        "django.http.HttpResponseRedirect",
        "django.http.HttpResponsePermanentRedirect",
    }
)
_TARGETS = frozenset({"get_success_url", "get_redirect_url", "get_next_page"})
_NOT_CHOSEN = frozenset({"META", "headers", "COOKIES"})
"""Parts of a request that a link to this site cannot fill."""
_MAX_DEPTH = 6


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    info = scope.function
    if info is None:
        return
    names = of_scope(file, scope)
    data = RequestData(names)
    for call, code in scope.nodes(ir.Call):
        target = _target(names, code, call)
        sent = _address(names, data, code, target, 0) if target is not None else None
        if sent is not None:
            yield _hit(file, code, call, sent)
    for node, code in scope.nodes(ir.Assign):
        if _is_location(node) and node.value is not None:
            sent = _address(names, data, code, node.value, 0)
            if sent is not None:
                yield _hit(file, code, node, sent)
    if _gives_target(file, info):
        for node, code in scope.nodes(ir.Return):
            sent = _address(names, data, code, node.value, 0) if node.value is not None else None
            if sent is not None:
                yield _hit(file, code, node, sent)


def _target(names: Names, code: Code, call: ir.Call) -> ir.Expr | None:
    """Where a call redirects to."""
    if names.called(code, call) not in _REDIRECTS:
        return None
    return call.args[0] if call.args else call.keyword("to") or call.keyword("redirect_to")


def _is_location(node: ir.Assign) -> bool:
    """``response["Location"] = ...``"""
    match node.targets:
        case [ir.Subscript(index=ir.Const(value=str(name)))]:
            return name.lower() == "location"
    return False


def _gives_target(file: FileContext, info: FunctionInfo) -> bool:
    return (
        info.name in _TARGETS
        and info.owner is not None
        and file.project.resolver.is_subclass(info.owner, VIEW)
    )


def _address(names: Names, data: RequestData, code: Code, node: ir.Expr, depth: int) -> Sent | None:
    """What of the request decides the host of an address; a part behind the path does not."""
    if depth > _MAX_DEPTH:
        return None
    if is_dynamic(node):
        before, first = next(holes(node))
        if before and not before.endswith("://"):
            return None
        return _address(names, data, code, first, depth + 1)
    match node:
        case ir.Binary(op="+", left=left):
            return _address(names, data, code, left, depth + 1)
        case ir.Bool(values=parts):
            return next(filter(None, (_address(names, data, code, part, depth + 1) for part in parts)), None)
        case ir.IfExp(test=test, body=body, orelse=orelse):
            if isinstance(test, ir.Call) or any(isinstance(part, ir.Call) for part in walk(test)):
                return None
            return _address(names, data, code, body, depth + 1) or _address(
                names, data, code, orelse, depth + 1
            )
        case ir.Name(id=name):
            return _variable(names, data, code, node, name, depth)
        case ir.Call():
            found = data.helper(code, node)
            if found is not None:
                return _returned(*found, depth)
    sent = data.sent(code, node)
    if sent is None or sent.kind != "value" or sent.part in _NOT_CHOSEN:
        return None
    if any(isinstance(part, ir.Name) and data.is_checked(part.id) for part in walk(node)):
        return None
    return sent


def _returned(info: FunctionInfo, data: RequestData, depth: int) -> Sent | None:
    """What of the request decides the host of an address that a helper returns."""
    for node in walk(info.statements):
        if isinstance(node, ir.Return) and node.value is not None:
            found = _address(data.names, data, info.body_code, node.value, depth + 1)
            if found is not None:
                return found
    return None


def _variable(
    names: Names, data: RequestData, code: Code, node: ir.Name, name: str, depth: int
) -> Sent | None:
    if data.is_checked(name):
        return None
    for bound in names.bindings(name):
        if bound.how == "assigned" and bound.value is not None:
            found = _address(names, data, bound.code, bound.value, depth + 1)
            if found is not None:
                return found
    return None


def _hit(file: FileContext, code: Code, node: ir.Node, sent: Sent) -> Hit:
    way = "a link to this site can send the visitor anywhere"
    if sent.part == "POST":
        way = "whatever a link has put into the form, a field `next` say, can send the visitor anywhere"
    return Hit(
        file.place(code, node),
        f"`{sent.part}` decides where this redirect leads: {way}",
        related=(Related("taken from the request", file.place(sent.code, sent.source)),),
        fixes=(Fix("Check it with `url_has_allowed_host_and_scheme()`", Safety.MANUAL),),
    )
