"""Rows that belong to users are served whole to everybody who is logged in."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.endpoint_permissions import api_setting, view_permissions
from djguide_analyzers.project.endpoints import Endpoint, queryset_model, returned
from djguide_analyzers.project.graph import Field
from djguide_analyzers.project.literals import Written
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.project.rest_framework import dotted_name, readable
from djguide_analyzers.rules.api_views import is_abstract, own_endpoints
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.owners import owner_of

RULE = Rule(
    summary="Every user can change the rows of all users",
    severity=Severity.INFO,
    safety=Safety.MANUAL,
)

_LOGIN_ONLY = frozenset({"IsAuthenticated", "IsAuthenticatedOrReadOnly", "AllowAny"})
_WHOLE = frozenset(
    {
        "all",
        "order_by",
        "select_related",
        "prefetch_related",
        "only",
        "defer",
        "annotate",
        "distinct",
        "alias",
    }
)
_CREATING = frozenset({"perform_create", "create", "get_serializer_class", "get_serializer_context"})


def check(file: FileContext) -> Iterator[Hit]:
    for endpoint in own_endpoints(file):
        if not endpoint.is_generic or not endpoint.certain or is_abstract(file.project, endpoint):
            continue
        if (
            not _changes_one(endpoint)
            or not _asks_for_login_only(file, endpoint)
            or _looks_at_user(endpoint)
            or _filters_by_itself(file, endpoint)
        ):
            continue
        written = _whole_table(file, endpoint)
        model = queryset_model(file.project, written) if written is not None else None
        owner = owner_of(file.project, model) if model is not None else None
        if written is not None and model is not None and owner is not None:
            yield _hit(file, endpoint, written, model.name, owner)


def _changes_one(endpoint: Endpoint) -> bool:
    """Whether the framework changes or deletes single rows of the queryset."""
    return any(action.detail and action.writes and action.function is None for action in endpoint.actions)


def _asks_for_login_only(file: FileContext, endpoint: Endpoint) -> bool:
    permissions = view_permissions(file.project, endpoint)
    entries = permissions.entries or ()
    return bool(entries) and all(entry.library in _LOGIN_ONLY for entry in entries)


def _looks_at_user(endpoint: Endpoint) -> bool:
    """Whether one of its methods may tell users apart."""
    for cls in readable(endpoint.line):
        for info in cls.methods():
            if info.name not in _CREATING and _mentions_user(info):
                return True
    return False


def _filters_by_itself(file: FileContext, endpoint: Endpoint) -> bool:
    """Whether one of the filter backends is not a library's, which may leave out the rows of others."""
    written = endpoint.written("filter_backends")
    if written is None:
        value = api_setting(file.project, "DEFAULT_FILTER_BACKENDS")
        if not endpoint.is_default("filter_backends") or value is None:
            return True
        names: list[str | None] = [str(name) for name in value.likely or ()]
    elif isinstance(written.node, ir.Display):
        resolver = file.project.resolver
        names = [dotted_name(resolver, written.code, item, written.owner) for item in written.node.items]
    else:
        return True
    return not all(
        name is not None and name.startswith(("rest_framework.", "django_filters.")) for name in names
    )


def _mentions_user(info: FunctionInfo) -> bool:
    return any(
        isinstance(node, ir.Attr) and node.name in ("user", "auth", "kwargs", "session")
        for node in walk(info.statements)
    )


def _whole_table(file: FileContext, endpoint: Endpoint) -> Written | None:
    """The queryset of all rows that this class names, as an attribute or as what ``get_queryset`` returns."""
    chooser = endpoint.method("get_queryset")
    if chooser is not None:
        found = [Written(node.value, code, chooser.owner) for node, code in returned(chooser) if node.value]
        written = found[0] if len(found) == 1 and chooser.owner is endpoint.cls else None
    elif endpoint.is_default("get_queryset"):
        written = endpoint.written("queryset")
    else:
        return None
    if written is None or written.owner is not endpoint.cls:
        return None
    return written if _is_whole(file, written) else None


def _is_whole(file: FileContext, written: Written) -> bool:
    """Whether a chain of calls starts at a plain manager and leaves no rows out."""
    node = written.node
    while isinstance(node, ir.Call) and isinstance(node.func, ir.Attr) and node.func.name in _WHOLE:
        node = node.func.value
    if not isinstance(node, ir.Attr):
        return False
    model = queryset_model(
        file.project, Written(ir.Call(0, ir.Attr(0, node, "all"), [], []), written.code, written.owner)
    )
    manager = model.managers.get(node.name) if model is not None else None
    if manager is None:
        return False
    return manager.cls is None or manager.cls.module.name.startswith("django.")


def _hit(file: FileContext, endpoint: Endpoint, written: Written, model: str, owner: Field) -> Hit:
    return Hit(
        file.place(written.code, written.node),
        f"Everybody who is logged in can change every `{model}`, whoever its `{owner.name}` is: the queryset holds "
        "all rows, and no object permission looks at them",
        fixes=(Fix(f"Filter by `{owner.name}=self.request.user` in `get_queryset()`", Safety.MANUAL),),
    )
