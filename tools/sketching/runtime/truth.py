"""``python -m sketching.runtime.truth SETTINGS OUT``: what Django says of the models of this folder's project."""

from __future__ import annotations

import inspect
import json
import os
import sys
from pathlib import Path
from typing import Any

import django
from django.apps import apps


def field_row(field: Any) -> dict[str, Any]:
    base = next(cls.__name__ for cls in type(field).__mro__ if cls.__module__.partition(".")[0] == "django")
    return {
        "name": field.name, "class": f"{type(field).__module__}.{type(field).__qualname__}", "django_base": base,
        "null": field.null, "unique": field.unique, "db_index": field.db_index, "primary_key": field.primary_key,
        "max_length": field.max_length,
    }  # fmt: skip


def relation_row(field: Any) -> dict[str, Any]:
    rel = field.remote_field
    hidden = bool(rel.related_name) and rel.related_name.endswith("+")
    return {
        "name": field.name,
        "kind": "m2m" if field.many_to_many else "o2o" if field.one_to_one else "fk",
        "target": getattr(getattr(rel.model, "_meta", None), "label", None),
        "hidden": hidden,
        "accessor": None if hidden else rel.get_accessor_name(),
        "related_query_name": field.related_query_name(),
        "on_delete": _name(getattr(rel, "on_delete", None)),
    }


def _name(on_delete: Any) -> str | None:
    """Name of an ``on_delete`` function, taken out of the object that some packages wrap it in."""
    return getattr(getattr(on_delete, "action", on_delete), "__name__", None)


def model_row(model: Any) -> dict[str, Any]:
    opts = model._meta
    related = [
        field
        for field in opts.get_fields()
        if field.is_relation and field.concrete | field.many_to_many and hasattr(field, "related_query_name")
        and (not field.auto_created or field in opts.fields) and not field.one_to_many
    ]  # fmt: skip
    return {
        "label": opts.label, "pk": opts.pk.name, "proxy": opts.proxy, "managed": opts.managed,
        "db_table": opts.db_table,
        "ordering": [item if isinstance(item, str) else repr(item) for item in opts.ordering],
        "unique_together": [list(names) for names in opts.unique_together],
        "fields": [field_row(field) for field in opts.fields if field.concrete],
        "relations": [relation_row(field) for field in related],
        "reverse_relations": list(_reverse(opts)),
        "managers": [{"name": manager.name} for manager in opts.managers],
        "indexes": [{"fields": [list(row) for row in getattr(item, "fields_orders", ())]} for item in opts.indexes],
    }  # fmt: skip


def _reverse(opts: Any) -> Any:
    for rel in opts.related_objects:
        accessor = rel.get_accessor_name()
        if accessor and not (rel.related_name or "").endswith("+"):
            yield {
                "accessor": accessor, "hidden": False, "source_model": rel.related_model._meta.label,
                "source_field": rel.field.name,
            }  # fmt: skip


def is_own(model: Any, root: Path) -> bool:
    """Whether the model's source lies below `root`, as that of no package does."""
    module = sys.modules.get(model.__module__)
    file = getattr(module, "__file__", None)
    return file is not None and Path(inspect.getfile(module)).resolve().is_relative_to(root)  # type: ignore[arg-type]


def main() -> None:
    root = Path.cwd().resolve()
    sys.path.insert(0, str(root))
    os.environ["DJANGO_SETTINGS_MODULE"] = sys.argv[1]
    django.setup()
    rows = [
        model_row(model)
        for model in apps.get_models(include_auto_created=True)
        if is_own(model, root) and not model._meta.auto_created
    ]
    Path(sys.argv[2]).write_text(json.dumps({"models": rows}, indent=1), "utf-8")


if __name__ == "__main__":
    main()
