"""The graph as the JSON document of ``djguide models --format json``."""

from __future__ import annotations

import posixpath
from typing import Any

from djguide_analyzers.project.graph import Field, ManagerInfo, Model, ModelGraph, Reverse


def models_document(graph: ModelGraph, project_root: str) -> dict[str, Any]:
    """The document; paths are relative to `project_root` (an absolute POSIX path)."""
    root = project_root.rstrip("/") + "/"
    return {
        "version": 1,
        "auth_user_model": graph.auth_user or None,
        "models": [_model(model, root) for model in graph if model.installed and not model.auto_created],
        "unknown": [
            {"subject": u.subject, "reason": u.reason, "file": _relative(u.path, root), "line": u.line}
            for u in graph.unknown
        ],
    }


def _model(model: Model, root: str) -> dict[str, Any]:
    fields = list(model.fields.values())
    return {
        "label": model.label,
        "name": model.name,
        "app_label": model.app_label,
        "project": model.cls.module.path.startswith(root) and model.cls.module.origin == "project",
        "file": _relative(model.cls.module.path, root),
        "line": _line(model.cls.code, model.cls.node),
        "bases": model.bases,
        "parents": model.parents,
        "proxy": model.proxy,
        "proxy_for": model.proxy_for,
        "managed": model.managed,
        "swappable": model.swappable,
        "db_table": model.db_table,
        "pk": model.pk,
        "ordering": model.ordering,
        "get_latest_by": model.get_latest_by,
        "unique_together": model.unique_together,
        "index_together": model.index_together,
        "default_manager": model.default_manager,
        "base_manager": model.base_manager,
        "complete": model.complete,
        "certain": model.certain,
        "uncertain": sorted(model.doubts),
        "fields": [_field(field) for field in fields if field.kind in ("column", "fk", "o2o")],
        "relations": [_relation(field) for field in fields if field.kind in ("fk", "o2o", "m2m")],
        "generic_foreign_keys": [_generic_key(field) for field in fields if field.kind == "gfk"],
        "generic_relations": [_generic_relation(field) for field in fields if field.kind == "generic"],
        "reverse": [_reverse(row) for row in [*model.reverse.values(), *model.generic_reverse]],
        "managers": [_manager(manager) for manager in model.managers.values()],
        "indexes": model.indexes,
        "constraints": model.constraints,
    }


def _field(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "attname": field.attname,
        "column": field.column,
        "class": field.class_name,
        "django_base": field.django_base,
        "null": field.null,
        "unique": field.unique,
        "db_index": field.db_index,
        "primary_key": field.primary_key,
        "max_length": field.max_length,
        "local": field.local,
        "relation": field.kind != "column",
        "line": _line(field.code, field.node),
        "certain": field.certain,
        "uncertain": sorted(field.doubts),
    }


def _relation(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "kind": field.kind,
        "class": field.class_name,
        "target": field.target,
        "related_name": field.related_name,
        "accessor": field.accessor,
        "hidden": field.accessor is None,
        "related_query_name": field.related_query_name,
        "on_delete": field.on_delete,
        "to_field": field.to_field,
        "through": field.through,
        "through_auto": field.through_auto,
        "symmetrical": field.symmetrical,
        "parent_link": field.parent_link,
        "null": field.null,
        "local": field.local,
        "line": _line(field.code, field.node),
        "certain": field.certain,
        "uncertain": sorted(field.doubts),
    }


def _generic_key(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "kind": "gfk",
        "class": field.class_name,
        "line": _line(field.code, field.node),
        "certain": field.certain,
    }


def _generic_relation(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "kind": "generic",
        "class": field.class_name,
        "target": field.target,
        "related_query_name": field.related_query_name,
        "line": _line(field.code, field.node),
        "certain": field.certain,
    }


def _reverse(reverse: Reverse) -> dict[str, Any]:
    return {
        "accessor": reverse.accessor,
        "source": f"{reverse.model}.{reverse.source.name}",
        "kind": reverse.kind,
        "query_name": reverse.query_name,
        "certain": reverse.certain,
    }


def _manager(manager: ManagerInfo) -> dict[str, Any]:
    return {
        "name": manager.name,
        "class": manager.class_name,
        "queryset_class": manager.queryset_cls.dotted if manager.queryset_cls is not None else None,
        "certain": manager.certain,
    }


def _line(code: Any, node: Any) -> int | None:
    """One-based line of a node; None for what no line declares."""
    if code is None or node is None or not code.chunk.spans:
        return None
    return code.range(node).start.line + 1


def _relative(path: str | None, root: str) -> str | None:
    if path is None:
        return None
    if path.startswith(root):
        return path[len(root) :]
    parts = path.split("/")
    if "site-packages" in parts:
        return posixpath.join("site-packages", *parts[parts.index("site-packages") + 1 :])
    return path
