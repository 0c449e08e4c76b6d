# type: ignore  (read by the oracle test, not type-checked: it does on purpose what a checker would not)
"""Prints what Django's own registry says of the zoo's models, as JSON. Run by an interpreter that has Django."""

import json
import sys

import django
from django.apps import apps
from django.db.models.fields.related import ForeignObjectRel


def tail(value):
    return getattr(value, "__name__", None)


def base_of(field):
    return next(cls.__name__ for cls in type(field).__mro__ if cls.__module__.split(".")[0] == "django")


def field_row(field):
    return {
        "name": field.name, "attname": field.attname, "column": field.column, "django_base": base_of(field),
        "null": field.null,
        "unique": field.unique, "db_index": field.db_index, "primary_key": field.primary_key,
        "max_length": field.max_length,
    }  # fmt: skip


def kind_of(field):
    return "m2m" if field.many_to_many else "o2o" if field.one_to_one else "fk"


def relation_row(field):
    rel = field.remote_field
    hidden = rel.related_name is not None and rel.related_name.endswith("+")
    row = {
        "name": field.name, "kind": kind_of(field), "target": rel.model._meta.label,
        "accessor": None if hidden else rel.get_accessor_name(), "related_query_name": field.related_query_name(),
        "on_delete": tail(rel.on_delete),
    }  # fmt: skip
    if field.many_to_many:
        row.update(through=rel.through._meta.label, through_auto=bool(rel.through._meta.auto_created))
    return row


def reverse_rows(model):
    for rel in model._meta.get_fields(include_hidden=True):
        if isinstance(rel, ForeignObjectRel) and not (rel.related_name or "").endswith("+"):
            accessor = rel.get_accessor_name()
            if accessor:
                yield [accessor, f"{rel.related_model._meta.label}.{rel.field.name}"]


def index_row(index):
    return {"name": index.name, "fields": [list(pair) for pair in getattr(index, "fields_orders", [])]}


def model_row(model):
    opts = model._meta
    fields = [f for f in opts.fields if f.concrete]
    relations = [f for f in opts.get_fields() if (f.is_relation and not f.auto_created) or f in opts.fields]
    relations = [
        f for f in relations if f.remote_field and hasattr(f, "related_query_name") and not f.one_to_many
    ]
    private = opts.private_fields
    return {
        "label": opts.label, "pk": opts.pk.name, "proxy": opts.proxy, "managed": opts.managed,
        "db_table": opts.db_table, "ordering": [str(item) for item in opts.ordering],
        "get_latest_by": opts.get_latest_by, "swappable": opts.swappable,
        "unique_together": [list(names) for names in opts.unique_together],
        "index_together": [list(names) for names in getattr(opts, "index_together", ())],
        "parents": {parent._meta.label: link.name for parent, link in opts.parents.items() if link},
        "fields": sorted((field_row(f) for f in fields), key=lambda row: row["name"]),
        "relations": sorted((relation_row(f) for f in relations), key=lambda row: row["name"]),
        "generic_foreign_keys": sorted(f.name for f in private if not f.one_to_many),
        "generic_relations": sorted([f.name, f.remote_field.model._meta.label] for f in private if f.one_to_many),
        "reverse": sorted(reverse_rows(model)),
        "managers": [m.name for m in opts.managers],
        "default_manager": opts.default_manager.name,
        "base_manager": opts.base_manager_name,
        "indexes": [index_row(i) for i in opts.indexes],
        "constraints": [{"name": c.name, "fields": list(getattr(c, "fields", ()))} for c in opts.constraints],
    }  # fmt: skip


def through_row(model):
    opts = model._meta
    return {
        **model_row(model), "auto_created": opts.auto_created._meta.label,
        "targets": {f.name: [f.remote_field.model._meta.label, f.remote_field.related_name] for f in opts.fields
                    if f.is_relation},
    }  # fmt: skip


def main():
    django.setup()
    everything = apps.get_models(include_auto_created=True)
    through = {m._meta.label: through_row(m) for m in everything if m._meta.auto_created}
    models = {model._meta.label: model_row(model) for model in apps.get_models()}
    sys.stdout.write(json.dumps({"models": models, "through": through}))


if __name__ == "__main__":
    main()
