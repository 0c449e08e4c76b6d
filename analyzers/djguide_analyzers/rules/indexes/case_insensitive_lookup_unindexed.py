"""A lookup that ignores case cannot use the column's index."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext, Scope
from djguide_analyzers.rules.finding import Fix, Place, Related, Safety, Severity
from djguide_analyzers.rules.lookups import FILTERS, follow, lookups
from djguide_analyzers.rules.queryset_calls import queryset_calls
from djguide_analyzers.rules.table_indexes import is_certain, table_indexes

RULE = Rule(
    summary="`__iexact` on an indexed column, whose index PostgreSQL cannot use for it",
    severity=Severity.INFO,
    safety=Safety.MANUAL,
    default=False,
)

_ENGINES = ("postgresql", "postgresql_psycopg2", "postgis")
_TEXT = frozenset({"CharField", "EmailField", "SlugField", "URLField", "TextField"})


def check_scope(file: FileContext, scope: Scope) -> Iterator[Hit]:
    if file.is_test or not _is_postgres(file):
        return
    graph = file.project.graph
    for call in queryset_calls(scope, *FILTERS):
        model = graph.get(call.model)
        if model is None or call.name == "exclude" or call.receiver.related is not None:
            continue
        for keyword in lookups(call.node):
            path = follow(graph, model, keyword.name or "")
            if path.rest != ("iexact",) or path.field is None or path.model is None:
                continue
            if _has_plain_index_only(file, path.model, path.field):
                yield _hit(file, file.place(call.code, keyword), path.model, path.field)


def _is_postgres(file: FileContext) -> bool:
    database = file.project.settings.databases().get("default")
    engine = database.item("ENGINE").likely if database is not None else None
    return isinstance(engine, str) and engine.rpartition(".")[2] in _ENGINES


def _has_plain_index_only(file: FileContext, model: Model, field: Field) -> bool:
    if field.django_base not in _TEXT or "citext" in field.class_name or field.class_name.endswith("CIField"):
        return False
    if field.call is None or field.call.keyword("db_collation") is not None:
        return False
    if not field.local or not is_certain(file.project, model):
        return False
    if any(entry["expressions"] for entry in (*model.indexes, *model.constraints)):
        return False
    own = [
        index for index in table_indexes(file.project, model) if index.names and index.names[0] == field.name
    ]
    return bool(own) and all(index.cls == "btree" for index in own)


def _hit(file: FileContext, place: Place, model: Model, field: Field) -> Hit:
    related = ()
    if field.code is not None and field.node is not None and field.code.module.origin == "project":
        related = (Related(f"`{field.name}` is declared here", file.place(field.code, field.node)),)
    return Hit(
        place,
        f"`{field.name}__iexact` compares UPPER({field.name}), which the index on `{field.name}` does not hold: "
        f"PostgreSQL reads all rows of {model.name}",
        related=related,
        fixes=(
            Fix(
                f'Add Index(Upper("{field.name}"), name="...") to `Meta.indexes`, or a case-insensitive collation',
                Safety.MANUAL,
            ),
        ),
        data={"model": model.label, "relation": field.name},
    )
