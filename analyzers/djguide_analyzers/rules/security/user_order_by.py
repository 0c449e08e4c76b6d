"""Rows are sorted by a column that the visitor names."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Safety, Severity
from djguide_analyzers.rules.request_data import RequestData, Sent
from djguide_analyzers.rules.visitors import data_of, sent_hit

RULE = Rule(
    summary="`order_by()` takes a name from the request as it is",
    severity=Severity.WARNING,
    safety=Safety.MANUAL,
)

_METHODS = frozenset({"order_by", "latest", "earliest"})
_ORDERED_VIEW = "django.views.generic.list.MultipleObjectMixin"


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    found = data_of(file, scope)
    if found is None:
        return
    _, data = found
    for call, code in scope.nodes(ir.Call):
        if isinstance(call.func, ir.Attr) and call.func.name in _METHODS:
            for arg in call.args:
                sent = _sent(data, code, arg)
                if sent is not None:
                    yield _hit(file, code, arg, sent)
    if _gives_ordering(file, scope):
        for node, code in scope.nodes(ir.Return):
            sent = _sent(data, code, node.value) if node.value is not None else None
            if sent is not None and node.value is not None:
                yield _hit(file, code, node.value, sent)


def _gives_ordering(file: FileContext, scope: Scope) -> bool:
    """Whether this is ``get_ordering()`` of a generic view."""
    info = scope.function
    return (
        info is not None
        and info.name == "get_ordering"
        and info.owner is not None
        and file.project.resolver.is_subclass(info.owner, _ORDERED_VIEW)
    )


def _sent(data: RequestData, code: Code, node: ir.Expr) -> Sent | None:
    """What of the request decides the order; None for names that a condition looks at before."""
    sent = data.sent(code, node)
    if sent is None or sent.kind not in ("value", "mapping"):
        return None
    if any(isinstance(part, ir.Name) and data.is_checked(part.id) for part in walk(node)):
        return None
    return sent


def _hit(file: FileContext, code: Code, node: ir.Expr, sent: Sent) -> Hit:
    message = (
        f"The visitor chooses the column through `{sent.part}`: an unknown name is a server error, and a name "
        "such as `owner__password` sorts by what nobody may see"
    )
    return sent_hit(file, code, node, sent, message, "Allow names from a list only")
