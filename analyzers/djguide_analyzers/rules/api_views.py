"""What rules about API views share."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.endpoint_permissions import Permissions
from djguide_analyzers.project.endpoints import (
    Endpoint,
    FunctionEndpoint,
    describe_endpoint,
    describe_function,
    endpoints_of,
    view_serializers,
)
from djguide_analyzers.project.modules import ClassInfo, Code, FunctionInfo
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.rest_framework import readable
from djguide_analyzers.project.serializers import Serializer, describe_serializer
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.trace.events import Called, Write
from djguide_analyzers.trace.summaries import expanded

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_OPEN_WORDS = frozenset(
    {
        "activate", "activation", "auth", "authenticate", "authentication", "authorize", "callback",
        "confirm", "confirmation", "contact", "feedback", "forgot", "health", "healthcheck", "heartbeat",
        "hook", "invitation", "invite", "jwt", "login", "logout", "newsletter", "oauth", "oidc", "otp",
        "password", "ping", "recover", "recovery", "redeem", "refresh", "register", "registration", "saml",
        "signin", "signup", "sso", "subscribe", "token", "tokens", "unsubscribe", "verification", "verify",
        "webhook", "webhooks",
    }
)  # fmt: skip
_OPEN_PAIRS = (("sign", "up"), ("sign", "in"), ("log", "in"), ("log", "out"), ("ip", "n"), ("opt", "out"))
_CHECKING = re.compile(
    r"signature|hmac|compare_digest|construct_event|verify|authenticate|check_password|check_token|loads_signed"
    r"|unsign|token|has_perm|is_authenticated|is_staff|is_superuser|api_key|secret"
    r"|^(allow|assert|check|deny|ensure|forbid|require)_",
    re.IGNORECASE,
)
_WRITING = frozenset(
    {"save", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "asave", "abulk_create"}
)
STAFF = frozenset({"IsAdminUser", "DjangoModelPermissions", "DjangoObjectPermissions"})
_STAFF_WORDS = re.compile(r"admin|staff|superuser|internal|service|operator|moderator|manager", re.IGNORECASE)


def words(name: str) -> list[str]:
    """The words of a name in either style, in lower case."""
    return [word.lower() for word in _WORD.findall(name)]


def own_endpoints(file: FileContext) -> Iterator[Endpoint]:
    """The API view classes that `file` declares; none for test code."""
    if file.is_test:
        return
    for cls in file.classes():
        found = describe_endpoint(file.project, cls)
        if found is not None:
            yield found


def own_functions(file: FileContext) -> Iterator[FunctionEndpoint]:
    """The function views of REST framework that `file` declares; none for test code."""
    if file.is_test:
        return
    for info in file.module.functions():
        found = describe_function(file.project, info)
        if found is not None:
            yield found


def scope_of(file: FileContext, info: FunctionInfo) -> Scope | None:
    """The scope of one function of `file`."""
    return file.scope_of(info.body_code)


def is_open_by_purpose(name: str, functions: list[FunctionInfo]) -> bool:
    """Whether a view has to be open, or checks by itself who calls: sign-up, login, signed webhooks."""
    parts = words(name)
    if not _OPEN_WORDS.isdisjoint(parts):
        return True
    if any(pair in itertools.pairwise(parts) for pair in _OPEN_PAIRS):
        return True
    return any(_checks(info) for info in functions)


def _checks(info: FunctionInfo) -> bool:
    for node in walk(info.statements):
        name = node.id if isinstance(node, ir.Name) else node.name if isinstance(node, ir.Attr) else ""
        text = node.value if isinstance(node, ir.Const) and isinstance(node.value, str) else ""
        if (
            _CHECKING.search(name)
            or _CHECKING.search(text)
            or name in ("PermissionDenied", "NotAuthenticated")
        ):
            return True
    return False


def written_rows(file: FileContext, scope: Scope) -> Iterator[Write]:
    """The writes of a function, those of the project's functions that it calls included."""
    for event in scope.trace.events:
        if isinstance(event, Write):
            yield event
        elif isinstance(event, Called):
            for inner in expanded(file.project, event):
                if isinstance(inner, Write):
                    yield inner


def writes_something(file: FileContext, info: FunctionInfo) -> bool:
    """Whether a handler written by hand is seen to write: by the trace, or by a serializer's ``save()``."""
    scope = scope_of(file, info)
    if scope is None:
        return False
    if any(written_rows(file, scope)):
        return True
    return any(
        isinstance(node.func, ir.Attr) and node.func.name in _WRITING for node, _ in scope.nodes(ir.Call)
    )


def writes(file: FileContext, endpoint: Endpoint) -> bool:
    """Whether an endpoint certainly changes rows: by the framework's own actions, or as its methods show.

    Extra actions that name permissions of their own are left out.
    """
    for action in endpoint.actions:
        if not action.writes or "permission_classes" in action.overrides:
            continue
        if action.function is None:
            return True
        if action.function.module is file.module and writes_something(file, action.function):
            return True
    return False


def is_among_own(endpoint: Endpoint) -> bool:
    """Whether all that a view writes are objects that it looks up among those of the user who asks.

    Who is not logged in has none, or those that permissions give to everybody.
    """
    info = endpoint.method("get_queryset")
    if info is None or any(action.writes and action.detail is not True for action in endpoint.actions):
        return False
    return any(
        isinstance(node, ir.Attr) and node.name == "user"
        and isinstance(node.value, ir.Attr) and node.value.name == "request"
        for node in walk(info.statements)
    )  # fmt: skip


def handlers(endpoint: Endpoint) -> list[FunctionInfo]:
    """The project's own methods that answer requests."""
    return [action.function for action in endpoint.actions if action.function is not None]


def judging(project: Project, endpoint: Endpoint) -> list[FunctionInfo]:
    """The project's own functions that see a request before it is stored: handlers, and those of serializers that
    validate."""
    serializers = [describe_serializer(project, cls) for cls in view_serializers(project, endpoint)[0]]
    return handlers(endpoint) + [
        info
        for serializer in serializers
        if serializer is not None
        for cls in readable(serializer.line)
        for info in cls.methods()
        if info.name.startswith("validate") and info.module.origin == "project"
    ]


def is_abstract(project: Project, endpoint: Endpoint) -> bool:
    """Whether a view is only there to be derived from: others do, and it says nothing about what it serves."""
    served = ("queryset", "serializer_class", "get_queryset", "get_serializer_class", "get_object")
    if any(not endpoint.is_default(name) for name in served) or handlers(endpoint):
        return False
    return endpoint.is_generic or derived(project, endpoint.cls)


def derived(project: Project, cls: ClassInfo) -> bool:
    """Whether another view of the project derives from `cls`."""
    return any(cls in other.line for other in endpoints_of(project) if other.cls is not cls)


def is_for_staff(permissions: Permissions) -> bool | None:
    """Whether only staff gets in; None when that is not known."""
    if permissions.entries is None:
        return None
    answers: list[bool | None] = []
    for entry in permissions.entries:
        name = entry.library or entry.name
        if entry.operator or name is None:
            answers.append(None)
        elif entry.library is not None:
            answers.append(entry.library in STAFF)
        else:
            answers.append(True if _STAFF_WORDS.search(name) else None)
    return True if True in answers else None if None in answers else False


# --- serializers in use ----------------------------------------------------------------------------------


def users_of(file: FileContext, serializer: Serializer) -> Iterator[tuple[Endpoint, bool]]:
    """The endpoints that use a serializer class, each with whether it uses no other."""
    for endpoint in endpoints_of(file.project):
        used, certain = view_serializers(file.project, endpoint)
        if serializer.cls in used:
            yield endpoint, certain and len(used) == 1


def explicit_routes(project: Project) -> dict[ClassInfo, frozenset[str]]:
    """HTTP methods, in lower case, of viewsets whose routes name them: ``as_view({"get": "list"})``.

    A method that is computed counts as POST. Viewsets that are registered with a router as well are left out.
    Rests on outlines.
    """
    found: dict[ClassInfo, frozenset[str]] = {}
    registered: set[ClassInfo] = set()
    for module in project.modules.values():
        for chunk in module.facts.chunks:
            for node in walk(chunk.outline):
                match node:
                    case ir.Call(func=ir.Attr(value=view, name="as_view"), args=[ir.Dict(keys=keys)]):
                        cls = project.resolver.expr(Code(module, chunk), view)
                        methods = (key.value for key in keys if isinstance(key, ir.Const))
                        names = frozenset(name.lower() for name in methods if isinstance(name, str))
                        if isinstance(cls, ClassInfo):
                            every = names if len(names) == len(keys) else frozenset({"post"})
                            found[cls] = found.get(cls, frozenset()) | every
                    case ir.Call(func=ir.Attr(name="register"), args=args, keywords=keywords):
                        values = [*args, *(keyword.value for keyword in keywords)]
                        symbols = [project.resolver.expr(Code(module, chunk), value) for value in values]
                        registered |= {symbol for symbol in symbols if isinstance(symbol, ClassInfo)}
    return {cls: methods for cls, methods in found.items() if cls not in registered}


def saves_with(info: FunctionInfo) -> list[ir.Call]:
    """The ``....save(...)`` calls of a function."""
    return [
        node
        for node in walk(info.statements)
        if isinstance(node, ir.Call) and isinstance(node.func, ir.Attr) and node.func.name == "save"
    ]


def mentions_text(info: FunctionInfo, text: str) -> bool:
    """Whether a function's body has the text as a literal, or as a keyword or attribute name."""
    for node in walk(info.statements):
        match node:
            case ir.Const(value=value) if value == text:
                return True
            case ir.Keyword(name=name) | ir.Attr(name=name) if name == text:
                return True
    return False
