"""What is cached depends on who asks, its key does not."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code, FunctionInfo
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.caches import CacheCall, cache_call
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.names import Names, of_scope
from djguide_analyzers.trace.values import Row

RULE = Rule(
    summary="Data of one user is cached under a key that all users share",
    severity=Severity.WARNING,
    safety=Safety.MANUAL,
)

_WRITES = frozenset({"set", "add", "get_or_set"})
_PERSONAL = frozenset({"user", "tenant", "session"})
"""Attributes of a request that differ between visitors."""
_SCOPES = (
    "anonym",
    "guest",
    "public",
    "user",
    "session",
    "tenant",
    "owner",
    "account",
    "request",
    "customer",
    "member",
    "token",
)
_MAX_DEPTH = 5


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test:
        return
    if scope.function is None:
        return
    names = of_scope(file, scope)
    for node, code in scope.nodes(ir.Call):
        call = cache_call(names, code, node)
        if call is None or call.method not in _WRITES or call.node.keyword("version") is not None:
            continue
        value = call.argument("default" if call.method == "get_or_set" else "value")
        key = call.argument("key")
        if value is None or key is None or not _is_shared(names, code, key, 0):
            continue
        personal = _personal(file, scope, names, code, value, 0)
        if personal is not None:
            yield _hit(file, call, key, personal)


def _hit(file: FileContext, call: CacheCall, key: ir.Expr, personal: tuple[Place, str]) -> Hit:
    place, what = personal
    return Hit(
        file.place(call.code, call.node),
        f"What is cached depends on `{what}`, the key `{file.text(call.code, key)}` does not: the next visitor is "
        "served the first one's data",
        related=(Related(f"depends on `{what}`", place),),
        fixes=(Fix(f"Put `{what}` into the key", Safety.MANUAL),),
    )


def _is_shared(names: Names, code: Code, key: ir.Expr, depth: int) -> bool:
    """Whether the key is certainly the same for all visitors who ask for the same thing."""
    if depth > _MAX_DEPTH:
        return False
    for node in walk(key):
        match node:
            case ir.Name(id=name):
                if any(word in name.lower() for word in _SCOPES):
                    return False
                bound = names.bindings(name)
                for each in bound:
                    if each.how == "parameter":
                        continue
                    if each.how != "assigned" or each.value is None:
                        return False
                    if not _is_shared(names, each.code, each.value, depth + 1):
                        return False
            case ir.Const(value=str(text)):
                if any(word in text.lower() for word in _SCOPES[:3]):
                    return False
            case ir.Attr(name=name):
                if any(word in name.lower() for word in _SCOPES):
                    return False
            case ir.Call(func=func):
                text_method = isinstance(func, ir.Attr) and isinstance(func.value, (ir.Const, ir.FString))
                plain = isinstance(func, ir.Name) and func.id in ("str", "int", "repr")
                if not text_method and not plain:
                    return False
            case ir.Opaque() | ir.Star():
                return False
    return True


# --- what a value depends on -----------------------------------------------------------------------------


def _personal(
    file: FileContext, scope: Scope, names: Names, code: Code, node: ir.Expr, depth: int
) -> tuple[Place, str] | None:
    """Where a value takes something that belongs to the visitor; None when it is not seen to."""
    if depth > _MAX_DEPTH:
        return None
    for part in walk(node):
        if isinstance(part, ir.Attr) and part.name in _PERSONAL and _is_request(scope, code, part.value):
            return file.place(code, part), file.text(code, part)
        if isinstance(part, ir.Name):
            found = _of_name(file, scope, names, code, part, depth)
            if found is not None:
                return found
    return None


def _of_name(
    file: FileContext, scope: Scope, names: Names, code: Code, node: ir.Name, depth: int
) -> tuple[Place, str] | None:
    value = scope.value(code, node)
    if isinstance(value, Row) and value.model == file.project.graph.auth_user and node.id in ("user", "self"):
        return file.place(code, node), node.id
    for bound in names.bindings(node.id):
        if bound.how == "defined":
            function = _nested(scope, node.id)
            found = _personal_body(file, scope, names, function, depth) if function is not None else None
        elif bound.how in ("assigned", "with") and bound.value is not None:
            found = _personal(file, scope, names, bound.code, bound.value, depth + 1)
        else:
            found = None
        if found is not None:
            return found
    return None


def _nested(scope: Scope, name: str) -> FunctionInfo | None:
    for node, code in scope.nodes(ir.FunctionDef):
        if node.name == name:
            return FunctionInfo(node, code, None, scope.function)
    return None


def _personal_body(
    file: FileContext, scope: Scope, names: Names, function: FunctionInfo, depth: int
) -> tuple[Place, str] | None:
    for node in walk(function.statements):
        if isinstance(node, ir.Return) and node.value is not None:
            found = _personal(file, scope, names, function.body_code, node.value, depth + 1)
            if found is not None:
                return found
    return None


def _is_request(scope: Scope, code: Code, node: ir.Expr) -> bool:
    match node:
        case ir.Name(id="request") | ir.Attr(value=ir.Name(id="self" | "info"), name="request"):
            return True
    return False
