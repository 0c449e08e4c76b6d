"""``AllowAny``, or no permission at all, on an endpoint that writes."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.project.endpoint_permissions import (
    Permissions,
    function_permissions,
    permission_entries,
    view_permissions,
)
from djguide_analyzers.project.endpoints import Endpoint, describe_endpoint
from djguide_analyzers.project.literals import Written
from djguide_analyzers.rules.api_views import (
    is_abstract,
    is_among_own,
    is_open_by_purpose,
    judging,
    own_endpoints,
    own_functions,
    writes,
    writes_something,
)
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Place, Severity
from djguide_analyzers.rules.places import name_place

RULE = Rule(
    summary="`AllowAny` or an empty list on an endpoint that writes",
    severity=Severity.INFO,
)


def check(file: FileContext) -> Iterator[Hit]:
    for endpoint in own_endpoints(file):
        permissions = view_permissions(file.project, endpoint)
        if (
            _is_open(permissions)
            and not is_abstract(file.project, endpoint)
            and not is_among_own(endpoint)
            and not _told_at_base(file, endpoint, permissions)
            and writes(file, endpoint)
            and not is_open_by_purpose(endpoint.cls.name, judging(file.project, endpoint))
        ):
            yield _hit(_place(file, endpoint, permissions.written), endpoint.cls.name)
        yield from _actions(file, endpoint)
    for view in own_functions(file):
        permissions = function_permissions(file.project, view)
        info = view.function
        if (
            view.writes
            and _is_open(permissions)
            and permissions.written is not None
            and not is_open_by_purpose(info.name, [info])
            and writes_something(file, info)
        ):
            yield _hit(file.place(permissions.written.code, permissions.written.node), info.name)


def _is_open(permissions: Permissions) -> bool:
    return permissions.source == "view" and permissions.let_anybody_write() is True


def _actions(file: FileContext, endpoint: Endpoint) -> Iterator[Hit]:
    """Extra actions with permissions of their own."""
    for action in endpoint.actions:
        written, info = action.overrides.get("permission_classes"), action.function
        if written is None or info is None or info.owner is not endpoint.cls or not action.writes:
            continue
        if not endpoint.is_default("get_permissions") or is_open_by_purpose(info.name, [info]):
            continue
        permissions = Permissions("view", permission_entries(file.project, written), written)
        if _is_open(permissions) and writes_something(file, info):
            yield _hit(file.place(written.code, written.node), info.name)


def _told_at_base(file: FileContext, endpoint: Endpoint, permissions: Permissions) -> bool:
    """Whether the class that says so writes itself, and so has a finding of its own."""
    owner = permissions.written.owner if permissions.written is not None else None
    base = describe_endpoint(file.project, owner) if owner is not None and owner is not endpoint.cls else None
    return base is not None and base.writes and not is_abstract(file.project, base)


def _place(file: FileContext, endpoint: Endpoint, written: Written | None) -> Place:
    if written is not None and written.owner is endpoint.cls:
        return file.place(written.code, written.node)
    return name_place(file, endpoint.cls.code, endpoint.cls.node)


def _hit(place: Place, name: str) -> Hit:
    return Hit(place, f"Anybody can write through `{name}`, without logging in")
