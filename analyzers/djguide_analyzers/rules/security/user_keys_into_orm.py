"""Request data become the keyword names of an ORM call."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.fields import MODEL
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.guards import conditions
from djguide_analyzers.rules.names import Names
from djguide_analyzers.rules.request_data import RequestData, Sent
from djguide_analyzers.rules.visitors import data_of, sent_hit
from djguide_analyzers.trace.values import ManagerValue, QuerySetValue

RULE = Rule(
    summary="Request data are passed to the ORM as keyword names",
    severity=Severity.ERROR,
    safety=Safety.MANUAL,
)

_METHODS = frozenset(
    {
        "filter", "exclude", "get", "create", "update", "get_or_create", "update_or_create", "aget", "acreate",
        "aupdate", "aget_or_create", "aupdate_or_create",
    }
)  # fmt: skip
_FUNCTIONS = frozenset(
    {
        "django.db.models.query_utils.Q",
        "django.shortcuts.get_object_or_404",
        "django.shortcuts.get_list_or_404",
    }
)


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    found = data_of(file, scope)
    if found is None:
        return
    names, data = found
    for call, code in scope.nodes(ir.Call):
        for keyword in call.keywords:
            if keyword.name is None and _is_orm(file, scope, names, code, call):
                sent = _mapping(names, data, scope, code, keyword.value)
                if sent is not None:
                    yield _hit(file, code, call, sent)


def _is_orm(file: FileContext, scope: Scope, names: Names, code: Code, call: ir.Call) -> bool:
    """Whether `call` takes names of columns as keywords."""
    symbol = names.symbol(code, call.func)
    if isinstance(symbol, ClassInfo) and file.project.resolver.is_subclass(symbol, MODEL):
        return True
    if names.called(code, call) in _FUNCTIONS:
        return True
    if not isinstance(call.func, ir.Attr) or call.func.name not in _METHODS:
        return False
    receiver = call.func.value
    if isinstance(scope.value(code, receiver), (QuerySetValue, ManagerValue)):
        return True
    written = {part.name for part in walk(receiver) if isinstance(part, ir.Attr)}
    return bool(written & {"objects", "get_queryset", "_default_manager", "queryset"})


def _mapping(names: Names, data: RequestData, scope: Scope, code: Code, node: ir.Expr) -> Sent | None:
    """The part of the request whose keys `node` has."""
    sent = data.sent(code, node)
    if sent is not None:
        return sent if sent.kind == "mapping" else None
    return _filled(names, data, scope, node.id) if isinstance(node, ir.Name) else None


def _filled(names: Names, data: RequestData, scope: Scope, name: str) -> Sent | None:
    """For a dictionary that is filled item by item: whether its keys come from the request unchecked."""
    if not names.bindings(name) or scope.function is None:
        return None
    for node, code in names.nodes():
        match node:
            case ir.Assign(targets=[ir.Subscript(value=ir.Name(id=target), index=key)]) if target == name:
                sent = data.sent(code, key)
                if sent is not None and sent.kind in ("value", "mapping"):
                    looked_at = {
                        part.id
                        for test in conditions(scope.function.statements, node)
                        for part in walk(test)
                        if isinstance(part, ir.Name)
                    }
                    if not looked_at & {part.id for part in walk(key) if isinstance(part, ir.Name)}:
                        return sent
            case ir.Call(func=ir.Attr(value=ir.Name(id=target), name="update"), args=[argument]) if (
                target == name
            ):
                sent = data.sent(code, argument)
                if sent is not None and sent.kind == "mapping":
                    return sent
    return None


def _hit(file: FileContext, code: Code, call: ir.Call, sent: Sent) -> Hit:
    message = (
        f"The visitor chooses the columns: with `{sent.part}` as keyword names, `password__startswith=a` probes a "
        "secret and `is_staff=1` sets it"
    )
    return sent_hit(
        file, code, call, sent, message, "Take named values, or validate with a form or serializer"
    )
