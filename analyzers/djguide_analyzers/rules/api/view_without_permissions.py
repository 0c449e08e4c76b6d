"""A view that writes asks for no permission, and the settings ask for none either."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.project.endpoint_permissions import Permissions, function_permissions, view_permissions
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
from djguide_analyzers.rules.finding import Fix, Place, Safety, Severity
from djguide_analyzers.rules.places import name_place

RULE = Rule(
    summary="An API view that writes names no permission, and the settings let everybody in",
    severity=Severity.WARNING,
    safety=Safety.MANUAL,
)


def check(file: FileContext) -> Iterator[Hit]:
    for endpoint in own_endpoints(file):
        permissions = view_permissions(file.project, endpoint)
        if not _lets_everybody_in(permissions) or is_abstract(file.project, endpoint):
            continue
        if is_among_own(endpoint):
            continue
        if writes(file, endpoint) and not is_open_by_purpose(
            endpoint.cls.name, judging(file.project, endpoint)
        ):
            yield _hit(name_place(file, endpoint.cls.code, endpoint.cls.node), endpoint.cls.name, permissions)
    for view in own_functions(file):
        permissions = function_permissions(file.project, view)
        info = view.function
        if not view.writes or not _lets_everybody_in(permissions) or is_open_by_purpose(info.name, [info]):
            continue
        if writes_something(file, info):
            yield _hit(file.place(info.code, view.decorator), info.name, permissions)


def _lets_everybody_in(permissions: Permissions) -> bool:
    return permissions.source in ("settings", "default") and permissions.let_anybody_write() is True


def _hit(place: Place, name: str, permissions: Permissions) -> Hit:
    default = (
        "`DEFAULT_PERMISSION_CLASSES` is not set, which means `AllowAny`"
        if permissions.source == "default"
        else "`DEFAULT_PERMISSION_CLASSES` lets everybody in"
    )
    return Hit(
        place,
        f"Anybody can write through `{name}`: it names no permission, and {default}",
        fixes=(Fix("Name the view's `permission_classes`, or set a default in the settings", Safety.MANUAL),),
    )
