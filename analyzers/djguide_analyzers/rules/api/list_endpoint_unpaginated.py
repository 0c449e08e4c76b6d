"""A list route answers with the whole table."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.endpoint_permissions import api_setting
from djguide_analyzers.project.endpoints import Endpoint
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.rest_framework import lineage_of, readable
from djguide_analyzers.project.settings_values import Const, Missing
from djguide_analyzers.rules.api_views import is_abstract, own_endpoints
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.places import name_place

RULE = Rule(
    summary="A list route without pagination answers with the whole table",
    severity=Severity.INFO,
    safety=Safety.MANUAL,
)

_METHODS = ("paginator", "paginate_queryset", "get_paginated_response", "list", "filter_queryset")


def check(file: FileContext) -> Iterator[Hit]:
    for endpoint in own_endpoints(file):
        if not endpoint.is_generic or not endpoint.certain or is_abstract(file.project, endpoint):
            continue
        if not _lists(endpoint) or not _is_unpaginated(file.project, endpoint) or _is_bounded(endpoint):
            continue
        yield Hit(
            name_place(file, endpoint.cls.code, endpoint.cls.node),
            f"`{endpoint.cls.name}` lists every row in one answer: neither it nor `REST_FRAMEWORK` pages it",
            fixes=(
                Fix("Set `pagination_class`, or a default with `PAGE_SIZE` in the settings", Safety.MANUAL),
            ),
        )


def _lists(endpoint: Endpoint) -> bool:
    """Whether the framework's own list action answers."""
    if not all(endpoint.is_default(name) for name in _METHODS if name != "list"):
        return False
    own_list = endpoint.option("list")
    if own_list is None or not endpoint.is_default("list"):
        return False
    return any(a.detail is False and a.function is None and a.methods == ("get",) for a in endpoint.actions)


def _is_unpaginated(project: Project, endpoint: Endpoint) -> bool:
    if not endpoint.is_default("pagination_class"):
        return _pages_nothing(project, endpoint)
    value = api_setting(project, "DEFAULT_PAGINATION_CLASS")
    if value is None:
        return False
    if isinstance(value.only, Missing) or (isinstance(value.only, Const) and value.only.value is None):
        return True
    plain = value.only.value if isinstance(value.only, Const) else None
    if plain != "rest_framework.pagination.PageNumberPagination":
        return False
    size = api_setting(project, "PAGE_SIZE")
    return size is not None and isinstance(size.only, Missing)


def _pages_nothing(project: Project, endpoint: Endpoint) -> bool:
    """Whether the pagination class is the framework's page numbers, without a page size anywhere."""
    written = endpoint.written("pagination_class")
    if written is None or isinstance(written.node, ir.Const):
        return False
    line = lineage_of(project.resolver, written.code, written.node, written.owner)
    if not line or line[0].dotted != "rest_framework.PageNumberPagination" or list(readable(line)):
        return False
    size = api_setting(project, "PAGE_SIZE")
    return size is not None and isinstance(size.only, Missing)


def _is_bounded(endpoint: Endpoint) -> bool:
    """Whether the queryset is cut or emptied on the way."""
    info = endpoint.method("get_queryset")
    if info is None:
        return not endpoint.is_default("get_queryset")
    for node in walk(info.statements):
        if isinstance(node, ir.Slice):
            return True
        if (
            isinstance(node, ir.Call)
            and isinstance(node.func, ir.Attr)
            and node.func.name in ("none", "union")
        ):
            return True
    return False
