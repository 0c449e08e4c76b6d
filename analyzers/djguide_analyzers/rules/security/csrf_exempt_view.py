"""A view that changes something opts out of the check against cross-site requests."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.rules.access import class_decorations, function_decorations, is_view_class
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.source.positions import Range
from djguide_analyzers.trace.events import Write

RULE = Rule(
    summary="A view that changes something is exempt from the CSRF check",
    severity=Severity.WARNING,
    safety=Safety.MANUAL,
)

_EXEMPT = "django.views.decorators.csrf.csrf_exempt"
_READS_ONLY = frozenset(
    {"django.views.decorators.http.require_GET", "django.views.decorators.http.require_safe"}
)
_API = ("rest_framework.", "ninja.", "graphene_django.", "strawberry.", "oauth2_provider.", "tastypie.")
_OWN_CHECK = re.compile(
    r"signature|hmac|digest|token|secret|api_?key|authorization|verif|authenticat|basic_?auth|oauth|saml|jwt|"
    r"webhook|credential|construct_event|nonce|bearer|csrf",
    re.IGNORECASE,
)
"""Words that tell of a check of its own: who calls is known by something that a browser does not add by itself."""
_UNSAFE = ("post", "dispatch")
"""Handlers that a form on another site can reach. Before PUT, PATCH and DELETE a browser asks the site first."""
_REQUIRES = "django.views.decorators.http.require_http_methods"
_VISITOR = re.compile(r"user|session|COOKIES|log_?(?:in|out)|get_messages")
_VISITORS = ("django.contrib.auth.", "django.contrib.admin.", "django.contrib.sessions.")
_CHANGES = frozenset({"login", "logout"})


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    by_function = {id(scope.function.node): scope for scope in file.scopes if scope.function is not None}
    for info in file.module.functions():
        if info.owner is None:
            found = _decorator(function_decorations(file, info))
            scope = by_function.get(id(info.node))
            if found is None or scope is None or not _knows_visitor(file, [info], found[1]):
                continue
            if _is_form_request(file, info) and _is_exposed(file, [scope], [info], found[1]):
                change = _change(file, [scope])
                if change is not None:
                    yield _hit(file, info.code.range(found[0]), change)
    for cls in file.classes():
        found = _decorator(class_decorations(file, cls))
        if found is None or not is_view_class(file, cls):
            continue
        methods = [method for method in cls.methods() if method.name != "__init__"]
        scopes = [by_function[id(method.node)] for method in methods if id(method.node) in by_function]
        unsafe = [scope for scope in scopes if scope.function is not None and scope.function.name in _UNSAFE]
        if not unsafe or _is_api(file, cls) or not _knows_visitor(file, methods, found[1], cls):
            continue
        if _is_exposed(file, scopes, methods, found[1]):
            change = _change(file, scopes)
            if change is not None:
                yield _hit(file, cls.code.range(found[0]), change)


def _decorator(decorations: list[tuple[str, ir.Expr]]) -> tuple[ir.Expr, list[str]] | None:
    """Where the exemption is written, and the names of the other decorators."""
    names = [name for name, _ in decorations]
    exempt = [node for name, node in decorations if name == _EXEMPT]
    return (exempt[0], [name for name in names if name != _EXEMPT]) if exempt else None


def _is_api(file: FileContext, cls: ClassInfo) -> bool:
    return any(base.dotted.startswith(_API) for base in file.project.resolver.mro(cls))


def _knows_visitor(
    file: FileContext, functions: list[FunctionInfo], decorators: list[str], cls: ClassInfo | None = None
) -> bool:
    """Whether a view acts for who is logged in; what anybody may do, nobody has to forge."""
    bases = file.project.resolver.mro(cls)[1:] if cls is not None else ()
    if any(name.startswith(_VISITORS) for name in (*decorators, *(base.dotted for base in bases))):
        return True
    found = [
        each
        for decorator in (file.project.resolver.dotted(name) for name in decorators)
        if isinstance(decorator, FunctionInfo)
        for inner in (decorator, *decorator.nested)
        for each in (inner, *inner.nested)
    ]
    inherited = (
        method
        for base in bases
        if isinstance(base, ClassInfo) and base.module.origin == "project"
        for method in base.methods()
    )
    return any(_asks_for_visitor(info.statements) for info in (*functions, *found, *inherited))


def _asks_for_visitor(statements: list[ir.Stmt]) -> bool:
    for node in walk(statements):
        if isinstance(node, (ir.Attr, ir.Name)):
            text = node.name if isinstance(node, ir.Attr) else node.id
            if _VISITOR.search(text):
                return True
    return False


def _is_form_request(file: FileContext, info: FunctionInfo) -> bool:
    """Whether a function answers to a method that forms have, as far as ``require_http_methods`` says."""
    for node in info.node.decorators:
        if isinstance(node, ir.Call) and file.resolve(info.code, node.func) == _REQUIRES and node.args:
            listed = node.args[0]
            if isinstance(listed, ir.Display):
                methods = [item.value if isinstance(item, ir.Const) else None for item in listed.items]
                return None in methods or "POST" in methods or "GET" in methods
    return True


def _is_exposed(
    file: FileContext, scopes: list[Scope], functions: list[FunctionInfo], decorators: list[str]
) -> bool:
    """Whether nothing else tells who is calling: no check of its own, and not for reading only."""
    if any(name in _READS_ONLY or name.startswith(_API) or _OWN_CHECK.search(name.rpartition(".")[2])
           for name in decorators):  # fmt: skip
        return False
    for info in functions:
        if _OWN_CHECK.search(info.qualname):
            return False
        for node in walk(info.statements):
            text = ""
            if isinstance(node, (ir.Attr, ir.Keyword)):
                text = node.name or ""
            elif isinstance(node, ir.Name):
                text = node.id
            elif isinstance(node, ir.Const) and isinstance(node.value, str) and len(node.value) < 60:
                text = node.value
            if text and _OWN_CHECK.search(text):
                return False
    return True


def _change(file: FileContext, scopes: list[Scope]) -> Place | None:
    """Where a view writes rows, or logs somebody in or out."""
    for scope in scopes:
        for event in scope.trace.everything():
            if isinstance(event, Write):
                return file.place_of(event.site)
        for call, code in scope.nodes(ir.Call):
            dotted = file.resolve(code, call.func) or ""
            if dotted.startswith("django.contrib.auth.") and dotted.rpartition(".")[2] in _CHANGES:
                return file.place(code, call)
            if isinstance(call.func, ir.Attr) and call.func.name == "save" and not call.args:
                return file.place(code, call)
    return None


def _hit(file: FileContext, range_: Range, change: Place) -> Hit:
    return Hit(
        Place(file.path, range_),
        "Without the CSRF check, any page that a logged-in visitor opens can have this view change something in "
        "the visitor's name",
        related=(Related("changes something", change),),
        fixes=(Fix("Let the page send the token, or check a signature", Safety.MANUAL),),
    )
