"""A view changes rows when it is asked with GET."""

from __future__ import annotations

import re
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.project.resolve import Symbol
from djguide_analyzers.rules.access import class_decorations, decorations, is_view_class
from djguide_analyzers.rules.api_views import scope_of, words, written_rows
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.bookkeeping import keeps_account
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.edits import import_name, insert, replace
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.model_classes import nodes_within
from djguide_analyzers.rules.places import name_place
from djguide_analyzers.rules.routes import routes
from djguide_analyzers.source.edits import Edit
from djguide_analyzers.source.positions import Position, Range
from djguide_analyzers.trace.events import Write
from djguide_analyzers.trace.values import Site

RULE = Rule(
    summary="A view changes rows when it is asked with GET",
    severity=Severity.INFO,
    safety=Safety.REVIEW,
)

_HTTP = "django.views.decorators.http."
_HARMLESS = (
    "django.contrib.auth.decorators.", "django.views.decorators.csrf.", "django.views.decorators.cache.",
    "django.views.decorators.vary.", "django.views.decorators.clickjacking.", "django.views.decorators.gzip.",
    "django.views.decorators.debug.", "django.db.transaction.", "django.contrib.admin.views.decorators.",
)  # fmt: skip
_MET_BY_LINK = frozenset(
    {"activate", "activation", "confirm", "confirmation", "verify", "verification", "unsubscribe", "login",
     "logout", "callback", "oauth", "webhook", "hook", "notify", "notification", "redirect", "track", "tracking",
     "pixel", "sso", "return", "success", "cancelled", "token", "signed", "auth", "impersonate", "switch", "cron",
     "health", "ping"}
)  # fmt: skip
"""Words of views that are reached by a link in a mail, by another server, or from a payment provider."""
_SECRETS = frozenset(
    {"token", "key", "secret", "signature", "signed", "hash", "uidb64", "code", "digest", "nonce"}
)
_UNDOING = re.compile(r"roll(?:ed)?_?back", re.IGNORECASE)
_ASKS = frozenset({"method", "POST", "FILES", "body", "is_ajax", "headers", "META"})


def check(file: FileContext) -> Iterator[Hit]:
    if file.is_test:
        return
    routed = routes(file.project).functions
    for info in file.module.functions():
        if info in routed and _lets_all_through(file, info) and not _is_met_by_link(info):
            yield from _check(file, info)
    for cls in file.classes():
        info = cls.member("get")
        if isinstance(info, FunctionInfo) and _answers_get(file, cls) and not _is_met_by_link(info, cls):
            yield from _check(file, info)


# --- which views -----------------------------------------------------------------------------------------


def _lets_all_through(file: FileContext, info: FunctionInfo) -> bool:
    """Whether no decorator of a function looks at the method, as far as they can be read."""
    found = list(decorations(file, info.code, info.node.decorators))
    if len(found) != len(info.node.decorators):
        return False
    return all(_is_harmless(file, info, name, node) for name, node in found)


def _is_harmless(file: FileContext, info: FunctionInfo, name: str, node: ir.Expr) -> bool:
    if name.startswith(_HTTP):
        return name.removeprefix(_HTTP) in (
            "require_safe",
            "require_GET",
            "condition",
            "etag",
            "last_modified",
        )
    if name.startswith(_HARMLESS):
        return True
    symbol: Symbol | None = file.project.resolver.expr(
        info.code, node.func if isinstance(node, ir.Call) else node
    )
    if not isinstance(symbol, FunctionInfo) or symbol.module.origin != "project":
        return False
    return not any(_asks(inner) for inner, _ in nodes_within(symbol))


def _answers_get(file: FileContext, cls: ClassInfo) -> bool:
    """Whether a view class of Django's own kind answers GET with its own method."""
    resolver = file.project.resolver
    if (
        not is_view_class(file, cls)
        or not resolver.fully_known(cls)
        or cls not in routes(file.project).classes
    ):
        return False
    if any(base.dotted.startswith("rest_framework.") for base in resolver.mro(cls)):
        return False
    own = [
        base for base in resolver.mro(cls) if isinstance(base, ClassInfo) and base.module.origin == "project"
    ]
    if any(base.member(name) is not None for base in own for name in ("http_method_names", "dispatch")):
        return False
    found = class_decorations(file, cls)
    return len(found) == len(cls.node.decorators) and all(name.startswith(_HARMLESS) for name, _ in found)


def _is_met_by_link(info: FunctionInfo, cls: ClassInfo | None = None) -> bool:
    """Whether a view is there for links in mails or for other servers, or something secret opens it."""
    names = {word for each in (info.name, cls.name if cls is not None else "") for word in words(each)}
    if names & _MET_BY_LINK:
        return True
    given = {word for param in info.node.params.items for word in words(param.name)}
    return bool(given & _SECRETS) or any(_asks(node) for node in walk(info.statements))


def _asks(node: ir.Node) -> bool:
    """Whether a node looks at what kind of request it is, or at what only others than GET carry."""
    if isinstance(node, ir.Attr):
        return node.name in _ASKS or not _SECRETS.isdisjoint(words(node.name))
    return (
        isinstance(node, ir.Const)
        and isinstance(node.value, str)
        and not _SECRETS.isdisjoint(words(node.value))
    )


# --- what they write -------------------------------------------------------------------------------------


def _check(file: FileContext, info: FunctionInfo) -> Iterator[Hit]:
    scope = scope_of(file, info)
    if scope is None or _shows_page(scope):
        return
    for event in written_rows(file, scope):
        if keeps_account(info, event) or not _always_happens(info, event):
            continue
        yield Hit(
            name_place(file, info.code, info.node),
            f"`{info.name}` changes rows when asked with GET: a link, an image or a crawler can set it off, and no "
            "CSRF check stands before it",
            related=(Related("rows are written here", file.place_of(event.site)),),
            fixes=(_fix(file, info),),
            data={"model": event.model},
        )
        return


def _shows_page(scope: Scope) -> bool:
    """Whether a view renders a page: what it writes may be part of showing it."""
    for node, _ in scope.nodes(ir.Call):
        name = node.func.id if isinstance(node.func, ir.Name) else getattr(node.func, "name", "")
        if name in (
            "render",
            "TemplateResponse",
            "render_to_response",
            "render_to_string",
            "get_context_data",
        ):
            return True
    return False


def _always_happens(info: FunctionInfo, event: Write) -> bool:
    """Whether no condition stands around a write, here and in the helpers on the way, and nothing undoes it."""
    if any(_undoes(function) for function in (info, *(step.callee for step in event.context.stack))):
        return False
    steps = [(step.site, step.callee) for step in event.context.stack]
    functions = [info, *(callee for _, callee in steps)]
    sites = [*(site for site, _ in steps), event.site]
    return all(_is_plain(function, site) for function, site in zip(functions, sites, strict=True))


def _undoes(function: FunctionInfo) -> bool:
    """Whether a function speaks of taking back what it writes, as previews do."""
    names = (getattr(node, "id", None) or getattr(node, "name", None) for node in walk(function.statements))
    return any(isinstance(name, str) and _UNDOING.search(name) for name in names)


def _is_plain(function: FunctionInfo, site: Site) -> bool:
    """Whether nothing but who asks, and for what, decides about a call in the body of `function`."""
    if site.code != function.body_code:
        return False
    for node in walk(function.statements):
        if isinstance(node, (ir.If, ir.While, ir.IfExp, ir.Bool, ir.Match, ir.Handler)):
            inside = any(isinstance(inner, ir.Call) and inner.at == site.at for inner in walk(node))
            if inside and not (isinstance(node, ir.If) and _is_about_request(node.test)):
                return False
    return True


def _is_about_request(test: ir.Expr) -> bool:
    return any(isinstance(node, ir.Attr) and node.name in ("GET", "user") for node in walk(test))


# --- fix -------------------------------------------------------------------------------------------------


def _fix(file: FileContext, info: FunctionInfo) -> Fix:
    title = "Answer to POST only (links to it become forms)"
    edits = _as_post_method(file, info) if info.owner is not None else _decorated(file, info)
    return Fix(title, Safety.MANUAL) if edits is None else Fix(title, Safety.REVIEW, tuple(edits))


def _decorated(file: FileContext, info: FunctionInfo) -> list[Edit] | None:
    names = [name for name, _ in decorations(file, info.code, info.node.decorators)]
    imported = import_name(file, "django.views.decorators.http", "require_POST")
    if imported is None or any(name.startswith(_HTTP) for name in names):
        return None
    spelled, edits = imported
    line = name_place(file, info.code, info.node).range.start.line
    return [*edits, insert(file, Position(line, 0), f"@{spelled}\n")]


def _as_post_method(file: FileContext, info: FunctionInfo) -> list[Edit] | None:
    """Rename ``get`` of a view class, unless it has a ``post`` of its own."""
    assert info.owner is not None
    found = file.project.resolver.class_attribute(info.owner, "post")
    if found is not None:
        return None
    end = name_place(file, info.code, info.node).range.end
    return [replace(file, Range(Position(end.line, end.column - len("get")), end), "post")]
