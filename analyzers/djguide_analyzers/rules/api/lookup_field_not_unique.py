"""The detail route looks rows up by a column that several may share."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.endpoints import Endpoint, queryset_model, view_model
from djguide_analyzers.project.literals import Written
from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.api_views import own_endpoints
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.finding import Severity
from djguide_analyzers.rules.paths import is_unique

RULE = Rule(
    summary="`lookup_field` is not unique",
    severity=Severity.WARNING,
)


def check(file: FileContext) -> Iterator[Hit]:
    for endpoint in own_endpoints(file):
        written = endpoint.written("lookup_field")
        if written is None or written.owner is not endpoint.cls or not isinstance(written.node, ir.Const):
            continue
        if not endpoint.is_generic or not _looks_up(endpoint) or _is_narrowed(file.project, endpoint):
            continue
        model = view_model(file.project, endpoint)
        path = str(written.node.value)
        if model is not None and is_unique(file.project, model, path) is False:
            yield Hit(
                file.place(written.code, written.node),
                f"Several `{model.name}` rows may have the same `{path}`: the detail route then fails with "
                "MultipleObjectsReturned for each of them",
            )


def _looks_up(endpoint: Endpoint) -> bool:
    """Whether the framework's ``get_object`` fetches rows."""
    if not endpoint.is_default("get_object") or not endpoint.is_default("filter_queryset"):
        return False
    return any(action.detail for action in endpoint.actions)


def _is_narrowed(project: Project, endpoint: Endpoint) -> bool:
    """Whether the rows are a part of the table, in which the column may be unique."""
    if not endpoint.is_default("get_queryset"):
        return True
    written = endpoint.written("queryset")
    node = written.node if written is not None else None
    while isinstance(node, ir.Call) and isinstance(node.func, ir.Attr):
        if node.func.name in ("filter", "exclude", "distinct", "none"):
            return True
        node = node.func.value
    return (
        written is not None
        and queryset_model(project, Written(written.node, written.code, written.owner)) is None
    )
