"""A list route answers with the whole table."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.endpoint_permissions import api_setting
from djguide_analyzers.project.endpoints import Endpoint, queryset_model, view_model
from djguide_analyzers.project.literals import follow
from djguide_analyzers.project.modules import FunctionInfo
from djguide_analyzers.project.project import Project
from djguide_analyzers.project.rest_framework import lineage_of, readable
from djguide_analyzers.project.settings_values import Const, Missing
from djguide_analyzers.rules.api_views import is_abstract, own_endpoints
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Fix, Safety, Severity
from djguide_analyzers.rules.model_classes import is_name, self_name
from djguide_analyzers.rules.places import name_place

RULE = Rule(
    summary="A list route without pagination answers with the whole table",
    severity=Severity.INFO,
    safety=Safety.MANUAL,
    default=False,
)

_SMALL = frozenset({"auth.Group", "auth.Permission", "contenttypes.ContentType", "sites.Site"})
"""Tables of Django's own that are short in every project."""

_METHODS = ("paginator", "paginate_queryset", "get_paginated_response", "list", "filter_queryset")


def check(file: FileContext) -> Iterator[Hit]:
    for endpoint in own_endpoints(file):
        if not endpoint.is_generic or not endpoint.certain or is_abstract(file.project, endpoint):
            continue
        if (
            not _lists(endpoint)
            or not _is_unpaginated(file.project, endpoint)
            or _is_bounded(file.project, endpoint)
        ):
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


def _is_bounded(project: Project, endpoint: Endpoint) -> bool:
    """Whether the rows are few, those of a parent or of a user, or cannot be told."""
    model = view_model(project, endpoint)
    if model is not None and model.label in _SMALL:
        return True
    info = endpoint.method("get_queryset")
    if info is None:
        return not endpoint.is_default("get_queryset") or not _is_queryset(project, endpoint)
    return any(_narrows(info, node) for node in walk(info.statements))


def _is_queryset(project: Project, endpoint: Endpoint) -> bool:
    """Whether the view's ``queryset`` is one: bases leave it to others, and any list can stand there."""
    written = endpoint.written("queryset")
    if written is None:
        return False
    found = follow(project.resolver, written)
    if found is not None and isinstance(found.node, (ir.Display, ir.Comp, ir.Dict, ir.Const)):
        return False
    return queryset_model(project, written) is not None or (
        found is not None and isinstance(found.node, ir.Call)
    )


def _narrows(info: FunctionInfo, node: ir.Node) -> bool:
    """Whether a part of ``get_queryset()`` cuts the rows, empties them, or asks `self` which ones to take."""
    match node:
        case ir.Slice() | ir.Call(func=ir.Attr(name="none" | "union")):
            return True
        case ir.Call(func=func, args=args, keywords=keywords):
            asked = [func.value] if isinstance(func, ir.Attr) else []
            asked += [*args, *(keyword.value for keyword in keywords)]
            return any(_is_of_self(value, self_name(info)) for value in asked)
    return False


def _is_of_self(value: ir.Expr, own: str | None) -> bool:
    """Whether a value is the view's, or a part of it: not its queryset, nor what a client may send or not."""
    for part in walk(value):
        match part:
            case ir.Attr(value=ir.Attr(value=base, name="request"), name=name) if is_name(base, own):
                if name not in ("GET", "query_params", "data", "method"):
                    return True
            case ir.Attr(value=base, name=name) if is_name(base, own):
                if name not in ("request", "queryset", "action"):
                    return True
    return is_name(value, own)
